"""Take the pictures of the README from the sample data: make pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.support.browser import browser, service
from src.support.cli import guarded

FOLDER = Path("docs/pictures")
WIDTH, HEIGHT = 1280, 960
STONE = {"carat": "1.01", "x": "6.4", "y": "6.43", "z": "3.97"}  # one of a usual size


def main() -> None:
    """Run the command line."""
    guarded(take)


def take() -> None:
    """Open three pages and write what they look like."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with service() as url, browser() as chromium:
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{url}/datasets/diamonds")
        _shoot(page, "explore")
        page.goto(f"{url}/datasets/diamonds/predict")
        page.get_by_role("button", name="Fill in an example").click()
        for name, value in STONE.items():
            page.locator(f"[data-name={name}]").fill(value)
        page.get_by_role("button", name="Predict", exact=True).click()
        page.wait_for_selector("#receipt .chart[data-drawn=true]")
        _shoot(page, "predict")
        page.goto(f"{url}/datasets/diamonds/history/7/2")
        _shoot(page, "compare")


def _shoot(page: Any, name: str) -> None:
    page.wait_for_timeout(5000)  # charts within sight are drawn, what was said is gone
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"wrote {FOLDER / name}.png")


if __name__ == "__main__":
    main()
