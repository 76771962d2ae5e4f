"""Champions that came under their gate: on the held-out rows or on what came after."""

from __future__ import annotations

from typing import Any

import numpy as np
import peewee

from app.registry import live_scores
from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.live_scores import Live
from app.registry.store import Registered
from app.store import database as databases
from src.data import gate
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.bootstrap import LEAST

BY = "gate"


class GateWatch:
    """Hold each champion against its gate when its labels or conf/ changed, and write it down."""

    def __init__(self, database: peewee.Database, configured: LiveConfig) -> None:
        self._database = database
        self._configured = configured
        self._gatekeeper = Gatekeeper(configured)
        self._seen: dict[tuple[str, int], Any] = {}

    def look(self) -> None:
        """Look at every champion that has a gate, and at every version that came under its own."""
        self._gatekeeper.learn(self._database)
        breached = self._gatekeeper.breached()
        champions = version_store.champions(self._database).items()
        for name, number in dict.fromkeys([*champions, *breached]):
            dataset = self._configured.get(name)
            if dataset is not None and (dataset.gate or (name, number) in breached):
                self._look_at(dataset, number)

    def _look_at(self, dataset: Dataset, number: int) -> None:
        name = dataset.name
        signature = live_scores.signatures(self._database, name).get(number)
        seen = (dataset, signature)
        if seen == self._seen.get((name, number)):
            return
        version = version_store.get(self._database, name, number)
        missed = self._gatekeeper.missed(version)
        if signature is not None and signature[0] >= LEAST:
            found = live_scores.live(self._database, version)
            missed += [] if found is None else live_misses(found, dataset)
        with databases.exclusive(self._database):  # a roll-back is never lost after its breach
            self._tell(dataset, version, missed)
        self._seen[name, number] = seen

    def _tell(self, dataset: Dataset, version: Registered, missed: list[str]) -> None:
        """Write down that a champion came under the gate, or a version rose again; once each."""
        name, number = version.dataset, version.number
        is_known = self._gatekeeper.breach(name, number) is not None
        if is_known and not missed:
            why = "all limits held"
            version_store.tell(
                self._database, name, number, kind=version_store.RECOVERED, by=BY, why=why
            )
        elif missed and not is_known:
            why = "; ".join(missed)
            version_store.tell(
                self._database, name, number, kind=version_store.BREACH, by=BY, why=why
            )
            is_serving = version_store.champions(self._database).get(name) == number
            if dataset.on_breach == "rollback" and is_serving:
                self._roll_back(version, why)

    def _roll_back(self, version: Registered, why: str) -> None:
        """Go back to the last version that served before and may serve, if there is one.

        A version that an administrator let through stays: somebody decided that.
        """
        name, keeper = version.dataset, self._gatekeeper
        if keeper.is_permitted(name, version.number):
            return
        for number in version_store.earlier(self._database, name):
            # Of two that came under the gate each would go back to the other.
            is_sound = keeper.breach(name, number) is None or keeper.is_permitted(name, number)
            earlier = version_store.get(self._database, name, number)
            if is_sound and keeper.may_serve(earlier):
                why = f"version {version.number} came under the gate: {why}"
                version_store.promote(
                    self._database, earlier, kind=version_store.ROLLBACK, by=BY, why=why
                )
                return


def live_misses(found: Live, dataset: Dataset) -> list[str]:
    """Say each limit that the figures of live labels miss, with their whole interval."""

    def figures(rows: Any = None) -> dict[str, float | None]:
        return gate.figures(found.figures(rows), dataset.gate, found.per_class(rows))

    values = figures()
    bounds = found.bounds(figures)
    counts = _counts(found)
    said = []
    for words, limits in gate.limits(dataset.gate, found.classes or ()).items():
        value, count = values.get(words), counts.get(words, len(found.truth))
        if value is None or words not in bounds or count < LEAST:
            continue
        low, high = live_scores.around(value, bounds[words])
        span = f"{value:.3g} ({low:.3g} to {high:.3g}) on {count} labels"
        if limits.min is not None and high < limits.min:
            said.append(f"{words} {span} is below {limits.min:g}")
        elif limits.max is not None and low > limits.max:
            said.append(f"{words} {span} is above {limits.max:g}")
    return said


def _counts(found: Live) -> dict[str, int]:
    """Count the labels that figures of a single class rest on, by their words.

    One label of a class, drawn again and again, gives an interval as narrow as if it were certain.
    """
    if found.classes is None:
        return {}
    right, true, called = _table(found, np.ones(len(found.truth), dtype=bool))
    # F1 is 2 right / (true + called). It rises and falls with the share of right ones among the
    # rows that are of the class or were called so, and rests on them: a class that is never called
    # any more has an F1 of 0 for certain, once enough rows were of it.
    of = {"precision": called, "recall": true, "f1": true + called - right}
    counts = {
        f"{metric} of {name}": int(each[at])
        for metric, each in of.items()
        for at, name in enumerate(found.classes)
    }
    if found.dataset.task == "binary":
        counts |= {metric: int(each[1]) for metric, each in of.items()}
        counts["roc_auc"] = int(true[:2].min())
        is_kept = ~found.decision.abstains(found.output)
        right, true, called = _table(found, is_kept)
        of = {"precision": called, "recall": true, "f1": true + called - right}
        counts |= {f"{metric}_answered": int(each[1]) for metric, each in of.items()}
        counts["accuracy_answered"] = int(is_kept.sum())
    return counts


def _table(found: Live, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count for each class the rows that are right, those that are of it and those called so."""
    table = np.array(measures.confusion(found.truth[kept], found.output[kept], found.decision))
    return table.diagonal(), table.sum(axis=1), table.sum(axis=0)
