"""What the last commit knew. DVC's repository is made once; the project is a folder of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
import yaml

from src.config import paths
from src.reporting.earlier import Earlier
from tests import repository

# Of a package that DVC uses.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon:DeprecationWarning")
ROWS = Path("artifacts/data/stones")
STAGES = {
    "stages": {
        "conf": {
            "cmd": "mkdir -p artifacts/conf/runs && cat v.txt > artifacts/conf/runs/a.yaml",
            "deps": ["v.txt"],
            "outs": ["artifacts/conf"],
        },
        "rows": {
            "cmd": f"mkdir -p {ROWS} && cat v.txt artifacts/conf/runs/a.yaml > {ROWS}/a.txt",
            "deps": ["artifacts/conf"],
            "outs": [str(ROWS)],
        },
    }
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git repository with a DVC project in its folder `inner`; it is not to be changed."""
    from dvc.repo import Repo

    outer = tmp_path_factory.mktemp("made") / "outer"
    inner = outer / "inner"
    inner.mkdir(parents=True)
    with chdir(inner):
        repository.git("init", "--quiet", str(outer))
        with Repo.init(subdir=True):
            pass
        Path(".dvc/config").write_text(
            "[core]\n    analytics = false\n    remote = far\n    check_update = false\n"
            "['remote \"far\"']\n    url = ../../../far\n"
        )
        Path("v.txt").write_text("one")
        Path("dvc.yaml").write_text(yaml.safe_dump(STAGES))
        Path("metrics").mkdir()
        for name, data in {
            "champions.json": b'{"stones": {"champion": "linear"}, "coins": "linear"}',
            "list.json": b"[1]",
            "half.json": b'{"a": ',
            "latin.json": '{"a": "Ü"}'.encode("latin-1"),
        }.items():
            (Path("metrics") / name).write_bytes(data)
        repro()
        repository.commit()
        Path("v.txt").write_text("two")
        repro()
        Path("metrics/champions.json").write_text("{}")
        Path("metrics/later.json").write_text("{}")
    return outer


def repro() -> None:
    from dvc.repo import Repo

    with Repo() as repo:
        repo.reproduce()
        repo.push()


@pytest.fixture
def inner(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of the project, after a second run that is not committed."""
    shutil.copytree(made.parent, tmp_path / "copy", symlinks=True)
    inner = tmp_path / "copy" / "outer" / "inner"
    monkeypatch.chdir(inner)
    return inner


Look = Callable[..., Earlier]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return lambda: Earlier(tmp_path / "earlier")


def test_an_output_comes_as_it_was(inner: Path, look: Look) -> None:
    earlier = look()
    found = earlier.folder(ROWS)
    assert found is not None
    assert (found / "a.txt").read_text() == "oneone"
    assert (ROWS / "a.txt").read_text() == "twotwo"  # what is there now is left alone
    runs = earlier.folder(Path("artifacts/conf"))
    assert runs is not None
    assert (runs / "runs" / "a.yaml").read_text() == "one"
    assert earlier.folder(ROWS) is found


def test_an_output_comes_from_a_remote(inner: Path, look: Look) -> None:
    shutil.rmtree(".dvc/cache")
    found = look().folder(ROWS)
    assert found is not None
    assert (found / "a.txt").read_text() == "oneone"


def test_what_neither_has_is_not_there(inner: Path, look: Look) -> None:
    shutil.rmtree(".dvc/cache")
    shutil.rmtree(inner.parents[1] / "far")
    assert look().folder(ROWS) is None


def test_half_of_an_output_is_none(inner: Path, look: Look) -> None:
    """DVC keeps the list of a folder's files apart from the files."""
    shutil.rmtree(inner.parents[1] / "far")
    for path in Path(".dvc/cache/files").rglob("*"):
        if path.is_file() and path.suffix != ".dir":
            path.unlink()
    assert look().folder(ROWS) is None


@pytest.mark.parametrize("path", ["artifacts/data/coins", "artifacts/data", "artifacts", "metrics"])
def test_what_no_stage_makes_is_not_asked_of_dvc(
    inner: Path, look: Look, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("dvc.repo.Repo", lambda *_, **__: asked.append(1))
    assert look().folder(Path(path)) is None
    assert asked == []
    assert look().folder(ROWS) is None
    assert asked == [1]


def test_a_project_that_dvc_cannot_read_has_no_outputs(inner: Path, look: Look) -> None:
    Path("dvc.yaml").write_text("stages: [")
    repository.commit("dvc.yaml")
    assert look().folder(ROWS) is None


def test_a_commit_from_before_dvc_has_no_outputs(inner: Path, look: Look) -> None:
    repository.git("rm", "--quiet", "--cached", "dvc.lock")
    repository.git("commit", "--quiet", "--message", "no lock")
    assert look().folder(ROWS) is None


def test_json_is_that_of_the_commit(inner: Path, look: Look) -> None:
    earlier = look()
    assert earlier.commit == repository.git("rev-parse", "HEAD")
    champions = earlier.json(paths.CHAMPIONS)
    assert champions == {"stones": {"champion": "linear"}, "coins": "linear"}
    latin = earlier.json(Path("metrics/latin.json"))
    assert latin == {"a": "\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize("name", ["later", "list", "half", "none"])
def test_what_is_no_json_object_is_none(inner: Path, look: Look, name: str) -> None:
    assert look().json(Path(f"metrics/{name}.json")) is None


def test_a_champion_is_an_entry_of_ours(inner: Path, look: Look) -> None:
    earlier = look()
    assert earlier.champion("stones") == {"champion": "linear"}
    assert earlier.champion("coins") is None  # of another form
    assert earlier.champion("bonds") is None


@pytest.mark.parametrize("is_repository", [True, False])
def test_without_a_commit_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Look, is_repository: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    if is_repository:
        repository.git("init", "--quiet")
    earlier = look()
    assert earlier.commit is None
    assert earlier.json(paths.CHAMPIONS) is None
    assert earlier.champion("stones") is None
    assert earlier.folder(ROWS) is None
    assert [path.name for path in tmp_path.iterdir()] == ([".git"] if is_repository else [])
