from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from src.data import sources
from src.data.sources import compressed, kinds
from src.support.errors import UserError

SAMPLE = b"a,b\n1,2\n3,4\n"


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in files.items():
            written.writestr(f"{name}.csv", data)
    return file.getvalue()


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


PACKED = {
    "gzip": gzip.compress(SAMPLE),
    "zstd": zstd(SAMPLE),
    "zip": zipped(rows=SAMPLE),
    "two gzips": gzip.compress(SAMPLE[:8]) + gzip.compress(SAMPLE[8:]),
    "two frames": zstd(SAMPLE[:8]) + zstd(SAMPLE[8:]),
}


@pytest.mark.parametrize("data", PACKED.values(), ids=PACKED)
def test_a_packed_file_is_read_whatever_its_name_is(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "rows"
    path.write_bytes(data)
    raw = sources.read(str(path), columns=["a", "b"])
    assert raw.frame.to_numpy().tolist() == [["1", "2"], ["3", "4"]]
    assert list(raw.frame.index) == [2, 3]


def refused(data: bytes) -> UserError:
    with pytest.raises(UserError) as caught:
        sources.parse(data, "rows", columns=["a", "b"])
    return caught.value


@pytest.mark.parametrize("name", ["gzip", "zstd", "zip"])
def test_what_is_cut_short_is_told(name: str) -> None:
    data = PACKED[name]
    assert "broken" in refused(data[: len(data) - 6]).what


def test_what_is_damaged_is_told() -> None:
    data = bytearray(PACKED["gzip"])
    data[-6] ^= 1  # of the checksum
    error = refused(bytes(data))
    assert (error.what, error.fix) == (
        "The source is packed by gzip, and broken.",
        "copy or download it again",
    )


def test_an_archive_of_several_files_or_none_is_told() -> None:
    error = refused(zipped(one=SAMPLE, two=SAMPLE))
    assert "an archive of 2 files" in error.what.replace("a zip archive", "an archive")
    assert "one.csv, two.csv" in str(error.given)
    assert "0 files" in refused(zipped()).what


def test_what_is_packed_twice_is_told() -> None:
    assert "packed twice" in refused(gzip.compress(gzip.compress(SAMPLE))).what


ZEROS = b"a,b\n" + b"1,2\n" * 500_000


@pytest.mark.parametrize("pack", [gzip.compress, zstd, lambda data: zipped(rows=data)])
def test_a_bomb_is_not_opened_further_than_a_limit(pack, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    check = compressed.check_size

    def noted(total: int, *words) -> None:
        nonlocal taken
        taken = total
        check(total, *words)

    monkeypatch.setattr(compressed, "check_size", noted)
    monkeypatch.setattr(compressed, "FREE", 2**17)
    monkeypatch.setattr(compressed, "BLOCK", 2**16)
    assert "more than 200 times its size" in refused(pack(ZEROS)).what
    assert taken < len(ZEROS) / 2
    monkeypatch.setattr(compressed, "MOST_EXPANDED", 2**16)
    assert "expands to more than 65,536 bytes" in refused(pack(ZEROS)).what


def test_every_kind_of_packing_has_words() -> None:
    assert set(compressed.OPENERS) <= set(kinds.WORDS)
