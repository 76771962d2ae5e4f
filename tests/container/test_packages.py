"""A build is told where this machine's pip finds packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.container import packages

LISTED = """:env:.cert='/nowhere/env.crt'
global.cert='/nowhere/file.crt'
global.extra-index-url='file:///a/simple file:///b/simple'
global.index-url='https://user:p=w@example.org/simple'
"""


def test_the_environment_goes_before_the_files() -> None:
    assert packages.settings(LISTED) == {
        "cert": "/nowhere/env.crt",
        "extra-index-url": "file:///a/simple file:///b/simple",
        "index-url": "https://user:p=w@example.org/simple",
    }


def test_places_of_this_machine_are_seen_inside_under_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("index/simple", "wheels"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"file://{tmp_path}/index/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path}/wheels {tmp_path}/none")
    binds = packages.secret(tmp_path / "pip.conf")
    here = {bind.source: bind.target for bind in binds if tmp_path in bind.source.parents}
    # An index's pages lead to files beside them.
    assert here == {path: str(path) for path in (tmp_path / "index", tmp_path / "wheels")}
    assert not any(bind.is_writable for bind in binds)
    written = (tmp_path / "pip.conf").read_text()
    assert written.startswith("[global]\n")
    assert "index-url = https://example.org/simple\n" in written
