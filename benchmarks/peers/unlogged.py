"""The service without its journal: what the log costs is the difference."""

from __future__ import annotations

from app.factory import create_api
from app.http.resource import RouteTable
from app.settings import read


def _is_recorded(self: RouteTable, path: str, status: int) -> bool:
    """Record nothing, whatever was asked and answered."""
    del self, path, status
    return False


RouteTable.is_recorded = _is_recorded  # type: ignore[method-assign]
api = create_api(read())
