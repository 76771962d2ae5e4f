"""A key stands for the bytes that decide a composition, and for no others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from src.config import composition_inputs as inputs

WORDS = ["dataset=stones", "model=dummy", "search=none"]
STONES = Path("conf/dataset/stones.yaml")
CONFIG = Path("conf/config.yaml")

pytestmark = pytest.mark.usefixtures("project")


def append(path: str | Path, text: str = "# a comment\n") -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


def key(words: list[str] = WORDS) -> str:
    found = inputs.basis(words)
    assert found is not None
    return found.key()


@pytest.mark.parametrize(
    "path",
    [
        "conf/config.yaml",
        "conf/dataset/stones.yaml",
        "conf/model/dummy.yaml",
        "conf/search/none.yaml",
        "conf/dataset_model/stones_dummy.yaml",
        "conf/hydra/output/own.yaml",
        "params.yaml",
    ],
)
def test_every_file_that_takes_part_changes_the_key(path: str) -> None:
    before = key()
    append(path)
    assert key() != before


@pytest.mark.parametrize(
    "path",
    [
        "conf/ingest.yaml",
        "conf/dataset/diamonds.yaml",
        "conf/model/ridge.yaml",
        "conf/search/optuna.yaml",
        "conf/dataset_model/stones_ridge.yaml",
        "conf/other/other.yaml",
    ],
)
def test_a_file_that_takes_no_part_does_not(path: str) -> None:
    before = key()
    append(path)
    assert key() == before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (STONES, "defaults: [/other/other]\n"),
        (CONFIG.with_name("model") / "dummy.yaml", "defaults: [/other/other]\n"),
        (CONFIG, "- other/other"),
        (CONFIG, "- other: other"),
        (CONFIG, "- dataset@more: diamonds"),
        (CONFIG, "- optional dataset_model: other"),
        (CONFIG, "- override hydra/output: ../../other/other"),
    ],
)
def test_where_files_ask_for_others_all_of_conf_takes_part(path: Path, text: str) -> None:
    if path == CONFIG:
        path.write_text(path.read_text().replace("  - search: none", f"  - search: none\n  {text}"))
    else:
        append(path, text)
    before = key()
    append("conf/other/other.yaml")
    assert key() != before


def test_equal_bytes_have_one_key_whichever_folder_they_lie_in(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key()
    shutil.copytree(project / "conf", project / "copy/conf")
    shutil.copy(project / "params.yaml", project / "copy")
    monkeypatch.chdir(project / "copy")
    assert key() == before


def test_other_words_have_another_key() -> None:
    more = [[*WORDS, "search.trials=3"], [*WORDS, "search.trials=4"]]
    assert len({key(words) for words in [WORDS, *more]}) == 3


@pytest.mark.parametrize("library", ["hydra-core", "omegaconf", "pyyaml"])
def test_another_version_of_a_library_has_another_key(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key()
    version = inputs.metadata.version
    monkeypatch.setattr(
        inputs.metadata, "version", lambda name: "0.0" if name == library else version(name)
    )
    inputs._code.cache_clear()
    try:
        assert key() != before
    finally:
        inputs._code.cache_clear()


@pytest.mark.parametrize(
    "words",
    [
        WORDS[:2],  # params.yaml completes it
        [*WORDS, "dataset=debts"],
        ["dataset=../stones", *WORDS[1:]],
        [*WORDS, "search.trials=${oc.env:TRIALS}"],
        [*WORDS, "hydra.searchpath=[elsewhere]"],
        [*WORDS, "+other=other"],
        [*WORDS, "~search"],
        [*WORDS, "dataset@more=stones"],
        [*WORDS, "-m"],
    ],
)
def test_words_that_only_hydra_understands_have_no_key(words: list[str]) -> None:
    assert inputs.basis(words) is None


@pytest.mark.parametrize(
    "text",
    [
        "about: ${oc.env:HOME}\n",
        "about: ${now:%Y}\n",
        "about: ${hydra:runtime.cwd}\n",
        'about: "\\x24{oc.env:HOME}"\n',
        "about: ${params:${oc.env:KEY}}\n",
    ],
)
def test_what_more_than_bytes_decides_has_no_key(text: str) -> None:
    append(STONES, text)
    assert inputs.basis(WORDS) is None


def test_folders_that_hydra_searches_too_leave_no_key() -> None:
    CONFIG.write_text(CONFIG.read_text().replace("hydra:\n", "hydra:\n  searchpath: [other]\n"))
    assert inputs.basis(WORDS) is None


def test_a_reference_to_another_value_has_a_key() -> None:
    append(STONES, "about: ${dataset.name} of ${params:seed}\n")
    assert inputs.basis(WORDS) is not None


@pytest.mark.parametrize("data", [b"name: [", b"name: \xff\xfe", b"- a\n- b: ["])
@pytest.mark.parametrize("path", [STONES, CONFIG])
def test_what_is_no_yaml_has_no_key(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert inputs.basis(WORDS) is None


def test_what_cannot_be_read_has_no_key() -> None:
    STONES.unlink()
    STONES.mkdir()
    assert inputs.basis(WORDS) is None


def test_a_file_that_was_replaced_is_noticed_even_by_an_equal_one() -> None:
    found = inputs.basis(WORDS)
    assert found is not None
    assert found.is_current()
    fresh = STONES.with_suffix(".fresh")
    fresh.write_bytes(STONES.read_bytes())
    fresh.rename(STONES)
    assert not found.is_current()
    again = inputs.basis(WORDS)
    assert again is not None
    assert again.key() == found.key()


def test_a_file_that_comes_or_is_written_in_place_is_noticed() -> None:
    found = inputs.basis(WORDS)
    assert found is not None
    append("conf/dataset_model/stones_dummy.yaml")
    assert not found.is_current()
    found = inputs.basis(WORDS)
    assert found is not None
    stat = STONES.stat()
    STONES.write_bytes(STONES.read_bytes().replace(b"mae", b"rmse"[:3]))
    os.utime(STONES, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert not found.is_current()
