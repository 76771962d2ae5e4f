"""Remember beside the database that keys were made: a lost one must not open the service."""

from __future__ import annotations

from pathlib import Path

from app.store import clock
from src.support import files
from src.support.errors import UserError

FILE = "closed.json"


def close(folder: Path) -> None:
    """Remember that whoever asks needs a key from now on; raise UserError if that fails."""
    if not is_closed(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write_json(folder / FILE, {"since": clock.stamp(), "why": "API keys were made"})


def is_closed(folder: Path) -> bool:
    """Tell whether keys were made here, whatever the database has now."""
    return (folder / FILE).exists()


def reopen(folder: Path) -> None:
    """Forget that keys were made."""
    (folder / FILE).unlink(missing_ok=True)


def lost() -> UserError:
    """Return what to answer while there are no keys and there were some."""
    return UserError(
        "API keys were made for this service, and its database has none that is left: "
        "they were revoked, or the database was lost or is another one.",
        code="api_keys_lost",
        fix="restore the database, or make a key: python -m app keys create --name <who>; "
        "or let this machine in without one: python -m app keys open",
    )
