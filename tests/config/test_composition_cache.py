"""The same bytes are composed once: in a process, and between processes that share a folder."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.config import composition, configuration
from src.config import composition_cache as cache
from src.support.errors import UserError
from tests.conftest import STONES as VALUES

WORDS = ["dataset=stones", "model=dummy", "search=none"]
STONES = Path("conf/dataset/stones.yaml")


@pytest.fixture
def composed(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which the dataset of each composition by Hydra is added."""
    del project
    compose, names = composition.compose, list[str]()

    def count(words: list[str]) -> dict[str, Any]:
        names.append(words[0].removeprefix("dataset="))
        return compose(words)

    monkeypatch.setattr(composition, "compose", count)
    forget(monkeypatch)
    return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "var").mkdir()
    return tmp_path / "var" / "composed"


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be another process."""
    monkeypatch.setattr(cache, "_memory", {})


def edit(**changes: Any) -> None:
    fresh = STONES.with_suffix(".fresh")
    fresh.write_text(yaml.safe_dump({**VALUES, **changes}))
    fresh.rename(STONES)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def test_the_same_bytes_are_composed_once_and_give_the_same(composed: list[str]) -> None:
    composition.prepare()
    expected = composition.compose(WORDS)
    composed.clear()
    assert [cache.compose(WORDS) for _ in range(3)] == [expected] * 3
    assert composed == ["stones"]


def test_whoever_changes_what_they_got_changes_it_for_nobody_else(composed: list[str]) -> None:
    for _ in range(3):
        values = cache.compose(WORDS)
        assert values["dataset"]["features"].pop("carat")


def test_equal_bytes_in_another_folder_are_not_composed_again(
    composed: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cache.compose(WORDS)
    shutil.copytree(project / "conf", project / "copy/conf")
    shutil.copy(project / "params.yaml", project / "copy")
    monkeypatch.chdir(project / "copy")
    assert cache.compose(WORDS) == here
    assert composed == ["stones"]


def test_an_edit_is_composed_and_an_edit_that_is_taken_back_is_not(composed: list[str]) -> None:
    cache.compose(WORDS)
    was = STONES.read_bytes()
    edit(about="other stones")
    assert cache.compose(WORDS)["dataset"]["about"] == "other stones"
    assert composed == ["stones"] * 2
    STONES.write_bytes(was)
    assert "about" not in cache.compose(WORDS)["dataset"]
    assert composed == ["stones"] * 2


def test_another_process_finds_what_this_one_composed(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = cache.compose(WORDS, folder)
    forget(monkeypatch)
    assert cache.compose(WORDS, folder) == expected
    assert composed == ["stones"]
    forget(monkeypatch)
    assert cache.compose(WORDS) == expected, "it does not know the folder"
    assert composed == ["stones"] * 2


def test_an_error_is_told_each_time_and_never_kept(composed: list[str], folder: Path) -> None:
    was = STONES.read_bytes()
    STONES.write_text("name: [")
    for _ in range(2):
        with pytest.raises(UserError, match="not valid YAML"):
            cache.compose(WORDS, folder)
    assert composed == ["stones"] * 2
    assert kept(folder) == []
    STONES.write_bytes(was)
    assert cache.compose(WORDS, folder)["dataset"] == VALUES
    assert len(kept(folder)) == 1


def test_without_params_nothing_is_taken_from_memory(composed: list[str]) -> None:
    cache.compose(WORDS)
    Path("params.yaml").unlink()
    with pytest.raises(UserError, match="not the root of a project"):
        cache.compose(WORDS)


DAMAGES = {
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "other values": lambda data: data.replace(b'"mae"', b'"mse"'),
    "no JSON": lambda data: b"\x80\x04]" + data,
    "no object": lambda data: b"[1, 2]",
    "no values": lambda data: b'{"digest": "0"}',
    "deep": lambda data: b"[" * 100_000,
}


@pytest.mark.parametrize("kind", list(DAMAGES))
def test_a_damaged_file_is_as_none_and_replaced(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    expected = cache.compose(WORDS, folder)
    (path,) = kept(folder)
    sound = path.read_bytes()
    path.write_bytes(DAMAGES[kind](sound))
    assert path.read_bytes() != sound
    forget(monkeypatch)
    assert cache.compose(WORDS, folder) == expected
    assert composed == ["stones"] * 2
    assert path.read_bytes() == sound


def test_what_was_replaced_while_it_was_composed_is_not_kept(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = composition.compose

    def slow(words: list[str]) -> dict[str, Any]:
        edit(about="new")
        values = compose(words)
        STONES.write_bytes(was)
        return values

    was = STONES.read_bytes()
    monkeypatch.setattr(composition, "compose", slow)
    assert cache.compose(WORDS, folder)["dataset"]["about"] == "new"
    monkeypatch.setattr(composition, "compose", compose)
    assert kept(folder) == []
    assert "about" not in cache.compose(WORDS, folder)["dataset"]


def test_what_more_than_bytes_decides_is_composed_each_time(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(about="${oc.env:STONE}")
    for stone in ("ruby", "opal"):
        monkeypatch.setenv("STONE", stone)
        assert cache.compose(WORDS, folder)["dataset"]["about"] == stone
    assert composed == ["stones"] * 2
    assert kept(folder) == []


@pytest.mark.parametrize("values", [{"gate": {1: 2}}, {"gate": {"max": float("inf")}}])
def test_what_json_would_change_is_not_kept(
    composed: list[str], folder: Path, values: dict[str, Any]
) -> None:
    edit(**values)
    for _ in range(2):
        assert cache.compose(WORDS, folder)["dataset"]["gate"] == values["gate"]
    assert composed == ["stones"] * 2
    assert kept(folder) == []


def test_a_file_that_another_asks_for_takes_part(composed: list[str]) -> None:
    base = Path("conf/dataset/base.yaml")
    base.write_text("about: old\n")
    edit(defaults=["base", "_self_"])
    assert cache.compose(WORDS)["dataset"]["about"] == "old"
    base.write_text("about: new\n")
    assert cache.compose(WORDS)["dataset"]["about"] == "new"
    cache.compose(WORDS)
    assert composed == ["stones"] * 2


def test_memory_and_folder_are_bounded(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST", 3)
    for trials in range(1, 6):
        cache.compose([*WORDS[:2], "search=optuna", f"search.trials={trials}"], folder)
        cache.compose([*WORDS[:2], "search=optuna", "search.trials=1"])
    assert len(composed) == 5, "what is used stays in memory"
    assert len(cache._memory) == 3
    assert len(kept(folder)) == 3


def test_without_a_place_to_keep_it_it_is_composed_all_the_same(
    composed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "nowhere" / "composed", tmp_path / "file" / "composed"):
        forget(monkeypatch)
        assert cache.compose(WORDS, folder)["dataset"] == VALUES
    assert not (tmp_path / "nowhere").exists(), "whose it is decides its rights"


def test_a_full_disk_hinders_nothing(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise UserError("The file could not be written.")

    monkeypatch.setattr(cache.files, "write", refuse)
    assert cache.compose(WORDS, folder)["dataset"] == VALUES
    assert cache.compose(WORDS, folder)["dataset"] == VALUES
    assert composed == ["stones"]


def test_threads_that_ask_at_once_compose_once(composed: list[str]) -> None:
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(cache.compose(WORDS))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result["dataset"] for result in results] == [VALUES] * 6
    assert composed == ["stones"]


def _compose(folder: Path, project: Path, log: Path) -> None:
    import os

    os.chdir(project)
    compose = composition.compose

    def count(words: list[str]) -> dict[str, Any]:
        with log.open("a") as file:
            file.write("once\n")
        return compose(words)

    composition.compose = count
    cache.compose(WORDS, folder)


def test_processes_that_start_at_once_compose_once(
    project: Path, folder: Path, tmp_path: Path
) -> None:
    spawn = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    workers = [spawn.Process(target=_compose, args=(folder, project, log)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert log.read_text() == "once\n"


def test_a_process_that_was_stopped_while_it_composed_holds_nobody_up(
    composed: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "PATIENCE", 0.1)
    with cache._turn(folder):
        assert cache.compose(WORDS, folder)["dataset"] == VALUES


def test_what_is_kept_is_json_for_its_owner_alone(composed: list[str], folder: Path) -> None:
    cache.compose(WORDS, folder)
    (path,) = kept(folder)
    assert json.loads(path.read_bytes())["values"]["dataset"] == VALUES
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_was_not_composed_is_not_written(composed: list[str], folder: Path) -> None:
    assert cache.keep(WORDS, folder) is None
    cache.compose(WORDS)
    path = cache.keep(WORDS, folder)
    assert path is not None
    assert kept(folder) == [path]


def test_a_dataset_is_completed_by_a_model_that_is_there(composed: list[str]) -> None:
    assert cache.dataset_words("stones") == WORDS
    Path("conf/model/dummy.yaml").unlink()
    assert cache.dataset_words("stones")[1] == f"model={configuration.choices('model')[0]}"
