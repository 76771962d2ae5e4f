from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import live_scores
from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.store import Registered
from app.store import ids
from app.store.tables import Label
from app.trainings.judging.gate_watch import GateWatch
from src.config import paths
from src.evaluation.bootstrap import LEAST
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused
from tests.app.warned import codes, messages

Look = Callable[[], None]
SERVES, BREACH, RECOVERED = ("promote", 1), ("breach", 1), ("recovered", 1)
LIMIT: dict[str, Any] = {"gate": {"mae": {"max": 200}}}


@pytest.fixture
def registered(database: peewee.Database, home: Path, tmp_path: Path) -> list[Registered]:
    """Register two versions of the stones of which the first one, that passes, serves."""
    found = truths.register(database, tmp_path / "var")
    truths.serve(database, found[0])
    return found


def looker(database: peewee.Database) -> Look:
    """Return what a steward does: it reads conf/ and looks at the champions."""
    configured = LiveConfig()
    watch = GateWatch(database, configured)

    def look() -> None:
        configured.refresh()
        watch.look()

    return look


@pytest.fixture
def look(database: peewee.Database, registered: list[Registered]) -> Look:
    return looker(database)


def missed(database: peewee.Database, by: float, count: int = 40, version: int = 1) -> list[str]:
    """Store labels of predictions that were wrong by about so much."""
    pairs = [(1000 + by + at % 5, truths.price(1000)) for at in range(count)]
    return truths.feedback(database, pairs, version=version)


def last(database: peewee.Database) -> dict[str, Any]:
    return version_store.events(database, "stones")[0]


def test_without_a_gate_nothing_is_looked_at(database: peewee.Database, look: Look) -> None:
    missed(database, 5000)
    look()
    assert truths.kinds(database) == [SERVES]


def test_a_champion_that_holds_its_limits_is_left_alone(
    database: peewee.Database, look: Look
) -> None:
    truths.rule("stones", **LIMIT)
    look()
    missed(database, 100)
    look()
    assert truths.kinds(database) == [SERVES]


def test_a_champion_that_misses_on_live_labels_is_told_once(
    database: peewee.Database, look: Look
) -> None:
    truths.rule("stones", **LIMIT)
    look()
    missed(database, 300)
    look()
    assert truths.kinds(database) == [SERVES, BREACH]
    event = last(database)
    assert event["by"] == "gate"
    assert event["why"] == "mae 302 (302 to 302) on 40 labels is above 200"
    look()
    missed(database, 400)
    look()
    looker(database)()  # as another worker does that takes over
    assert truths.kinds(database) == [SERVES, BREACH]


def test_fewer_labels_than_say_anything_say_nothing(database: peewee.Database, look: Look) -> None:
    truths.rule("stones", **LIMIT)
    missed(database, 5000, LEAST - 1)
    look()
    assert truths.kinds(database) == [SERVES]
    missed(database, 5000, 1)
    look()
    assert truths.kinds(database) == [SERVES, BREACH]


def test_two_labels_of_one_prediction_are_one(database: peewee.Database, look: Look) -> None:
    truths.rule("stones", **LIMIT)
    truths.feedback(database, [(9000, truths.price(1))] * LEAST, prediction=ids.new())
    look()
    assert truths.kinds(database) == [SERVES]


def test_chance_alone_is_no_breach(database: peewee.Database, look: Look) -> None:
    """The figure is over its limit, and the interval reaches to the other side of it."""
    truths.rule("stones", **LIMIT)
    pairs = [(1000 + 15 * at, truths.price(1000)) for at in range(LEAST)]
    truths.feedback(database, pairs)
    version = version_store.get(database, "stones", 1)
    score = live_scores.Scoreboard().of(database, version, ())["metrics"]["mae"]
    assert score["low"] < 200 < score["value"]
    look()
    assert truths.kinds(database) == [SERVES]


def test_a_gate_that_is_raised_and_lowered(database: peewee.Database, look: Look) -> None:
    look()
    truths.rule("stones", gate=truths.PASSED_BY_NONE)
    look()
    assert truths.kinds(database) == [SERVES, BREACH]
    assert last(database)["why"] == "mae 90.9501 is above 50"
    look()
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    look()
    look()
    assert truths.kinds(database) == [SERVES, BREACH, RECOVERED]
    assert last(database)["by"] == "gate"
    truths.rule("stones", gate=truths.PASSED_BY_NONE)
    look()
    truths.rule("stones")
    look()
    assert truths.kinds(database) == [SERVES, BREACH, RECOVERED, BREACH, RECOVERED]


def test_better_labels_let_a_champion_rise_again(database: peewee.Database, look: Look) -> None:
    truths.rule("stones", **LIMIT)
    wrong = missed(database, 300)
    look()
    Label.update(deleted="2026-01-01").where(Label.id.in_(wrong)).execute(database)
    missed(database, 10)
    look()
    assert truths.kinds(database) == [SERVES, BREACH, RECOVERED]


def test_the_least_of_a_figure_is_a_limit_too(database: peewee.Database, look: Look) -> None:
    truths.rule("stones", gate={"r2": {"min": 0.5}})
    missed(database, 300)
    look()
    assert truths.kinds(database) == [SERVES, BREACH]
    assert "is below 0.5" in last(database)["why"]


def test_a_roll_back_is_to_the_last_earlier_version_that_passes(
    database: peewee.Database, registered: list[Registered], look: Look
) -> None:
    linear, xgboost = registered
    truths.serve(database, xgboost)
    truths.serve(database, linear)
    truths.serve(database, xgboost)
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR, on_breach="rollback")
    look()
    look()
    assert truths.kinds(database)[3:] == [("promote", 2), ("breach", 2), ("rollback", 1)]
    assert version_store.champions(database)["stones"] == 1
    event = last(database)
    assert event["by"] == "gate"
    assert "version 2 came under the gate: mae 1985.08 is above 500" in event["why"]


@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_without_that_rule_nothing_is_rolled_back(
    database: peewee.Database, registered: list[Registered], look: Look, policy: str
) -> None:
    truths.serve(database, registered[1])
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR, on_breach=policy)
    look()
    assert truths.kinds(database) == [SERVES, ("promote", 2), ("breach", 2)]


def test_where_no_earlier_version_passes_the_champion_stays(
    database: peewee.Database, registered: list[Registered], look: Look
) -> None:
    truths.serve(database, registered[1])
    truths.rule("stones", gate=truths.PASSED_BY_NONE, on_breach="rollback")
    look()
    look()
    assert truths.kinds(database) == [SERVES, ("promote", 2), ("breach", 2)]


def test_two_versions_that_came_under_the_gate_do_not_take_turns(
    database: peewee.Database, registered: list[Registered], look: Look
) -> None:
    truths.serve(database, registered[1])
    truths.rule("stones", gate={"mae": {"max": 3000}}, on_breach="rollback")
    for version in (1, 2):
        missed(database, 5000, version=version)
    for _ in range(4):
        look()
    breached = [("breach", 2), ("rollback", 1), BREACH]
    assert truths.kinds(database) == [SERVES, ("promote", 2), *breached]


def test_a_version_that_was_rolled_back_rises_when_the_gate_is_lowered(
    database: peewee.Database, registered: list[Registered], look: Look
) -> None:
    truths.serve(database, registered[1])
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR, on_breach="rollback")
    look()
    truths.rule("stones", gate={"mae": {"max": 3000}}, on_breach="rollback")
    look()
    look()
    told = [("breach", 2), ("rollback", 1), ("recovered", 2)]
    assert truths.kinds(database) == [SERVES, ("promote", 2), *told], "it does not serve again"


def test_who_was_let_through_is_not_rolled_back(
    database: peewee.Database, registered: list[Registered], look: Look
) -> None:
    version_store.tell(database, "stones", 2, kind=version_store.OVERRIDE, by="ann", why="I know")
    truths.serve(database, registered[1])
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR, on_breach="rollback")
    look()
    assert truths.kinds(database)[-1] == ("breach", 2)
    assert version_store.champions(database)["stones"] == 2


@pytest.mark.parametrize("positives", [0, LEAST - 1, LEAST])
@pytest.mark.parametrize(
    "gate",
    [
        {"recall": {"min": 0.9}},
        {"f1": {"min": 0.1}},
        {"recall": {"each": {"min": 0.01}}},
        {"f1": {"classes": {1: {"min": 0.1}}}},
    ],
)
def test_a_figure_of_a_class_needs_labels_of_it(
    database: peewee.Database, home: Path, tmp_path: Path, gate: Any, positives: int
) -> None:
    truths.serve(database, truths.register(database, tmp_path / "var", "debts")[0])
    truths.rule("debts", gate=gate)
    pairs = [("0", truths.late(0.1))] * 40 + [("1", truths.late(0.1))] * positives
    truths.feedback(database, pairs, dataset="debts")
    looker(database)()
    expected = [SERVES] if positives < LEAST else [SERVES, BREACH]
    assert truths.kinds(database, "debts") == expected


GATES_OF_CALLS: list[Any] = [
    {"precision": {"min": 0.9}},
    {"precision": {"classes": {1: {"min": 0.9}}}},
    {"f1": {"min": 0.9}},
]


@pytest.mark.parametrize("called", [LEAST - 1, LEAST])
@pytest.mark.parametrize("gate", GATES_OF_CALLS)
def test_a_figure_of_what_was_called_a_class_needs_such_calls(
    database: peewee.Database, home: Path, tmp_path: Path, gate: Any, called: int
) -> None:
    """One label is of the class, and of what was called so all but it are wrong."""
    truths.serve(database, truths.register(database, tmp_path / "var", "debts")[0])
    truths.rule("debts", gate=gate)
    pairs = [("0", truths.late(0.1))] * 60 + [("1", truths.late(0.9))]
    pairs += [("0", truths.late(0.9))] * (called - 1)
    truths.feedback(database, pairs, dataset="debts")
    looker(database)()
    expected = [SERVES] if called < LEAST else [SERVES, BREACH]
    assert truths.kinds(database, "debts") == expected


def test_precision_says_nothing_of_a_class_that_was_never_called(
    database: peewee.Database, home: Path, tmp_path: Path
) -> None:
    truths.serve(database, truths.register(database, tmp_path / "var", "debts")[0])
    truths.rule("debts", gate={"precision": {"min": 0.9, "classes": {1: {"min": 0.9}}}})
    truths.feedback(database, [("1", truths.late(0.1))] * 60, dataset="debts")
    looker(database)()
    assert truths.kinds(database, "debts") == [SERVES]


@pytest.mark.parametrize(("least", "is_missed"), [(0.08, False), (0.1, True)])
def test_the_accuracy_is_held_against_its_limit_as_a_share(
    database: peewee.Database, home: Path, tmp_path: Path, least: float, is_missed: bool
) -> None:
    """None of 40 was right: by drawing that is 0 for certain, as a share it is up to 0.088."""
    truths.serve(database, truths.register(database, tmp_path / "var", "debts")[0])
    truths.rule("debts", gate={"accuracy": {"min": least}})
    truths.feedback(database, [("1", truths.late(0.1))] * 40, dataset="debts")
    looker(database)()
    expected = [SERVES, BREACH] if is_missed else [SERVES]
    assert truths.kinds(database, "debts") == expected


@pytest.mark.parametrize(("most", "is_missed"), [(0.3, False), (0.1, True)])
def test_the_share_that_is_left_to_people_is_held_against_its_limit(
    database: peewee.Database, home: Path, tmp_path: Path, most: float, is_missed: bool
) -> None:
    decide = {"threshold": 0.3, "band": [0.2, 0.45]}
    watched(database, tmp_path, decide, {"share": 0.1}, {"abstained": {"max": most}})
    pairs = [("0", truths.late(0.1))] * 70 + [("1", truths.late(0.4))] * 20
    truths.feedback(database, pairs, dataset="debts")
    looker(database)()
    assert truths.kinds(database, "debts") == ([SERVES, BREACH] if is_missed else [SERVES])


@pytest.mark.parametrize("called", [LEAST - 1, LEAST])
def test_a_figure_of_what_is_answered_needs_such_answers(
    database: peewee.Database, home: Path, tmp_path: Path, called: int
) -> None:
    """By one half none would be called positive, and those in the band are not counted."""
    decide = {"threshold": 0.3, "band": [0.2, 0.45]}
    watched(database, tmp_path, decide, {"share": 0.1}, {"precision_answered": {"min": 0.9}})
    pairs = [("0", truths.late(0.4))] * 60 + [("0", truths.late(0.47))] * (called - 1)
    truths.feedback(database, [*pairs, ("1", truths.late(0.49))], dataset="debts")
    looker(database)()
    expected = [SERVES] if called < LEAST else [SERVES, BREACH]
    assert truths.kinds(database, "debts") == expected


def watched(
    database: peewee.Database, tmp_path: Path, decide: Any, abstain: Any, gate: Any
) -> None:
    """Let a version of the debts serve that decides, and passes this gate as far as it knows."""

    def change(manifest: Any) -> None:
        manifest["decision"] = decide
        manifest["metrics"]["test"] |= {"abstained": 0.05, "precision_answered": 0.95}

    project.retell(paths.BUNDLES / "debts" / "logistic", "manifest.json", change)
    truths.serve(database, truths.register(database, tmp_path / "var", "debts")[0])
    truths.rule("debts", abstain=abstain, gate=gate)


@pytest.mark.parametrize("positives", [1, LEAST])
def test_a_rank_of_few_says_nothing(
    database: peewee.Database, home: Path, tmp_path: Path, positives: int
) -> None:
    truths.serve(database, truths.register(database, tmp_path / "var", "debts")[0])
    truths.rule("debts", gate={"roc_auc": {"min": 0.9}})
    pairs = [("0", truths.late(0.4))] * 60 + [("1", truths.late(0.1))] * positives
    truths.feedback(database, pairs, dataset="debts")
    looker(database)()
    expected = [SERVES] if positives < LEAST else [SERVES, BREACH]
    assert truths.kinds(database, "debts") == expected


def test_a_service_refuses_warns_or_recovers_as_conf_says(
    service: Service, database: peewee.Database
) -> None:
    look = looker(database)
    truths.rule("stones", **LIMIT)
    look()
    missed(database, 300)
    look()
    service.look()
    why = "mae 302 (302 to 302) on 40 labels is above 200"
    answer = service.predict(record=[service.ask("/v1/stones").json["example"]] * 2)
    for one in answer.json:
        assert messages(one)[0] == f"This version came under its gate: {why}."
    assert "gate_breached" not in service.predict(params={"version": 2}).text
    assert "gate_breached" not in codes(service.predict("debts").json)
    truths.rule("stones", **LIMIT, on_breach="refuse")
    service.look()
    assert_refused(service.predict(), 503, why)
    assert_refused(service.predict(params={"version": 1}), 503, why)
    truths.rule("stones", gate={"mae": {"max": 1000}}, on_breach="refuse")
    look()
    service.look()
    answer = service.predict()
    assert answer.status_code == 200
    assert "gate_breached" not in codes(answer.json)


def test_the_coverage_of_live_labels_is_held_against_its_limit(
    database: peewee.Database, look: Look
) -> None:
    truths.rule("stones", gate={"coverage": {"min": 0.5}, "gap": "refuse"})
    missed(database, by=2000)
    look()
    event = last(database)
    assert (event["kind"], event["number"]) == BREACH
    assert event["why"].startswith("coverage 0 (0 to ")
