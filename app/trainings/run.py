"""A training from its row in the database to a version: gather, train, compare, judge, publish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import peewee
from msgspec import structs

from app.registry import store as version_store
from app.registry.gate import Gatekeeper
from app.registry.live_config import LiveConfig
from app.registry.store import Registered
from app.settings import Settings
from app.store import clock
from app.store import database as databases
from app.trainings import influence, preconditions, result, store, training_rows
from app.trainings.heartbeat import Heartbeat
from app.trainings.influence import Subject
from app.trainings.result import Contest
from app.trainings.retries import DatabaseWriter, with_retries
from app.trainings.workspace import Workspace
from src.data.schema import Dataset, without_rules
from src.runs import folders, training
from src.runs.comparison import Fresh
from src.support import files


@dataclass(frozen=True)
class Done:
    """What was trained and is kept, to be a version, and whether that is to serve."""

    version: Registered
    result: dict[str, Any]
    is_promoted: bool
    why: str
    champion: int | None  # whom it was compared with

    def words(self) -> str:
        """Say what came of it."""
        serves = "serves from now on" if self.is_promoted else "does not serve"
        return f"version {self.version.number} {serves}: {self.why}"

    def numbered(self, version: Registered) -> Done:
        """Return it with the version that it has become."""
        return replace(self, version=version, result={"version": version.number, **self.result})

    def overtaken(self) -> Done:
        """Return it as it is when another version came to serve meanwhile."""
        if not self.is_promoted:
            return self
        why = "another version came to serve while this one was judged"
        figures = {**self.result, "promoted": False, "decision": why}
        return replace(self, result=figures, is_promoted=False, why=why)


def train(
    settings: Settings,
    database: peewee.Database,
    row: dict[str, Any],
    place: Workspace,
    pulse: Heartbeat,
    errands: DatabaseWriter,
) -> Done:
    """Train with the pipeline's own function on the rows as they are now, keep it and judge it."""
    var = settings.folder()
    configured = LiveConfig(var)
    configured.refresh()
    config = configured.config(row["dataset"], row["model"], row["search"], row["trials"])
    dataset = config.dataset
    config = structs.replace(config, dataset=without_rules(dataset))  # they train nothing
    pulse.stage("reading", 2)
    # Labels that come after the moment that is noted are left to another time.
    errands(lambda: store.tell(database, row["id"], frozen=clock.stamp()))
    gathered = with_retries(database, lambda: training_rows.gather(database, dataset, row["use"]))
    preconditions.check_hidden(dataset, gathered.labels, settings.redact)
    pulse.step(f"{len(gathered.frame)} rows, {gathered.labels} of them labels")
    ready, cleaned = training_rows.prepare(gathered, dataset, config.seed)
    pulse.step(f"{len(ready.train)} to train, {len(ready.test)} to test {cleaned.words()}")
    run = folders.Run(place.work)
    place.clear()
    with files.explained("The training's folder", place.work):
        place.work.mkdir(parents=True)
    snapshot = {training_rows.SNAPSHOT: gathered.parquet()}
    outcome, manifest = training.finish(config, ready, run, pulse, extra=snapshot)
    pulse.stage("comparing with the champion", 1)
    champion = with_retries(database, lambda: _champion(database, dataset.name))
    contest = None
    if champion is not None:
        fitted = outcome.fitted
        fresh = Fresh(dataset, fitted.classes, fitted.output, outcome.decision)
        contest = result.contest(fresh, ready.test, champion, var, config.seed)
    # At its usual priority: the service waits where it copies a bundle of its own.
    kept = errands(lambda: version_store.keep(var, run.path / folders.BUNDLE))
    version = with_retries(database, lambda: version_store.known(database, kept))
    configured.refresh()  # the rules of now, and not those of an hour ago
    gatekeeper = Gatekeeper(configured)
    with_retries(database, lambda: gatekeeper.learn(database))
    missed = gatekeeper.missed(version)
    ruled = configured.get(dataset.name) or dataset
    is_promoted, why = decide(ruled, version, champion, contest, gatekeeper)
    figures = {
        **result.kpis(dataset, gathered, cleaned, ready, manifest),
        "gate": {"passed": not missed, "missed": missed},
        "comparison": None if contest is None else contest.document(),
        "promoted": is_promoted,
        "decision": why,
        "snapshot": manifest["files"][training_rows.SNAPSHOT],
    }
    subject = Subject(dataset, gathered, ready, outcome, config.seed)
    labels = influence.find(subject, ruled.gate, missed, contest)
    if labels is not None:
        figures["influence"] = msgspec.to_builtins(labels)
    pulse.step()
    return Done(version, figures, is_promoted, why, champion.number if champion else None)


def publish(database: peewee.Database, row: dict[str, Any], done: Done, pulse: Heartbeat) -> str:
    """Say that a training is done: its version is there and, where that was decided, serves.

    All of it at once: a training that was cancelled or lost meanwhile leaves no version and changes
    nothing. Nor does one promote its version over another that came to serve while they were
    compared. Returns what came of it, in words.
    """
    number = row["id"]
    with databases.exclusive(database):
        # First of all, so that nobody ends it before this is over.
        if not store.tell(database, number, progress=pulse.progress):
            return "it was ended before it could say so; nothing changes"
        done = done.numbered(version_store.enter(database, done.version))
        version = done.version
        if version_store.champions(database).get(version.dataset) != done.champion:
            done = done.overtaken()
        told = {"result": done.result, "version": version.number}
        store.end(database, number, store.DONE, **told)
        if done.is_promoted:
            by = f"training {number}"
            version_store.promote(
                database, version, kind=version_store.TRAINING, by=by, why=done.why
            )
    return done.words()


def decide(
    dataset: Dataset,
    version: Registered,
    champion: Registered | None,
    contest: Contest | None,
    gatekeeper: Gatekeeper,
) -> tuple[bool, str]:
    """Tell whether a fresh version is to serve, and why or why not."""
    missed = gatekeeper.missed(version)
    if missed and not gatekeeper.is_permitted(dataset.name, version.number):
        return False, f"it fails the gate: {'; '.join(missed)}"
    if champion is not None and champion.number == version.number:
        return False, "it is the very version that serves already"
    if dataset.promote == "manual":
        return False, "it passes the gate; a person decides (promote: manual)"
    if champion is None:
        return True, "it passes the gate, and nothing serves yet"
    under = gatekeeper.breach(dataset.name, champion.number) or gatekeeper.missed(champion)
    if under and not gatekeeper.is_permitted(dataset.name, champion.number):
        return True, f"it passes the gate, and version {champion.number} does not"
    assert contest is not None  # there is one wherever there is a champion
    return _by_contest(contest)


def _by_contest(contest: Contest) -> tuple[bool, str]:
    found = contest.result
    if found is None or found.difference is None:
        note = contest.note or f"{contest.metric} is not defined on the rows that are new to it"
        return False, f"it cannot be compared with version {contest.champion}: {note}"
    figures = f"{contest.metric} {found.ours:.6g} against {found.theirs:.6g}"
    words = f"{figures} of version {contest.champion} on the same {contest.rows} rows"
    if found.is_better:
        return True, f"better by more than noise: {words}"
    verdict = "worse by more than noise" if contest.is_worse else "no better than chance explains"
    return False, f"{verdict}: {words}"


def _champion(database: peewee.Database, dataset: str) -> Registered | None:
    number = version_store.champions(database).get(dataset)
    return None if number is None else version_store.get(database, dataset, number)
