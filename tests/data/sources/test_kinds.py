from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from src.data import sources
from src.data.sources import kinds
from src.support.errors import UserError


def recognised(data: bytes, name: str = "rows.csv") -> str:
    return kinds.recognised(io.BytesIO(data), name)


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for name in names:
            written.writestr(name, "a,b\n1,2\n")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"a,b\n1,2\n", kinds.CSV),
        (b"[id],[b]\n1,2\n", kinds.CSV),
        (b"", kinds.CSV),
        (b"PAR1....", kinds.PARQUET),
        (b"\x1f\x8b\x08", kinds.GZIP),
        (b"\x28\xb5\x2f\xfd\x04", kinds.ZSTD),
        (b'[ {"a": 1}]', kinds.JSON),
        (b'\xef\xbb\xbf{"a": 1}\n', kinds.JSON),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", kinds.EXCEL),
        (archive("xl/workbook.xml", "xl/worksheets/sheet1.xml"), kinds.EXCEL),
        (archive("rows.csv"), kinds.ZIP),
    ],
)
def test_a_file_is_what_its_first_bytes_say(data: bytes, kind: str) -> None:
    assert recognised(data) == kind


def test_json_without_an_object_is_known_by_its_name() -> None:
    assert recognised(b"[]", "rows.json") == kinds.JSON
    assert recognised(b"[]") == kinds.CSV


@pytest.mark.parametrize(
    ("data", "what", "fix"),
    [
        (b"SQLite format 3\0....", "an SQLite database", "sqlite:///"),
        (b"%PDF-1.7", "a PDF", "the table itself"),
        (b"<!DOCTYPE html><p>", "a web page", "the file itself"),
        (b"ARROW1\0\0", "an Arrow (Feather) file", "Parquet"),
        (b"BZh91AY", "packed by bzip2", "gzip"),
        (archive("xl/workbook.bin"), "a workbook that is not read", "save it as .xlsx"),
        (archive("rows.csv")[:40], "a broken zip archive", ""),
    ],
    # A zip archive has the time within it, and would be called otherwise each second.
    ids=["sqlite", "pdf", "html", "feather", "bzip2", "xlsb", "zip"],
)
def test_what_is_no_table_is_told(data: bytes, what: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        recognised(data)
    assert what in caught.value.what
    assert fix in (caught.value.fix or "")


def test_a_file_of_another_kind_than_its_name_is_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    parquet.write_table(pa.table({"a": [1, 2]}), path)
    with pytest.warns(UserWarning, match="this is Parquet, whatever its name says"):
        raw = sources.read(str(path), columns=["a"])
    assert raw.frame["a"].tolist() == ["1", "2"]
    assert raw.kind == kinds.PARQUET
