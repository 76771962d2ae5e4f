"""How soon a page of the dashboard shows something, and what it weighs.

    python -m benchmarks.pages [rounds]

Each page is opened in a browser that has seen nothing before, and again in one that has.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from benchmarks.support import tables
from benchmarks.support.bars import Bar, show
from benchmarks.support.browser import browser, service
from src.support.cli import guarded

PAGES = (
    "/",
    *(f"/datasets/{name}" for name in ("diamonds", "payments", "resumes")),
    "/datasets/diamonds/predict",
    "/datasets/resumes/predict",
    "/datasets/diamonds/train",
    "/datasets/diamonds/history",
    "/datasets/diamonds/labels",
    "/requests",
)
SOONEST, HEAVIEST = 500, 1.5  # milliseconds, MB
FIGURES = """() => {
  const all = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {paint: paint.startTime, bytes: all.reduce((sum, one) => sum + one.transferSize, 0)};
}"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.rounds))


def run(rounds: int) -> None:
    """Print a line for each page, and the bars."""
    found: dict[str, list[list[dict[str, Any]]]] = {path: [] for path in PAGES}
    with service() as url, browser() as chromium:
        for _ in range(rounds):
            for path in PAGES:
                context = chromium.new_context(viewport={"width": 1280, "height": 900})
                page = context.new_page()
                found[path].append([_open(page, url + path), _open(page, url + path)])
                context.close()
    rows, paints, weights = [], [], []
    for path, visits in found.items():
        first, again = (list(one) for one in zip(*visits, strict=True))
        paint = statistics.median(one["paint"] for one in first)
        bytes_ = [max(one["bytes"] for one in some) / 1e6 for some in (first, again)]
        rows.append([path, f"{paint:.0f}", f"{bytes_[0]:.3f}", f"{bytes_[1]:.3f}"])
        paints.append(paint)
        weights.append(bytes_[0])
    tables.show(
        f"pages, median of {rounds}", ["page", "first paint, ms", "first, MB", "again, MB"], rows
    )
    slow = Bar("slowest first contentful paint, ms", max(paints), SOONEST, is_least=False)
    heavy = Bar("heaviest page, nothing cached, MB", max(weights), HEAVIEST, is_least=False)
    show("their bars", [slow, heavy])


def _open(page: Any, url: str) -> dict[str, Any]:
    page.goto(url, wait_until="networkidle")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    figures: dict[str, Any] = page.evaluate(FIGURES)
    return figures


if __name__ == "__main__":
    main()
