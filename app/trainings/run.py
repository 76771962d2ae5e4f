"""A training from its row in the database to a version: gather, train, compare, judge, publish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import peewee
from msgspec import structs

from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.store import Registered
from app.settings import Settings
from app.store import clock
from app.store import database as databases
from app.trainings import preconditions, result, store
from app.trainings.heartbeat import Heartbeat
from app.trainings.judging import evidence, influence
from app.trainings.judging.influence import Subject
from app.trainings.judging.verdict import Verdict, decide
from app.trainings.retries import DatabaseWriter, with_retries
from app.trainings.rows import training_rows
from app.trainings.workspace import Workspace
from src.data.schema import without_rules
from src.runs import folders, training
from src.support import files


@dataclass(frozen=True)
class Done:
    """What was trained and is kept, to be a version, and whether that is to serve."""

    version: Registered
    result: dict[str, Any]
    verdict: Verdict
    champion: int | None  # whom it was compared with

    def words(self) -> str:
        """Say what came of it."""
        serves = "serves from now on" if self.verdict.is_promoted else "does not serve"
        return f"version {self.version.number} {serves}: {self.verdict.why}"

    def numbered(self, version: Registered) -> Done:
        """Return it with the version that it has become."""
        return replace(self, version=version, result={"version": version.number, **self.result})

    def overtaken(self) -> Done:
        """Return it as it is when another version came to serve meanwhile."""
        if not (self.verdict.is_promoted or self.verdict.waits):
            return self
        verdict = Verdict(False, "another version came to serve while this one was judged")
        figures = {**self.result, **verdict.document()}
        return replace(self, result=figures, verdict=verdict)


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
    gathered = training_rows.bounded(gathered, dataset, config.seed)
    ready, cleaned = training_rows.prepare(gathered, dataset, config.seed, config.folds)
    said = gathered.too_many(dataset.labels.most_of_one_key)
    parts = f"{len(ready.train)} to train, {len(ready.test)} to test {cleaned.words()}"
    pulse.step("; ".join([parts, *said, *cleaned.notes]))
    run = folders.Run(place.work)
    place.clear()
    with files.explained("The training's folder", place.work):
        place.work.mkdir(parents=True)
    snapshot = {training_rows.SNAPSHOT: gathered.parquet()}
    outcome, manifest = training.finish(config, ready, run, pulse, extra=snapshot)
    pulse.stage("comparing with the champion", 1)
    champion = with_retries(database, lambda: _champion(database, dataset.name))
    # At its usual priority: the service waits where it copies a bundle of its own.
    kept = errands(lambda: version_store.keep(var, run.path / folders.BUNDLE))
    version = with_retries(database, lambda: version_store.known(database, kept))
    configured.refresh()  # the rules of now, and not those of an hour ago
    gatekeeper = Gatekeeper(configured)
    with_retries(database, lambda: gatekeeper.learn(database))
    missed = gatekeeper.missed(version)
    ruled = configured.get(dataset.name) or dataset
    subject = Subject(dataset, gathered, ready, outcome, config.seed)
    proof = evidence.find(database, var, subject, champion, version)
    verdict = decide(ruled, version, champion, proof, gatekeeper).beside(said)
    figures = {
        **result.kpis(dataset, gathered, cleaned, ready, manifest),
        "gate": {"passed": not missed, "missed": missed},
        **proof.document(),
        **verdict.document(),
        "snapshot": manifest["files"][training_rows.SNAPSHOT],
    }
    labels = influence.find(subject, ruled.gate, missed, proof.contest)
    if labels is not None:
        figures["influence"] = msgspec.to_builtins(labels)
    pulse.step()
    return Done(version, figures, verdict, champion.number if champion else None)


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
        verdict = done.verdict
        words = {"by": f"training {number}", "why": verdict.why}
        if verdict.is_promoted:
            version_store.promote(database, version, kind=version_store.TRAINING, **words)
        elif verdict.waits:
            version_store.wait(database, version, **words)
    return done.words()


def _champion(database: peewee.Database, dataset: str) -> Registered | None:
    number = version_store.champions(database).get(dataset)
    return None if number is None else version_store.get(database, dataset, number)
