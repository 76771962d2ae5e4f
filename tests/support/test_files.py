from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from src.support import files
from src.support.errors import UserError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("data", [b"", b"new", bytes(range(256)) * 1000])
def test_what_is_written_can_be_read(tmp_path: Path, data: bytes) -> None:
    files.write(tmp_path / "a" / "b" / "file.bin", data)
    assert (tmp_path / "a" / "b" / "file.bin").read_bytes() == data


def test_the_old_content_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a longer old content")
    files.write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_a_reader_that_has_the_old_file_open_reads_it_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with (tmp_path / "file").open("rb") as reader:
        files.write(tmp_path / "file", b"new")
        assert reader.read() == b"old"


def test_nothing_is_written_outside_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    files.write(tmp_path / "file", b"new")
    for _ in range(2):
        with files.new_folder(tmp_path / "folder", "It"):
            pass
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_files_and_folders_have_the_rights_that_the_umask_gives(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        files.write(tmp_path / "file", b"")
        with files.new_folder(tmp_path / "folder", "It"):
            pass
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o777 & ~mask


def test_a_file_in_the_place_of_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(UserError) as caught:
        files.write(tmp_path / "file" / "inner", b"new")
    message = str(caught.value)
    assert "The file could not be written" in message
    assert str(tmp_path / "file" / "inner") in message
    assert "permissions" in message
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_folder_in_the_place_of_a_file_is_a_clear_error_and_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(UserError, match="could not be written"):
        files.write(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "inner").is_dir()


DISK_FULL = """
import resource
from pathlib import Path
from src.support import files
from src.support.errors import UserError

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    {action}
except UserError as error:
    print(error)
"""


def with_a_full_disk(action: str, folder: Path, root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", DISK_FULL.format(action=action)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    said = with_a_full_disk("files.write(Path('file'), b'n' * 5000)", tmp_path, root)
    assert "The file could not be written" in said
    assert "File too large" in said
    assert "what was there is untouched" in said
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_full_disk_leaves_no_new_file(tmp_path: Path, root: Path) -> None:
    assert with_a_full_disk("files.write(Path('file'), b'n' * 5000)", tmp_path, root)
    assert names(tmp_path) == []


def test_a_full_disk_while_a_folder_is_filled_leaves_the_old_folder(
    tmp_path: Path, root: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("old")
    action = "\n    ".join(
        [
            "with files.new_folder(Path('folder'), 'It') as fresh:",
            "    (fresh / 'a').write_bytes(b'n' * 500)",
            "    files.write(fresh / 'b', b'n' * 5000)",
        ]
    )
    assert "could not be written" in with_a_full_disk(action, tmp_path, root)
    assert names(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "a").read_text() == "old"


def test_json_is_indented_keeps_its_order_and_letters_and_ends_with_a_newline(
    tmp_path: Path,
) -> None:
    files.write_json(tmp_path / "a.json", {"b": 1, "a": ["é", None, 0.1]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"b": 1, "a": ["é", None, 0.1]}
    assert text.startswith('{\n  "b": 1,\n  "a": [\n    "é",')
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [-math.inf]}])
def test_json_that_no_other_reader_takes_is_refused_and_not_written(
    tmp_path: Path, value: object
) -> None:
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "a.json", value)
    assert (tmp_path / "a.json").read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_a_new_folder_appears_when_it_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "very" / "deep" / "folder"
    with files.new_folder(path, "It") as fresh:
        (fresh / "a").write_text("1")
        (fresh / "inner").mkdir()
        assert not path.exists()
    assert names(path) == ["a", "inner"]
    assert names(tmp_path / "very" / "deep") == ["folder"]


def test_a_new_folder_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with files.new_folder(path, "It") as fresh:
        (fresh / "new").write_text("new")
        assert (path / "old").read_text() == "old"
    assert names(path) == ["new"]
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_stops_in_between_leaves_the_old_folder_and_nothing_else(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")

    def fill() -> None:
        with files.new_folder(path, "It") as fresh:
            (fresh / "half").write_text("half")
            raise stop

    with pytest.raises(stop):
        fill()
    assert names(tmp_path) == ["folder"]
    assert names(path) == ["old"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError) as caught,
        files.new_folder(tmp_path / "file" / "folder", "The prepared data"),
    ):
        pass
    assert "The prepared data could not be written" in str(caught.value)
    assert str(tmp_path / "file" / "folder") in str(caught.value)


def test_only_the_systems_refusal_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), files.explained("It", tmp_path):
        raise ValueError("mine")
    with pytest.raises(UserError) as caught, files.explained("It", tmp_path):
        raise PermissionError(13, "Permission denied")
    assert f"given:   {tmp_path} (Permission denied)" in str(caught.value)
    assert "It could not be written" in str(caught.value)


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".bundle.{dead.pid}.abc"
    living = tmp_path / f".bundle.{os.getpid()}.abc"
    for folder in (left, living):
        folder.mkdir()
    with files.new_folder(tmp_path / "bundle", "The bundle") as fresh:
        (fresh / "file").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [living.name, "bundle"]


def test_a_csv_is_read_as_it_was_written() -> None:
    rows = [["a", "b;c"], ['say "x"', "1\r2"], ["", "3\n4"]]
    text = files.csv_text(rows, ";")
    assert text == 'a;"b;c"\r\n"say ""x""";"1\r2"\r\n;"3\n4"\r\n'
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=";")) == rows
    assert files.csv_text([["a", 1]], end="\n") == "a,1\n"
    assert files.csv_text([["a\r", 1]], end="\n", is_quoted=True) == '"a\r","1"\n'


def test_a_signature_changes_when_a_file_does(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(FileNotFoundError):
        files.signature(path)
    path.write_text("1")
    before = files.signature(path)
    assert files.signature(path) == before
    with path.open("a") as file:
        assert files.signature(file.fileno()) == before
        file.write("2")
    grown = files.signature(path)
    assert grown != before
    files.write(path, b"34")  # another file of the same size
    assert files.signature(path) != grown


def test_a_lock_is_for_one_until_it_is_given_back_or_its_file_closed(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("ab") as first, (tmp_path / "lock").open("ab") as second:
        assert files.lock(first)
        assert not files.lock(second, is_waiting=False)
        files.unlock(first)
        assert files.lock(second, is_waiting=False)
        assert not files.lock(first.fileno(), is_waiting=False)
        second.close()
        assert files.lock(first.fileno())


def test_the_md5_of_a_file_is_that_of_all_its_bytes(tmp_path: Path) -> None:
    data = b"x" * 3_000_000
    (tmp_path / "a").write_bytes(data)
    with (tmp_path / "a").open("rb") as file:
        file.read(7)
        assert files.md5(file) == hashlib.md5(data).hexdigest()
        assert file.tell() == 0
