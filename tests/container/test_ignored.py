"""What a build may see is decided as Docker decides it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.container.ignored import Ignored

TEXT = """
# all but these
*
!app
!kept/one.py
!*.md
**/__pycache__
**/.*
app/deep/**/*.log
app/secret?.txt
"""


@pytest.mark.parametrize(
    ("name", "is_ignored"),
    [
        ("data/x.csv", True),
        ("app", False),
        ("app/a.py", False),
        ("application/a.py", True),
        ("kept/one.py", False),
        ("kept/two.py", True),
        ("README.md", False),
        ("docs/a.md", True),
        ("app/__pycache__/a.pyc", True),
        ("app/pages/.env", True),
        ("app/deep/a/b/c.log", True),
        ("app/deep/c.log", True),
        ("app/deep/c.log.py", False),
        ("app/secret1.txt", True),
        ("app/secrets/1.txt", False),
    ],
)
def test_the_last_pattern_that_fits_decides(name: str, is_ignored: bool) -> None:
    assert (Path(name) in Ignored(TEXT)) is is_ignored
