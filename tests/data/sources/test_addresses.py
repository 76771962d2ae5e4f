from __future__ import annotations

import fsspec
import pytest

from src.data import sources
from src.data.sources import addresses
from src.support.errors import UserError


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the memory for a store, with one object."""
    monkeypatch.setattr(addresses, "STORES", ("memory", "s3", "gs"))
    with fsspec.open("memory://bucket/rows.csv", "wb") as file:
        file.write(b"a,b\n1,2\n")


@pytest.mark.usefixtures("store")
def test_an_object_in_a_store_is_read_as_a_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = sources.read("memory://bucket/rows.csv", columns=["a", "b"])
    assert raw.frame.to_numpy().tolist() == [["1", "2"]]
    monkeypatch.setattr(addresses, "MOST_BYTES", 3)
    with pytest.raises(UserError, match="larger than what is read"):
        sources.fetch("memory://bucket/rows.csv")


@pytest.mark.usefixtures("store")
def test_an_object_that_is_not_there_is_told() -> None:
    with pytest.raises(UserError, match="cannot be reached") as caught:
        sources.fetch("memory://bucket/none.csv")
    assert "FileNotFoundError" in str(caught.value.given)


@pytest.mark.parametrize(("kind", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("az", "adlfs")])
def test_the_package_of_a_store_is_named(
    kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*words: object) -> None:
        raise ImportError(f"Install {package}")

    monkeypatch.setattr(fsspec, "open", absent)
    with pytest.raises(UserError) as caught:
        sources.fetch(f"{kind}://bucket/rows.csv")
    assert (caught.value.code, caught.value.fix) == ("not_installed", f"pip install {package}")


def test_without_fsspec_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.extras, "has", lambda _: False)
    with pytest.raises(UserError) as caught:
        sources.fetch("s3://bucket/rows.csv")
    assert caught.value.fix == "pip install -c constraints.txt '.[remote]'"


@pytest.mark.parametrize(
    ("source", "scheme"), [("a.csv", ""), ("S3://b", "s3"), ("sqlite:///a.db", "sqlite")]
)
def test_a_scheme_is_in_small_letters(source: str, scheme: str) -> None:
    assert addresses.scheme(source) == scheme


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("postgresql://me:secret@db/shop?table=t", "postgresql://me:***@db/shop?table=t"),
        ("https://me:secret@host/rows.csv?token=secret", "https://host/rows.csv"),
        ("https://token@host/a@b.csv#token", "https://host/a@b.csv"),
        ("rows-?.csv", "rows-?.csv"),
    ],
)
def test_a_source_is_told_without_its_secrets(source: str, told: str) -> None:
    assert addresses.shown(source) == told
