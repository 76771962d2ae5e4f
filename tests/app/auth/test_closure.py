from __future__ import annotations

from pathlib import Path

from app.auth import closure


def test_it_is_remembered_once_until_it_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    assert not closure.is_closed(folder)
    closure.close(folder)
    before = (folder / closure.FILE).read_bytes()
    closure.close(folder)
    assert closure.is_closed(folder)
    assert (folder / closure.FILE).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [closure.FILE], "written in one step"
    for _ in range(2):
        closure.reopen(folder)
    assert not closure.is_closed(folder)


def test_an_empty_file_closes_too(tmp_path: Path) -> None:
    (tmp_path / closure.FILE).touch()
    assert closure.is_closed(tmp_path)
