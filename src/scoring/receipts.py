"""What a file of scored rows says of itself: made of which rows, by which bundle, and how."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from src.scoring.tables import Format
from src.support import files
from src.support.errors import UserError

SUFFIX = ".receipt.json"
FORMAT = 1


class Job(msgspec.Struct, frozen=True):
    """What the answers of all parts follow from: the input, the bundle and the settings.

    `files` has the sha256 of each file of the input; of what is no file only the rows have one.
    """

    source: str
    files: dict[str, str]
    reading: dict[str, Any]
    bundle: dict[str, str]
    written: Format
    rows: int  # of a part
    explain: bool


class Told(msgspec.Struct):
    """What the rows of a part came to: it adds up."""

    rows: int = 0
    refused: int = 0
    warned: dict[str, int] = {}  # answers by the code of a warning
    outside: dict[str, int] = {}  # warnings by the feature that they name
    answers: dict[str, int] = {}  # by class, or by the number of a bin of the training's values
    least: float | None = None
    most: float | None = None

    def add(self, other: Told) -> None:
        """Add what other rows came to."""
        self.rows += other.rows
        self.refused += other.refused
        for name in ("warned", "outside", "answers"):
            setattr(self, name, dict(Counter(getattr(self, name)) + Counter(getattr(other, name))))
        ends = [one for one in (self.least, other.least) if one is not None]
        self.least = min(ends, default=None)
        ends = [one for one in (self.most, other.most) if one is not None]
        self.most = max(ends, default=None)


class Receipt(msgspec.Struct, frozen=True):
    """The receipt of a file: `input_sha256` is that of the text of its rows."""

    file: str
    sha256: str
    part: int
    first: str
    last: str
    input_sha256: str
    told: Told
    job: Job
    format: int = FORMAT


def place(file: Path) -> Path:
    """Return where the receipt of a file is."""
    return file.with_name(file.name + SUFFIX)


def read(file: Path) -> Receipt | None:
    """Read the receipt of a file; None where there is none that can be read."""
    try:
        return msgspec.json.decode(place(file).read_bytes(), type=Receipt)
    except (OSError, msgspec.DecodeError):
        return None


def write(file: Path, receipt: Receipt) -> None:
    """Write the receipt of a file, before the file: one without a receipt is somebody else's."""
    files.write_json(place(file), msgspec.to_builtins(receipt))


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def together(hashes: Iterable[str]) -> str:
    """Return the hash of several: that of theirs."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def differences(receipt: Receipt, job: Job) -> list[str]:
    """Return in what another job differs from that of a receipt."""
    had, asked = (msgspec.to_builtins(one) for one in (receipt.job, job))
    return [name for name in asked if had[name] != asked[name]]


def check(receipt: Receipt, job: Job, folder: Path) -> None:
    """Raise UserError where what is in a folder was scored from other rows, or otherwise."""
    others = differences(receipt, job)
    if not others:
        return
    had, asked = (msgspec.to_builtins(one) for one in (receipt.job, job))
    shown = "; ".join(
        f"{name} {_short(had[name])}, and now {_short(asked[name])}" for name in others
    )
    raise UserError(
        "What is there was scored from another input, by another bundle or in another way; "
        "nothing was touched.",
        given=f"{folder}: {shown}",
        fix="name another folder or file in to=, or score anew with replace=true",
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 120 else f"{text[:117]}..."
