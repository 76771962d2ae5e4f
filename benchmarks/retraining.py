"""How long it takes from a push of fresh rows to the report: no step by hand.

    python -m benchmarks.retraining [rows]

A checkout of HEAD with what `make run` made is pushed, with its data, to a repository and a remote
in a temporary folder. Then fresh rows are pushed, and a clone that has nothing does what the
workflow does. The packages are those of this environment: installing them is not timed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.bars import Bar, show
from src.config import configuration, paths
from src.retrain import VALUES
from src.support import processes
from src.support.cli import guarded
from src.support.errors import UserError
from src.support.processes import DVC

LONGEST = 300.0  # seconds
ROWS = 2000
WHO = {
    f"GIT_{who}_{key}": value
    for who in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "benchmark"), ("EMAIL", "benchmark@example.com"))
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.retraining",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.rows))


def run(rows: int) -> None:
    """Print the seconds of each step, and the bar."""
    configuration.find_root()
    if not paths.BUNDLES.is_dir():
        raise UserError("Nothing is trained here yet.", fix="make run")
    os.environ.update(WHO)
    with tempfile.TemporaryDirectory(prefix="lapidary-event-") as folder:
        home = _pushed(Path(folder))
        _push_fresh(home, rows)
        start = time.perf_counter()
        processes.output("git", "clone", "--quiet", f"{folder}/origin.git", f"{folder}/runner")
        subprocess.run(
            [sys.executable, "-m", "src.retrain", "--commit"],
            cwd=f"{folder}/runner",
            stdout=sys.stderr,
            check=False,
        )
        taken = time.perf_counter() - start
        verdict = json.loads((Path(folder) / "runner" / VALUES).read_text())["verdict"]
    print(f"{rows} fresh rows of {configuration.read_params().dataset}: {verdict}")
    words = "from the clone to the report and its commit, seconds"
    show("", [Bar(words, taken, LONGEST, is_least=False)])


def _pushed(folder: Path) -> Path:
    """Push this project, with what it has trained, to places of its own."""
    home = folder / "home"
    processes.output("git", "clone", "--quiet", ".", str(home))
    shutil.copytree(".dvc/cache", home / ".dvc/cache")
    processes.output("git", "init", "--quiet", "--bare", f"{folder}/origin.git")
    _in(home, "git", "remote", "set-url", "origin", f"{folder}/origin.git")
    _in(home, *DVC, "remote", "add", "--quiet", "--default", "storage", f"{folder}/storage")
    _in(home, *DVC, "checkout", "--quiet")
    _in(home, "git", "commit", "--quiet", "--all", "--message", "build: a remote")
    _in(home, *DVC, "push", "--quiet")
    return home


def _push_fresh(home: Path, rows: int) -> None:
    """Push rows as they come: drawn from those there are, with another number in one column."""
    params = configuration.read_params()
    conf = configuration.read_yaml(configuration.CONF / "dataset" / f"{params.dataset}.yaml")
    number = next(name for name, one in conf["features"].items() if one["type"] == "number")
    with (paths.DATA / f"{params.dataset}.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names, every = list(reader.fieldnames or ()), list(reader)
    draw = random.Random(params.seed)
    fresh = home / "fresh.csv"
    with fresh.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for row in draw.sample(every, rows):
            writer.writerow({**row, number: f"{float(row[number]) * draw.uniform(1, 1.02):.4f}"})
    words = (f"dataset={params.dataset}", f"source={fresh}")
    _in(home, sys.executable, "-m", "src.ingest", *words)
    _in(home, "git", "commit", "--quiet", "--message", "data: fresh rows", "--", "data.dvc")
    _in(home, *DVC, "push", "--quiet")
    _in(home, "git", "push", "--quiet", "origin", "HEAD:main")
    _in(home.parent / "origin.git", "git", "symbolic-ref", "HEAD", "refs/heads/main")


def _in(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"`{' '.join(command[:4])}` failed.", given=done.stderr.strip()[-500:])


if __name__ == "__main__":
    main()
