"""What describing a table of 100 MB takes: python -m benchmarks.describe [megabytes].

Two tables are made in a folder of their own, each of about so many bytes:

numbers   the rows of data/diamonds.csv, each moved a little, so that no two are equal
mixed     ids, a group, dates, amounts with a currency, percentages, categories of 3 to 4,000
          values, a sentence in each row, numbers, of which some are missing

Each is described by `python -m src.describe` and prepared by its YAML without an edit; printed are
the seconds of CPU (user and system) and the memory that the process held at most.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks import memory
from benchmarks.support import tables
from src.support.cli import guarded
from src.support.errors import UserError

CODE = ("conf", "params.yaml", "src")
MOST = 10.0  # seconds of CPU to describe 100 MB
TARGETS = {"numbers": "price", "mixed": "returned"}
WORDS = ["good", "bad", "late", "early", "delivery", "broken", "customer", "happy", "parcel"]
PREPARE = (
    "import sys, yaml; from pathlib import Path; from src.data import prepared; "
    "from src.data.schema import Dataset; from src.support.structs import convert; "
    "values = yaml.safe_load(Path(sys.argv[1]).read_text()) | {'source': sys.argv[2]}; "
    "prepared.prepare(convert(values, Dataset, 'dataset'), 42, 5)"
)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.describe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("megabytes", nargs="?", type=int, default=100)
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.megabytes))


def run(megabytes: int) -> None:
    """Print a line for each table."""
    if not memory.SOURCE.is_file():
        raise UserError("There are no rows to draw from.", given=memory.SOURCE, fix="make run")
    cells = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in CODE:
            _copied(Path(part), folder)
        for table, target in TARGETS.items():
            source = folder / f"{table}.csv"
            _write(table, source, megabytes)
            described = _measured(
                folder, ["-m", "src.describe", f"source={source}", f"target={target}"]
            )
            path = folder / "conf/dataset" / f"{table}.yaml"
            prepared = _measured(folder, ["-c", PREPARE, str(path), str(source)])
            kinds = len(yaml.safe_load(path.read_text())["features"])
            size = source.stat().st_size / 1e6
            cells.append([table, f"{size:.0f}", f"{kinds}", *described, *prepared])
    head = ["table", "MB", "features", "describe, CPU s", "peak, MB", "prepare, CPU s", "peak, MB"]
    tables.show(f"a first description; at most {MOST:g} s for 100 MB", head, cells)


def _copied(part: Path, folder: Path) -> None:
    if part.name == "conf":  # descriptions are written there
        (folder / part).mkdir()
        for one in part.iterdir():
            if one.name != "dataset":
                (folder / part / one.name).symlink_to(one.resolve())
        (folder / part / "dataset").mkdir()
        return
    (folder / part).symlink_to(part.resolve())


def _write(table: str, path: Path, megabytes: int) -> None:
    make = memory.drawn if table == "numbers" else mixed
    sample = len(make(5000).to_csv(index=False)) / 5000
    make(int(megabytes * 1e6 / sample)).to_csv(path, index=False)


def mixed(rows: int) -> pd.DataFrame:
    """Return so many orders of a made-up shop, the same ones every time."""
    draw = np.random.default_rng(0)
    start = np.datetime64("2019-01-01")
    at = pd.Series(start + draw.integers(0, 2000 * 86400, rows).astype("timedelta64[s]"))
    frame = pd.DataFrame(
        {
            "order_id": draw.permutation(rows) + 10**7,
            "customer_id": draw.integers(1, max(2, rows // 7), rows),
            "ordered": at.dt.strftime("%Y-%m-%d"),
            "shipped at": at.dt.strftime("%d.%m.%Y %H:%M"),
            "country": draw.choice(["DE", "FR", "NL", "NA", "IT", "ES"], rows),
            "city": [f"city {place}" for place in draw.integers(0, 4000, rows)],
            "channel": draw.choice(["web", "shop", "phone"], rows),
            "amount": [f"${one:,.2f}" for one in draw.gamma(2, 800, rows)],
            "discount": [f"{one}%" for one in draw.integers(0, 60, rows)],
            "weight (kg)": draw.gamma(2, 3, rows).round(3),
            "express": draw.choice(["yes", "no"], rows),
            "rating": draw.choice(["low", "medium", "high"], rows),
            "comment": [" ".join(words) for words in draw.choice(WORDS, (rows, 12))],
        }
    )
    for at_place in range(8):
        frame[f"measure {at_place}"] = draw.normal(0, 10 ** (at_place % 4), rows).round(3)
    frame.loc[draw.random(rows) < 0.1, "weight (kg)"] = np.nan
    odds = draw.normal(0, 1, rows) + 0.8 * (frame["express"] == "yes")
    return frame.assign(returned=np.where(odds > 1, "yes", "no"))


def _measured(folder: Path, words: list[str]) -> list[str]:
    """Run Python; return the seconds of CPU and the megabytes that it held at most."""
    process = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise UserError("A command failed.", given=" ".join(words[:2]))
    return [f"{usage.ru_utime + usage.ru_stime:.1f}", f"{usage.ru_maxrss / 1024:.0f}"]


if __name__ == "__main__":
    main()
