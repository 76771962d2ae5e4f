"""Numbered versions of each dataset's bundles, and the events that say which one serves."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import peewee

from app.store import clock
from app.store import database as databases
from app.store.tables import Event, Version
from src.card import schema as card
from src.inference import bundle, signing, suspects
from src.support import files
from src.support.errors import UserError

FOLDER = "versions"
UNNUMBERED = 0  # the number of what is no version yet
# What an event says of a version: that it serves from now on, and who or what decided that ...
PIPELINE, PROMOTE, ROLLBACK, TRAINING = "pipeline", "promote", "rollback", "training"
CHANGES = (PIPELINE, PROMOTE, ROLLBACK, TRAINING)
# ... that it may serve although it fails the gate; that, serving, it came under it, or rose again.
OVERRIDE, BREACH, RECOVERED = "override", "breach", "recovered"
# ... that it is good enough to serve and changes so much that a person has to say so.
WAITING = "waiting"
# ... that its dataset answers nothing any more, and that it does again.
RETIRED, RESTORED = "retired", "restored"
KINDS = (*CHANGES, OVERRIDE, BREACH, RECOVERED, WAITING, RETIRED, RESTORED)
# Of a manifest, what decides what a version answers; when and where it was trained does not.
_DECISIVE = ("config", "tuned", "interval", "files")
_LATER = ("learnt",)
# Where a manifest has a hash of itself: by what a version is judged, too.
_JUDGED = ("metrics", "details", "decision", "findings")
# Of its files, those that only tell of the training.
_REPORTS = (".csv", suspects.NAME, card.NAME, card.MARKDOWN)


@dataclass(frozen=True)
class Registered:
    """A bundle that can serve."""

    dataset: str
    number: int
    digest: str
    model: str
    at: str
    manifest: dict[str, Any]

    def path(self, var: Path) -> Path:
        """Return where its files are kept."""
        return _place(var, self.dataset, self.digest)


def digest(manifest: dict[str, Any]) -> str:
    """Return the hash of what decides a version's answers, and whether it may give them."""
    decisive = {name: manifest.get(name) for name in _DECISIVE}
    # What came later is left out where there is none, so that a version keeps its hash.
    decisive |= {name: manifest[name] for name in _LATER if name in manifest}
    decisive["files"] = {
        name: sha for name, sha in manifest["files"].items() if not name.endswith(_REPORTS)
    }
    if manifest.get("format", 0) > bundle.EARLIER:
        decisive |= {name: manifest.get(name) for name in _JUDGED}
        figures = manifest.get("metrics") or {}
        decisive["metrics"] = {name: figures[name] for name in figures if name != "seconds"}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def register(database: peewee.Database, var: Path, path: Path) -> Registered:
    """Copy a bundle into var/ and give it a number; the same bundle keeps the number it has.

    Raises UserError where a file of it is not the one that was trained.
    """
    kept = keep(var, path)
    found = known(database, kept)
    if found.number != UNNUMBERED:  # as it is mostly: nobody waits for the lock
        return found
    with databases.exclusive(database):
        return enter(database, kept)


def keep(var: Path, path: Path) -> Registered:
    """Copy a bundle into var/; return it as a version without a number, that none can ask for.

    Raises UserError where a file of it is not the one that was trained.
    """
    manifest = bundle.read_manifest(path)
    dataset, content = str(manifest["dataset"]), digest(manifest)
    place = _place(var, dataset, content)
    with _alone(var):
        if not _is_whole(place, manifest, path):
            _copy(path, place, manifest)
    return Registered(dataset, UNNUMBERED, content, manifest["model"], "", manifest)


def check(version: Registered, var: Path) -> dict[str, Any]:
    """Return the manifest in a version's folder, which may name a newer card.

    Raises UserError unless it and the database's are those of the version that was registered.
    """
    bundle.check(version.manifest, f"version {version.number} in the database")
    manifest = bundle.read_manifest(version.path(var))
    for where, one in (("the database", version.manifest), (version.path(var), manifest)):
        if digest(one) != version.digest:
            raise UserError(
                "The bundle's manifest is not the one that was registered.",
                code="broken_bundle",
                given=f"version {version.number} of '{version.dataset}', in {where}",
                fix="restore the database and var/versions/ from the same backup, or run the "
                "pipeline: make run; it was not loaded",
            )
    return manifest


def known(database: peewee.Database, kept: Registered) -> Registered:
    """Return the version that a bundle is already; itself where it is none yet."""
    same = [Version.dataset == kept.dataset, Version.digest == kept.digest]
    return next(iter(_find(database, *same)), kept)


def enter(database: peewee.Database, kept: Registered) -> Registered:
    """Give a bundle that was kept its number, within the caller's exclusive transaction."""
    found = known(database, kept)
    if found.number != UNNUMBERED:
        return found
    mine = Version.select(peewee.fn.MAX(Version.number)).where(Version.dataset == kept.dataset)
    entered = replace(kept, number=(mine.scalar(database) or 0) + 1, at=clock.text(clock.now()))
    row = {**vars(entered), "manifest": json.dumps(kept.manifest).encode()}
    Version.insert(row).execute(database)
    return entered


def every(database: peewee.Database, dataset: str) -> list[Registered]:
    """List a dataset's versions, the newest first."""
    return _find(database, Version.dataset == dataset)


def page(
    database: peewee.Database, dataset: str, most: int, before: int | None, *conditions: Any
) -> list[Registered]:
    """List at most so many of a dataset's versions that meet the conditions, the newest first."""
    older = [] if before is None else [Version.number < before]
    return _find(database, Version.dataset == dataset, *older, *conditions, most=most)


def models(database: peewee.Database, dataset: str) -> dict[str, int]:
    """Return how many versions a dataset has of each model."""
    counts = Version.select(Version.model, peewee.fn.COUNT(Version.number))
    counts = counts.where(Version.dataset == dataset).group_by(Version.model)
    return dict(counts.order_by(Version.model).tuples().execute(database))


def has_served(dataset: str) -> Any:
    """Return the condition on a version that it serves, or has served."""
    changes = Event.select(Event.number).where(Event.dataset == dataset, Event.kind.in_(CHANGES))
    return Version.number.in_(changes)


def numbers(database: peewee.Database, dataset: str) -> list[tuple[int, str]]:
    """List the numbers and the models of a dataset's versions, the newest first."""
    rows = Version.select(Version.number, Version.model).where(Version.dataset == dataset)
    return list(rows.order_by(Version.number.desc()).tuples().execute(database))


def get(database: peewee.Database, dataset: str, number: int) -> Registered:
    """Return a version; raise UserError where there is none of that number."""
    found = _find(database, Version.dataset == dataset, Version.number == number)
    if found:
        return found[0]
    known = [one for one, _ in numbers(database, dataset)]
    raise UserError(
        f"'{dataset}' has no such version.",
        code="unknown_version",
        given=number,
        choices=known if known else None,
        fix=f"python -m app models list {dataset}",
    )


def champions(database: peewee.Database) -> dict[str, int]:
    """Return each dataset's version that is to serve: that of the newest change."""
    return {event.dataset: event.number for event in _newest(database, CHANGES, Event.dataset)}


def serving_since(database: peewee.Database) -> dict[str, str]:
    """Return when each dataset's version that is to serve was promoted."""
    return {event.dataset: event.at for event in _newest(database, CHANGES, Event.dataset)}


def breaches(database: peewee.Database) -> dict[tuple[str, int], str]:
    """Return the versions that came under the gate while they served, and why."""
    return {
        (event.dataset, event.number): event.why
        for event in _newest(database, (BREACH, RECOVERED), Event.dataset, Event.number)
        if event.kind == BREACH
    }


def retired(database: peewee.Database) -> dict[str, Event]:
    """Return the datasets that were retired and not restored, with the event that says so."""
    newest = _newest(database, (RETIRED, RESTORED), Event.dataset)
    return {event.dataset: event for event in newest if event.kind == RETIRED}


def overrides(database: peewee.Database) -> set[tuple[str, int]]:
    """Return the versions that may serve although they fail the gate."""
    rows = Event.select(Event.dataset, Event.number).where(Event.kind == OVERRIDE).distinct()
    return set(rows.tuples().execute(database))


def _newest(database: peewee.Database, kinds: tuple[str, ...], *by: peewee.Field) -> list[Event]:
    """Return the newest event of these kinds for each dataset, or whatever they are told by."""
    newest = Event.select(peewee.fn.MAX(Event.id)).where(Event.kind.in_(kinds))
    rows = Event.select().where(Event.id.in_(newest.group_by(*by)))
    return list(rows.execute(database))


def events(
    database: peewee.Database,
    dataset: str,
    *,
    number: int | None = None,
    before: int | None = None,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """List what happened to a dataset's versions, or to one of them, the newest first."""
    conditions = [Event.dataset == dataset]
    conditions += [] if number is None else [Event.number == number]
    conditions += [] if before is None else [Event.id < before]
    rows = Event.select().where(*conditions).order_by(Event.id.desc()).limit(most)
    return list(rows.dicts().execute(database))


def last_event(database: peewee.Database) -> int:
    """Return the number of the newest event of all: it tells whether anything changed."""
    return int(Event.select(peewee.fn.MAX(Event.id)).scalar(database) or 0)


def tell(
    database: peewee.Database, dataset: str, number: int, *, kind: str, by: str, why: str
) -> None:
    """Write down what happened to a version; one of CHANGES says that it serves from now on."""
    Event.insert(
        at=clock.text(clock.now()), dataset=dataset, kind=kind, number=number, by=by, why=why
    ).execute(database)


def promote(
    database: peewee.Database, version: Registered, *, kind: str, by: str, why: str
) -> None:
    """Say that a version serves from now on."""
    tell(database, version.dataset, version.number, kind=kind, by=by, why=why)


def wait(database: peewee.Database, version: Registered, *, by: str, why: str) -> None:
    """Say that a version waits for a person, who may promote it."""
    tell(database, version.dataset, version.number, kind=WAITING, by=by, why=why)


def waiting(database: peewee.Database, dataset: str) -> dict[str, Any] | None:
    """Return the event of the version that waits for a person; None where none does.

    Of several the newest; none once another version has come to serve, for then it was held beside
    one that is gone.
    """
    kinds = (*CHANGES, WAITING)
    newest = Event.select().where(Event.dataset == dataset, Event.kind.in_(kinds))
    event = next(iter(newest.order_by(Event.id.desc()).limit(1).dicts().execute(database)), None)
    return event if event is not None and event["kind"] == WAITING else None


def offer(database: peewee.Database, version: Registered, why: str) -> bool:
    """Promote the pipeline's champion unless its last choice was the same one.

    Whoever rolled it back since then is not overruled by the same result.
    """
    with databases.exclusive(database):
        last = (
            Event.select(Event.number)
            .where(Event.dataset == version.dataset, Event.kind == PIPELINE)
            .order_by(Event.id.desc())
            .limit(1)
            .scalar(database)
        )
        if last == version.number:
            return False
        promote(database, version, kind=PIPELINE, by="dvc repro", why=why)
    return True


def earlier(database: peewee.Database, dataset: str) -> list[int]:
    """List the versions that served before the present one, the last first."""
    changes = [event for event in events(database, dataset) if event["kind"] in CHANGES]
    return list(dict.fromkeys(event["number"] for event in changes))[1:]


def before(database: peewee.Database, dataset: str) -> int:
    """Return the version that served before the present one; raise UserError where none did."""
    found = earlier(database, dataset)
    if found:
        return found[0]
    raise UserError(
        f"No other version of '{dataset}' has served before.",
        code="no_previous_version",
        fix=f"python -m app models promote {dataset} <number>",
    )


def _find(database: peewee.Database, *conditions: Any, most: int | None = None) -> list[Registered]:
    rows = Version.select().where(*conditions).order_by(Version.number.desc()).limit(most)
    return [
        Registered(
            row.dataset,
            row.number,
            row.digest,
            row.model,
            row.at,
            json.loads(bytes(row.manifest)),
        )
        for row in rows.execute(database)
    ]


def _place(var: Path, dataset: str, content: str) -> Path:
    return var / FOLDER / dataset / content[:16]


def _is_whole(place: Path, manifest: dict[str, Any], path: Path) -> bool:
    """Tell whether every file is there and undamaged; what is not is copied anew."""
    try:
        if bundle.read_manifest(place) != manifest:
            return False
        if _signature(path) not in (None, _signature(place)):
            return False
        for name in manifest["files"]:
            bundle.verified(place, name, manifest)
    except UserError:
        return False
    return True


def _copy(path: Path, place: Path, manifest: dict[str, Any]) -> None:
    """Copy what the manifest names, and nothing that is not what it says."""
    with files.new_folder(place, "The version") as fresh:
        for name in manifest["files"]:
            bundle.verified(path, name, manifest)
            shutil.copyfile(path / name, fresh / name)
        shutil.copyfile(path / bundle.MANIFEST, fresh / bundle.MANIFEST)
        if (signature := _signature(path)) is not None:
            (fresh / signing.SIGNATURE).write_bytes(signature)


def _signature(path: Path) -> bytes | None:
    try:
        return (path / signing.SIGNATURE).read_bytes()
    except FileNotFoundError:
        return None


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    """Let one process at a time copy; the others wait and then find it done."""
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (var / ".register.lock").open("ab") as file:
        files.lock(file)
        yield
