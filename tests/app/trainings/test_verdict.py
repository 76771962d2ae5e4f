"""The word on whether a fresh version is to serve, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.registry.store import Registered
from app.trainings import verdict
from app.trainings.evidence import Evidence
from app.trainings.result import Contest
from src.evaluation.bootstrap import Comparison


class Keeper:
    """A gatekeeper who says what he is told to."""

    def __init__(self, missed: Any = (), permitted: Any = (), breach: int | None = None) -> None:
        self._missed, self._permitted, self._breach = missed, permitted, breach

    def missed(self, version: Registered) -> list[str]:
        return ["accuracy 0.5 is below 0.9"] if version.number in self._missed else []

    def is_permitted(self, dataset: str, number: int) -> bool:
        return number in self._permitted

    def breach(self, dataset: str, number: int) -> str | None:
        return "live" if number == self._breach else None


def better(by: float | None) -> Contest:
    result = Comparison(0.9, 0.8, by, by, by, by is not None and by > 0)
    return Contest(50, 0, "accuracy", result, champion=1)


NO_CONTEST = Contest(3, 0, "accuracy", None, "only 3 rows", champion=1)


@pytest.mark.parametrize(
    ("number", "before", "contest", "promote", "keeper", "expected"),
    [
        (2, None, None, "auto", {}, (True, "nothing serves yet")),
        (2, None, None, "manual", {}, (False, "a person decides")),
        (2, None, None, "auto", {"missed": [2]}, (False, "it fails the gate: accuracy 0.5")),
        (2, None, None, "auto", {"missed": [2], "permitted": [2]}, (True, "nothing serves yet")),
        (1, 1, better(0.1), "auto", {}, (False, "very version that serves")),
        (1, 1, better(0.1), "manual", {}, (False, "very version that serves")),
        (2, 1, better(0.1), "manual", {}, (False, "a person decides")),
        (2, 1, better(0.1), "auto", {}, (True, "better by more than noise: accuracy 0.9 against")),
        (2, 1, better(-0.1), "auto", {}, (False, "worse by more than noise: accuracy 0.9")),
        (2, 1, better(0.0), "auto", {}, (False, "no better than chance explains: accuracy")),
        (2, 1, better(0.1), "auto", {"missed": [2]}, (False, "fails the gate")),
        (2, 1, better(-0.1), "auto", {"missed": [1]}, (True, "version 1 does not")),
        (2, 1, better(-0.1), "auto", {"breach": 1}, (True, "version 1 does not")),
        (2, 1, better(-0.1), "auto", {"breach": 7}, (False, "worse by")),
        (2, 1, better(-0.1), "auto", {"breach": 1, "permitted": [1]}, (False, "worse by")),
        (2, 1, better(0.1), "auto", {"missed": [1, 2]}, (False, "fails the gate")),
        (2, 1, NO_CONTEST, "auto", {}, (False, "cannot be compared with version 1: only 3 rows")),
        (2, 1, NO_CONTEST, "auto", {"breach": 1}, (True, "version 1 does not")),
        (2, 1, better(None), "auto", {}, (False, "not defined on the rows")),
    ],
)
def test_who_is_to_serve(
    number: int,
    before: int | None,
    contest: Contest | None,
    promote: str,
    keeper: dict[str, Any],
    expected: tuple[bool, str],
    make_dataset: Callable[..., Any],
) -> None:
    def version(number: int) -> Registered:
        return Registered("stones", number, "", "linear", "", {})

    dataset = make_dataset(promote=promote)
    serves = None if before is None else version(before)
    gatekeeper: Any = Keeper(**keeper)
    found = verdict.decide(dataset, version(number), serves, Evidence(contest), gatekeeper)
    assert found[0] is expected[0]
    assert expected[1] in found[1]
