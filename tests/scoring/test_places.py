from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest

from src.scoring import places, receipts
from src.scoring.parts import Done
from src.scoring.places import Place
from src.scoring.receipts import Job, Receipt, Told
from src.support.errors import UserError

JOB = Job("rows.csv", {"rows.csv": "ab"}, {}, {"digest": "cd"}, "csv", 10, explain=False)
OTHER = msgspec.structs.replace(JOB, rows=11)


def part(place: Place, number: int, job: Job = JOB) -> Done:
    """Write a part as a process does."""
    file = place.folder / f"part-{number:05d}.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("a\n1\n")
    receipt = Receipt(file.name, receipts.sha256(file), number, "2", "2", "gh", Told(rows=1), job)
    receipts.write(file, receipt)
    return Done(receipt, is_kept=False)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("in/*", "in"),
        ("in/rows.csv", "in"),
        ("in/rows.csv", "."),
        ("in/rows.csv", "in/rows.csv"),
        ("in/*.csv", "in/fresh.csv"),
        ("**/*.csv", "in/deep"),
    ],
)
def test_what_is_written_is_none_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, to: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = Path("in/rows.csv")
    rows.parent.mkdir()
    rows.write_text("a\n1\n")
    job = msgspec.structs.replace(JOB, source=source, files={str(rows): "ab"})
    before = content(tmp_path)
    for replaced in (False, True):
        place = Place.of(to, "csv", is_replaced=replaced)
        with pytest.raises(UserError, match="source's own files"), place.held(job):
            pass
    assert content(tmp_path) == before
    with Place.of("in/out.csv" if source == "in/rows.csv" else "out/", "csv").held(
        msgspec.structs.replace(job, source="in/*.txt")
    ):
        pass


@pytest.mark.parametrize("name", ["part-00000.csv", "whole.csv", ".part-mine.csv"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_without_a_receipt_is_somebody_elses(
    tmp_path: Path, name: str, is_replaced: bool
) -> None:
    place = Place.of(f"{tmp_path}/scored/", "csv", is_replaced=is_replaced)
    place.folder.mkdir()
    (place.folder / name).write_text("mine")
    with pytest.raises(UserError, match="something already") as caught, place.held(JOB):
        pass
    assert name in str(caught.value)
    assert {path.name for path in place.folder.iterdir()} == {name}


def test_parts_of_another_job_go_when_all_of_this_one_are_there(tmp_path: Path) -> None:
    place = Place.of(f"{tmp_path}/scored/", "csv", is_replaced=True)
    part(place, 0, OTHER)
    part(place, 1, OTHER)
    before = content(tmp_path)
    with contextlib.suppress(KeyboardInterrupt), place.held(JOB):
        raise KeyboardInterrupt
    assert content(tmp_path) == before
    with place.held(JOB):
        place.finish(JOB, [part(place, 0)], Told())
    names = sorted(path.name for path in place.folder.iterdir())
    assert names == ["part-00000.csv", "part-00000.csv.receipt.json"]


def test_a_file_that_came_meanwhile_is_replaced_only_where_it_is_asked_for(tmp_path: Path) -> None:
    place = Place.of(f"{tmp_path}/out.csv", None)
    done = part(place, 0)
    place.folder.with_name("out.csv").write_text("mine")
    with pytest.raises(UserError, match="something already"), place.held(JOB):
        pass
    place.folder.with_name("out.csv").unlink()
    with pytest.raises(UserError, match="something already"), place.held(JOB):  # noqa: PT012
        place.folder.with_name("out.csv").write_text("mine")
        place.finish(JOB, [done], Told())
    assert (tmp_path / "out.csv").read_text() == "mine"
    place = Place.of(f"{tmp_path}/out.csv", None, is_replaced=True)
    with place.held(JOB):
        place.finish(JOB, [done], Told())
    assert (tmp_path / "out.csv").read_text() == "a\n1\n"
    assert not place.folder.exists()


def test_a_file_that_is_there_is_known_by_its_job_and_its_hash(tmp_path: Path) -> None:
    place = Place.of(f"{tmp_path}/out.csv", None)
    with place.held(JOB) as had:
        assert had is None
        place.finish(JOB, [part(place, 0)], Told(rows=1))
    with place.held(JOB) as had:
        assert had is not None
        assert had.told.rows == 1
    with pytest.raises(UserError, match="something already"), place.held(OTHER):
        pass
    (tmp_path / "out.csv").write_text("a\n2\n")
    with pytest.raises(UserError, match="something already"), place.held(JOB):
        pass


def test_of_a_source_that_is_no_file_nobody_knows_whether_its_rows_are_the_same(
    tmp_path: Path,
) -> None:
    job = msgspec.structs.replace(JOB, source="sqlite:///rows.db", files={})
    place = Place.of(f"{tmp_path}/out.csv", None)
    with place.held(job):
        place.finish(job, [part(place, 0, job)], Told())
    with pytest.raises(UserError, match="something already"), place.held(job):
        pass


def test_two_processes_never_have_the_same_folder(tmp_path: Path) -> None:
    place = Place.of(f"{tmp_path}/scored/", "csv")
    with place.held(JOB):
        for _ in range(2):  # who is refused leaves the lock alone
            with pytest.raises(UserError, match="in use"), place.held(JOB):
                pass
    assert not place.folder.exists()


def test_a_lock_whose_file_is_gone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had it may remove the file between another's opening and its locking."""
    take = places.files.lock

    def late(file: object, *, is_waiting: bool = True) -> bool:
        (tmp_path / "scored" / ".lock").unlink()
        return take(file, is_waiting=is_waiting)  # type: ignore[arg-type]

    monkeypatch.setattr(places.files, "lock", late)
    place = Place.of(f"{tmp_path}/scored/", "csv")
    with pytest.raises(UserError, match="in use"), place.held(JOB):
        pass
