"""The notebook runs, says what its committed copy says, and is fit for git."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("ipykernel", "jupytext", "nbclient", "PIL", "plotnine")
MOST_BYTES = 400_000
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")

missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if missing and os.environ.get("CI") != "true":
    pytest.skip(f"not installed: {', '.join(missing)}", allow_module_level=True)

from notebooks import execute  # noqa: E402 - it needs what was looked for

SOURCES = [path for path in (ROOT / "notebooks").glob("*.py") if execute.is_notebook(path)]
notebooks = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def written(source: Path) -> dict[str, Any]:
    return json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def told(notebook: dict[str, Any]) -> list[str]:
    """Return what the outputs say: their Markdown, and a word for each picture."""
    return [
        "picture" if execute.PNG in output["data"] else "".join(output["data"]["text/markdown"])
        for output in outputs(notebook)
    ]


def agree(one: str, other: str) -> bool:
    """Compare numbers as they are written: another processor may change the last digit or two."""
    found, expected = (float(text.replace(",", "")) for text in (one, other))
    digit = 10.0 ** -max(len(text.partition(".")[2]) for text in (one, other))
    return abs(found - expected) <= max(2.1 * digit, 0.02 * abs(expected))


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=project, capture_output=True, text=True, check=False
    )


def copy(project: Path) -> None:
    """Fill a project with what the notebook needs, and with sample data; without its outputs."""
    for name in ("conf", "metrics", "notebooks", "src"):
        shutil.copytree(ROOT / name, project / name)
    shutil.copy(ROOT / "params.yaml", project)
    made = run(project, "src.samples", "diamonds.csv")
    assert made.returncode == 0, made.stderr
    (project / "notebooks/diamonds.ipynb").unlink()


@notebooks
def test_the_notebook_is_its_source_run(source: Path) -> None:
    cells = written(source)["cells"]
    expected = execute.read(source).cells
    assert [(cell["id"], cell["cell_type"]) for cell in cells] == [
        (cell.id, cell.cell_type) for cell in expected
    ]
    assert ["".join(cell["source"]) for cell in cells] == [cell.source for cell in expected]
    ran = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert ran == list(range(1, len(ran) + 1))


@notebooks
def test_the_notebook_is_fit_for_git(source: Path) -> None:
    notebook = written(source)
    assert source.with_suffix(".ipynb").stat().st_size < MOST_BYTES
    assert notebook["metadata"] == execute.METADATA
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    for output in outputs(notebook):  # no errors, no warnings, no charts that need scripts
        assert output["output_type"] in ("display_data", "execute_result")
        assert set(output["data"]) <= {execute.PNG, "text/markdown", "text/plain"}
    said = "\n".join(told(notebook))
    assert not re.search(r"(^|[\s\"'(])/(home|root|tmp|work|Users)/", said)
    assert not re.search(r"\bnan\b|\binf\b", said)


def test_a_copy_is_linted_as_the_notebook_is() -> None:
    """The how-to says to copy it: the rules that spare it spare the copy."""
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    spared = {
        name: {
            rule
            for pattern, rules in ruff["lint"]["per-file-ignores"].items()
            if fnmatch(f"notebooks/{name}.py", pattern)
            for rule in rules
        }
        for name in ("diamonds", "payments")
    }
    assert spared["payments"] == spared["diamonds"] >= {"D100", "E402"}


@pytest.mark.slow
def test_run_anew_the_notebook_says_the_same(tmp_path: Path) -> None:
    copy(tmp_path)
    rows = (tmp_path / "data/diamonds.csv").read_bytes().count(b"\n") - 1
    if json.loads((ROOT / "metrics/diamonds/quality.json").read_text())["rows"] != rows:
        pytest.skip("the committed metrics are of other data than the sample")
    done = run(tmp_path, "notebooks.execute", "diamonds")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    fresh = told(written(tmp_path / "notebooks/diamonds.py"))
    committed = told(written(ROOT / "notebooks/diamonds.py"))
    for one, other in zip_longest(fresh, committed, fillvalue=""):
        assert NUMBER.sub("#", one) == NUMBER.sub("#", other)
        for pair in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True):
            assert agree(*pair), f"{pair} in:\n{one}\nmake notebook writes it anew"


@pytest.mark.slow
def test_the_notebook_runs_on_another_file_of_the_same_columns(tmp_path: Path) -> None:
    """Few rows, none of one grade, no twins, prices that nobody paid, a size nobody measured."""
    copy(tmp_path)
    path = tmp_path / "data/diamonds.csv"
    rows = pd.read_csv(path, dtype=str).drop_duplicates(["carat", "x", "y", "z"])
    rows = rows[rows["clarity"] != "IF"].sample(2500, random_state=1)
    rows.loc[rows.index[:10], "price"] = "-1"
    rows.loc[rows.index[10], ["x", "y", "z"]] = "0"
    rows.to_csv(path, index=False)
    done = run(tmp_path, "notebooks.execute", "diamonds")
    assert done.returncode == 0, done.stderr
    said = told(written(tmp_path / "notebooks/diamonds.py"))
    assert said[0].startswith("**For a jeweller.**"), "what it came to stands first"
    assert "computed below" not in said[0]
    whole = "\n".join(said)
    assert "10 for a price of zero or less" in whole
    assert re.search(r"[1-9] for a length, width or height of zero", whole)
    assert "The committed figures are of other rows" in whole
    assert "No two stones here are equal in every feature" in whole
    assert not re.search(r"\bnan\b|\binf\b", whole)


@pytest.mark.slow
def test_a_cell_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    (tmp_path / "conf").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "params.yaml").touch()
    shutil.copy(ROOT / "notebooks/execute.py", tmp_path / "notebooks")
    (tmp_path / "notebooks/broken.py").write_text("# ---\n# ---\n\n# %%\nassert 1 > 2\n")
    (tmp_path / "notebooks/broken.ipynb").write_text("before")
    done = run(tmp_path, "notebooks.execute")
    assert done.returncode == 1
    assert "assert 1 > 2" in done.stderr
    assert (tmp_path / "notebooks/broken.ipynb").read_text() == "before"
    unknown = run(tmp_path, "notebooks.execute", "brokn")
    assert unknown.returncode == 1
    assert "broken" in unknown.stderr
