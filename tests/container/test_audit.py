"""Where nobody could be asked, the audit does not say that all is well."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from container import audit

SKIPPED = {"name": "a", "skip_reason": "Dependency not found on PyPI"}
SOUND = {"name": "b", "version": "1", "vulns": []}
ADVISED = {
    "name": "c",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1", "3"]}, {"id": "X", "fix_versions": []}],
}


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([SOUND, SKIPPED], audit.SOUND),
        ([SOUND, ADVISED], audit.ADVISED),
        ([SKIPPED, ADVISED], audit.ADVISED),
        ([SKIPPED, SKIPPED], audit.UNKNOWN),
        ([], audit.UNKNOWN),
    ],
)
def test_nothing_looked_up_is_no_good_news(packages: list[dict[str, Any]], code: int) -> None:
    assert audit.read({"dependencies": packages}).code == code


def test_an_advisory_says_where_it_is_mended() -> None:
    assert audit.read({"dependencies": [ADVISED]}).advisories == [
        "c 2: PYSEC-1, mended in 2.1, 3",
        "c 2: X, mended in no version yet",
    ]


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("", 3, "could be reached"),
        (json.dumps({"dependencies": [SKIPPED]}), 3, "could be reached"),
        (json.dumps({"dependencies": [SOUND]}), 0, "1 packages looked up, 0 advisories."),
        (json.dumps({"dependencies": [ADVISED]}), 1, "PYSEC-1"),
    ],
)
def test_its_code_says_which_it_is(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    said: str,
    code: int,
    words: str,
) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, said, "no route to host")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("sys.argv", ["audit"])
    with pytest.raises(SystemExit) as ended:
        audit.main()
    assert ended.value.code == code
    assert words in "".join(capsys.readouterr())
