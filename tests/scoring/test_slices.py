from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from src.data import sources
from src.scoring import slices
from src.scoring.slices import Slice

LINES = [f"{at},{'x' * (at % 7)}" for at in range(40)]


@pytest.mark.parametrize("rows", [1, 6, 40, 100])
def test_slices_are_the_same_wherever_batches_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("src.data.sources.text.BLOCK", 64)
    (tmp_path / "a.csv").write_text("\n".join(["id,word", *LINES[:25], "25"]))
    (tmp_path / "b.csv").write_text("\n".join(["word,id", *LINES[26:]]))
    stream = sources.Stream(f"{tmp_path}/*.csv", columns=["id", "word"], rows=rows)
    found = list(slices.of(stream, 11))
    assert [len(one) for one in found] == [11, 11, 11, 7]
    assert [list(one.faults) for one in found] == [[], [], [3], []], "by position in the slice"
    assert "1 cells where the header has 2" in found[2].faults[3]
    texts = [cell for one in found for cell in one.table.column(0).to_pylist()]
    assert texts[:26] == [str(at) for at in range(26)]
    assert (found[0].first, found[3].last) == (f"{tmp_path}/a.csv:2", f"{tmp_path}/b.csv:15")
    whole = next(slices.of(sources.Stream(f"{tmp_path}/*.csv", columns=["id", "word"]), 11))
    assert whole.sha256() == found[0].sha256()


def test_the_hash_is_of_cells_and_not_of_their_letters_alone() -> None:
    def made(*cells: str) -> Slice:
        column = pa.chunked_array([pa.array(cells, pa.large_string())])
        return Slice(0, ["a"], pa.table([column], names=["0"]))

    assert made("ab", "c").sha256() != made("a", "bc").sha256()
    longer = made("x", "ab", "c")
    cut = Slice(0, ["a"], longer.table.slice(1))
    assert cut.sha256() == made("ab", "c").sha256(), "wherever the cells lie in memory"
