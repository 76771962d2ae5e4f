from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from src.scoring import receipts
from src.scoring.receipts import Job, Receipt, Told
from src.support.errors import UserError

JOB = Job("rows.csv", {"rows.csv": "ab"}, {}, {"digest": "cd"}, "csv", 10, explain=False)


def test_what_parts_came_to_adds_up() -> None:
    told = Told()
    told.add(Told(rows=3, refused=1, warned={"a": 2}, answers={"4": 2}, least=1.0, most=2.0))
    told.add(Told(rows=1, refused=1))
    told.add(Told(rows=2, warned={"a": 1, "b": 1}, answers={"4": 1, "5": 1}, least=0.5, most=1.5))
    expected = Told(6, 2, {"a": 3, "b": 1}, {}, {"4": 3, "5": 1}, 0.5, 2.0)
    assert told == expected


def test_a_receipt_is_read_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "part-00000.csv"
    assert receipts.read(file) is None
    receipt = Receipt(file.name, "ef", 0, "2", "11", "gh", Told(rows=10), JOB)
    receipts.write(file, receipt)
    assert receipts.read(file) == receipt
    receipts.place(file).write_text("{")
    assert receipts.read(file) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"files": {"rows.csv": "xy"}}, 'files {"rows.csv":"ab"}, and now {"rows.csv":"xy"}'),
        ({"bundle": {"digest": "xy"}}, "bundle"),
        ({"rows": 11}, "rows 10, and now 11"),
        ({"explain": True}, "explain false, and now true"),
    ],
)
def test_another_job_is_refused_by_what_differs(change: dict[str, object], says: str) -> None:
    receipt = Receipt("part-00000.csv", "ef", 0, "2", "11", "gh", Told(), JOB)
    receipts.check(receipt, JOB, Path("scored"))
    with pytest.raises(UserError) as caught:
        receipts.check(receipt, msgspec.structs.replace(JOB, **change), Path("scored"))
    assert says in str(caught.value)
