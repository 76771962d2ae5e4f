"""The page of errors: every code that the service answers with."""

from __future__ import annotations

from app.http import problems
from manual.markdown import GENERATED, code, table

HEAD = f"""# Errors

{GENERATED}

An error is answered as `application/problem+json`. Its `code` is one of these and never changes its
meaning; `detail`, `given`, `allowed` and `fix` say what was wrong in this case, and `errors` lists
the faults of single fields. A service shows this table under `{problems.PAGE}`.
"""


def page() -> str:
    """Write the page."""
    rows = [
        (code(name), str(kind.status), kind.about, ", ".join(map(code, _headers(kind))))
        for name, kind in problems.KINDS.items()
    ]
    return f"{HEAD}\n{table(['code', 'status', '', 'headers'], rows)}\n"


def _headers(kind: problems.Kind) -> list[str]:
    return [f"{name}: {value}" for name, value in kind.headers.items()]
