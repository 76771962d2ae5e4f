"""The word on whether a fresh version is to serve, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from app.registry.store import Registered
from app.trainings.judging import verdict
from app.trainings.judging.dependence import Dependence
from app.trainings.judging.evidence import Evidence
from app.trainings.result import Contest
from app.trainings.schema import AnswerChange, ComparisonWithout, RowSource
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


HANGS = Dependence(ComparisonWithout("shop", 3), "without the labels of the key 'shop' it is worse")
TURNED = AnswerChange("file", 1000, 301, 0.301)


@pytest.mark.parametrize("keeper", [{}, {"breach": 1}, {"missed": [1]}])
@pytest.mark.parametrize(
    ("evidence", "promote", "expected", "words"),
    [
        ({"dependences": [HANGS]}, "auto", (False, False), "'shop' it is worse; with them: "),
        ({"changes": [TURNED]}, "auto", (False, True), "it waits for a person: it changes 301"),
        ({"changes": [TURNED]}, {"most_changed": 0.3}, (False, True), "it waits for a person"),
        ({"changes": [TURNED]}, {"most_changed": 0.301}, (True, False), "version 1"),
        (
            {"dependences": [HANGS], "changes": [TURNED]},
            {"most_changed": 0},
            (False, False),
            "'shop' it is worse",
        ),
    ],
)
def test_whoever_is_better_needs_the_word_of_others_or_of_a_person(
    evidence: dict[str, Any],
    promote: Any,
    expected: tuple[bool, bool],
    words: str,
    keeper: dict[str, Any],
    make_dataset: Callable[..., Any],
) -> None:
    """Also where the champion is under its gate: whose labels say so?"""
    champion, fresh = (Registered("stones", at, "", "linear", "", {}) for at in (1, 2))
    dataset, gatekeeper = make_dataset(promote=promote), cast(Any, Keeper(**keeper))
    found = verdict.decide(dataset, fresh, champion, Evidence(better(0.1), **evidence), gatekeeper)
    assert (found.is_promoted, found.waits) == expected
    assert words in found.why
    assert found.beside(["5 labels left out"]).why == f"{found.why}; 5 labels left out"


def test_what_is_not_better_waits_for_nobody(make_dataset: Callable[..., Any]) -> None:
    champion, fresh = (Registered("stones", at, "", "linear", "", {}) for at in (1, 2))
    gatekeeper, evidence = cast(Any, Keeper()), Evidence(better(-0.1), changes=[TURNED])
    found = verdict.decide(make_dataset(), fresh, champion, evidence, gatekeeper)
    assert found.document() == {"promoted": False, "decision": found.why, "waits": False}


def test_the_reason_says_on_whose_rows_it_is_better(make_dataset: Callable[..., Any]) -> None:
    champion, fresh = (Registered("stones", at, "", "linear", "", {}) for at in (1, 2))
    judged = {None: 40, "bank": 6, "till": 0, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1}
    sources = [
        RowSource(key=key, trusted=False, train=9, test=9, judged=count, left_out=0)
        for key, count in judged.items()
    ]
    for some, words in [
        (sources, " (40 of the file, 6 of the key 'bank', 1 of the key 'a', 1 of the key 'b', "),
        (sources, "1 of the key 'c', 2 of others)"),
        (sources[:1], "on the same 50 rows"),
    ]:
        evidence = Evidence(better(0.1), sources=some)
        found = verdict.decide(make_dataset(), fresh, champion, evidence, cast(Any, Keeper()))
        assert found.why.startswith("better by more than noise: ")
        assert words in found.why
    assert found.why.endswith("rows")
