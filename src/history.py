"""Show this checkout's runs and each commit's metrics, newest first: python -m src.history."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from src.config import configuration, paths
from src.evaluation import metrics
from src.runs import folders, given
from src.support import git, text_tables
from src.support.cli import guarded, key_values
from src.support.errors import unknown

FILTERS = ("dataset", "model", "source")
LIMIT = 50


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.history",
        description="Show every run of this checkout and every commit's metrics, newest first.",
    )
    parser.add_argument("filters", nargs="*", metavar="key=value", help=", ".join(FILTERS))
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument("--limit", type=int, default=LIMIT, help="rows of the table; 0 is all")
    arguments = parser.parse_args()
    guarded(lambda: show(arguments.filters, as_json=arguments.json, limit=arguments.limit))


def show(filters: list[str], *, as_json: bool, limit: int) -> None:
    """Print the entries that match the filters, as a table or as JSON."""
    configuration.find_root()
    wanted = _filters(filters)
    entries = [
        entry
        for entry in [*_of_runs(), *_of_commits()]
        if all(entry[key] == value for key, value in wanted.items())
    ]
    entries.sort(key=lambda entry: entry["time"], reverse=True)
    if as_json:
        print(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    if not entries:
        none = "Nothing passes these filters." if wanted else "Nothing yet."
        print(f"{none} Make the first: python -m src.train, or dvc repro")
        return
    shown = entries[:limit] if limit > 0 else entries
    _show(shown)
    if len(shown) < len(entries):
        print(f"{len(entries) - len(shown)} older ones are left out; --limit 0 shows all")


def _filters(words: list[str]) -> dict[str, str]:
    wanted = key_values(words, FILTERS, "filter")
    if wanted.get("dataset", "") not in ["", *configuration.choices("dataset")]:
        raise unknown("dataset", wanted["dataset"], configuration.choices("dataset"))
    return wanted


def _of_runs() -> Iterator[dict[str, Any]]:
    """Yield an entry for each training; stopped ones have no metrics."""
    for run in folders.every():
        try:
            yield _of_run(run)
        except (OSError, ValueError, KeyError, TypeError):
            print(f"{run.path} is damaged and left out", file=sys.stderr)


def _of_run(run: folders.Run) -> dict[str, Any]:
    request = run.request()
    manifest = run.manifest() if run.is_done else {}
    return {
        "time": request["started"],
        "dataset": request["config"]["dataset"]["name"],
        "model": request["config"]["model"]["name"],
        "source": "pipeline" if request["run"] else "run",
        "state": "done" if run.is_done else "stopped",
        "given": given.differing(request, manifest),
        "metrics": manifest.get("metrics"),
        "commit": (manifest.get("git") or {}).get("commit"),
        "place": str(run.path),
    }


def _of_commits() -> Iterator[dict[str, Any]]:
    """Yield an entry for each metrics file that a commit changed."""
    log = git.ask(
        "log",
        "--format=%x00%H %ct",
        "--relative",
        "--name-only",
        "--diff-filter=AM",
        "--",
        ":(glob)metrics/*/*.json",
    )
    wanted = []
    for block in (log or "").split("\0")[1:]:
        head, *names = block.split("\n")
        commit, seconds = head.split()
        wanted += [(commit, int(seconds), name) for name in names if name]
    contents = _contents(f"{commit}:./{name}" for commit, _, name in wanted)
    for (commit, when, name), content in zip(wanted, contents, strict=True):
        _, dataset, file = name.split("/")
        values = _json(content)
        if file == paths.quality(dataset).name or values is None:
            continue
        yield {
            "time": datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds"),
            "dataset": dataset,
            "model": file.removesuffix(".json"),
            "source": "commit",
            "state": "done",
            "given": {},
            "metrics": values,
            "commit": commit,
            "place": name,
        }


def _json(text: str) -> dict[str, Any] | None:
    """Parse a metrics file; None if a commit left it half merged."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _contents(names: Iterable[str]) -> list[str]:
    """Return the contents of git objects with a single call of git."""
    lines = "".join(f"{name}\n" for name in names)
    if not lines:
        return []
    done = subprocess.run(
        ["git", "cat-file", "--batch"], input=lines.encode(), capture_output=True, check=True
    )
    contents, rest = [], done.stdout
    while rest:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[-1])
        contents.append(rest[:size].decode())
        rest = rest[size + 1 :]
    return contents


def _show(entries: list[dict[str, Any]]) -> None:
    """Print one table: all metrics of a single dataset, else each dataset's own metric."""
    names: dict[str, None] = {}
    if len({entry["dataset"] for entry in entries}) == 1:
        names = {name: None for entry in entries for name in metrics.shown(_test(entry))}
    rows = []
    for entry in entries:
        judged: dict[str, Any] = (entry["metrics"] or {}).get("cv") or {}
        metric = next(iter(judged), "")
        rows.append(
            [
                entry["time"][:19].replace("T", " "),
                entry["dataset"],
                entry["model"],
                entry["source"],
                entry["state"],
                metric or None,
                judged.get(metric, {}).get("mean"),
                *([] if names else [_test(entry).get(metric)]),
                *(_test(entry).get(name) for name in names),
                (entry["metrics"] or {}).get("seconds"),
                (entry["commit"] or "")[:7],
                entry["place"],
                given.words(entry["given"]),
            ]
        )
    first = ["time (UTC)", "dataset", "model", "source", "state", "metric", "cv"]
    text_tables.show(
        "", [*first, *(names or ["test"]), "seconds", "commit", "place", "given"], rows
    )


def _test(entry: dict[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = (entry["metrics"] or {}).get("test") or {}
    return figures


if __name__ == "__main__":
    main()
