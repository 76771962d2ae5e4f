"""Environment -> one frozen object: all that can be set, with its default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from src.support.errors import UserError, unknown
from src.support.structs import Checked

PREFIX = "LAPIDARY_"
# Set by gunicorn.conf.py for the workers, who may be started anew at any time.
PREPARED = "LAPIDARY_DATABASE_IS_PREPARED"

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Names = tuple[str, ...]
# Parts of letters, digits and . _ - that no browser takes for a step up.
ROOT = r"^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z"


class Settings(Checked, frozen=True):
    """What a person who runs the service may set; each key is LAPIDARY_<KEY> in the environment.

    Sizes are in megabytes (1,000,000 bytes), times in seconds unless the name says otherwise.
    """

    bind: str = "127.0.0.1:8000"  # address and port, or unix:<path>
    root: Annotated[str, Meta(pattern=ROOT)] = ""  # the sub-path at a proxy, such as /ml
    workers: Annotated[int, Meta(ge=1, le=256)] | None = None  # as many as there are cores
    threads: Annotated[int, Meta(ge=2, le=64)] = 4  # of a worker
    log: Literal["plain", "json"] = "plain"  # what a line of the log looks like
    var: str = "var"  # the folder of the database and of the registered bundles
    database_url: str = ""  # DATABASE_URL; SQLite in var/ where it is empty
    durability: Literal["process", "power"] = "process"
    most_records: Count = 1000  # in one request
    largest_body: Annotated[float, Meta(gt=0, le=1000)] = 16.0
    largest_upload: Annotated[float, Meta(gt=0, le=100_000)] = 1000.0  # of labels, streamed
    longest_text: Count = 200_000  # characters of one text
    most_similar: Count = 100
    page: Annotated[int, Meta(ge=1, le=1000)] = 50  # entries of a list, unless asked otherwise
    redact: Names = ()  # fields whose values are never stored
    # The next two are read where bundles are, by src.inference.signing.
    sign: str = ""  # the private key that trainings sign bundles with
    trust: Names = ()  # the public keys of bundles that are loaded; without one, of all
    origins: Names = ()  # of other sites' pages that may call, "*" for all
    proxies: Annotated[int, Meta(ge=0, le=10)] = 0  # in front of us, whose word on clients counts
    slow_readers: Annotated[int, Meta(ge=1, le=100_000)] = 256  # of a worker: take answers later
    slow_readers_per_address: Annotated[int, Meta(ge=1, le=100_000)] = 64
    unread: Annotated[float, Meta(gt=0, le=100_000)] = 64.0  # of answers that wait for them
    stalled: Seconds = 300.0  # in which one takes nothing, before it is cut
    keep_days: Annotated[float, Meta(gt=0, le=36_500)] | None = None  # older rows go
    keep_megabytes: Annotated[float, Meta(gt=0)] | None = None  # the oldest go above this
    disk_floor: Annotated[float, Meta(ge=0)] = 100.0  # free space under which we are not ready
    jobs: Annotated[int, Meta(ge=0, le=64)] = 1  # trainings at once
    wait: Seconds = 5.0  # for a database that is busy, before 503
    poll: Seconds = 0.25  # between two looks for another champion

    def folder(self) -> Path:
        """Return the folder of everything that the service keeps."""
        return Path(self.var).absolute()

    def url(self) -> str:
        """Return the database's URL."""
        return self.database_url or f"sqlite:///{self.folder() / 'lapidary.db'}"


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise UserError where a value or a name is not one."""
    given: dict[str, Any] = {}
    known = {field: kind.type for field, kind in _fields().items()}
    for name, value in environ.items():
        key = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or value == "" or name == PREPARED:
            continue
        if key not in known or key == "database_url":
            choices = [f"{PREFIX}{field.upper()}" for field in known if field != "database_url"]
            raise unknown("setting", name, choices)
        given[key] = _names(value) if known[key] == Names else value
    given["root"] = given.get("root", "").rstrip("/")
    if environ.get("DATABASE_URL"):
        given["database_url"] = environ["DATABASE_URL"]
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        key = path.rstrip("`").split("[")[0]
        raise UserError(
            f"The setting {PREFIX}{key.upper()} is not valid: {what[:1].lower()}{what[1:]}.",
            given=environ.get(f"{PREFIX}{key.upper()}"),
            fix="see docs/reference/settings.md",
        ) from None


def _names(value: str) -> list[str]:
    return [name for part in value.split(",") if (name := part.strip())]


def _fields() -> dict[str, Any]:
    return {field.name: field for field in msgspec.structs.fields(Settings)}
