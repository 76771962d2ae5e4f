"""Whether a fresh version is to serve: by the gate, beside the champion, and by whose word."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.registry.gate import Gatekeeper
from app.registry.store import Registered
from app.trainings.judging import changes, dependence
from app.trainings.judging.evidence import Evidence
from app.trainings.result import Contest
from src.data.schema import Dataset


class Verdict(NamedTuple):
    """Whether a version is to serve, and why or why not; or whether it waits for a person."""

    is_promoted: bool
    why: str
    waits: bool = False

    def beside(self, notes: list[str]) -> Verdict:
        """Return it with what else is to be said of why."""
        return self._replace(why="; ".join([self.why, *notes]))

    def document(self) -> dict[str, Any]:
        """Return it as plain values, as the result of a training has them."""
        return {"promoted": self.is_promoted, "decision": self.why, "waits": self.waits}


def decide(
    dataset: Dataset,
    version: Registered,
    champion: Registered | None,
    evidence: Evidence,
    gatekeeper: Gatekeeper,
) -> Verdict:
    """Tell whether a fresh version is to serve, and why or why not."""
    missed = gatekeeper.missed(version)
    if missed and not gatekeeper.is_permitted(dataset.name, version.number):
        return Verdict(False, f"it fails the gate: {'; '.join(missed)}")
    if champion is not None and champion.number == version.number:
        return Verdict(False, "it is the very version that serves already")
    if dataset.promote == "manual":
        return Verdict(False, "it passes the gate; a person decides (promote: manual)")
    if champion is None:
        return Verdict(True, "it passes the gate, and nothing serves yet")
    verdict = _beside(dataset, champion, evidence, gatekeeper)
    if not verdict.is_promoted:
        return verdict
    if hangs := dependence.objection(evidence.dependences):
        return Verdict(False, f"{hangs}; with them: {verdict.why}")
    if moves := changes.objection(evidence.changes, dataset.most_changed):
        return Verdict(False, f"it waits for a person: {moves}; {verdict.why}", waits=True)
    return verdict


def _beside(
    dataset: Dataset, champion: Registered, evidence: Evidence, gatekeeper: Gatekeeper
) -> Verdict:
    under = gatekeeper.breach(dataset.name, champion.number) or gatekeeper.missed(champion)
    if under and not gatekeeper.is_permitted(dataset.name, champion.number):
        return Verdict(True, f"it passes the gate, and version {champion.number} does not")
    assert evidence.contest is not None  # there is one wherever there is a champion
    return _by_contest(evidence.contest, evidence.judges())


def _by_contest(contest: Contest, judges: str) -> Verdict:
    found = contest.result
    if found is None or found.difference is None:
        note = contest.note or f"{contest.metric} is not defined on the rows that are new to it"
        return Verdict(False, f"it cannot be compared with version {contest.champion}: {note}")
    figures = f"{contest.metric} {found.ours:.6g} against {found.theirs:.6g}"
    words = f"{figures} of version {contest.champion} on the same {contest.rows} rows{judges}"
    if found.is_better:
        return Verdict(True, f"better by more than noise: {words}")
    said = "worse by more than noise" if contest.is_worse else "no better than chance explains"
    return Verdict(False, f"{said}: {words}")
