from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.http import problems
from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.store import Registered
from src.support.errors import UserError
from tests.app import project
from tests.app.labels import truths


@pytest.fixture
def configured(home: Path) -> LiveConfig:
    made = LiveConfig()
    made.refresh()
    return made


@pytest.fixture
def gatekeeper(configured: LiveConfig) -> Gatekeeper:
    return Gatekeeper(configured)


@pytest.fixture
def linear(database: peewee.Database, configured: LiveConfig, tmp_path: Path) -> Registered:
    return truths.register(database, tmp_path / "var")[0]


def rule(configured: LiveConfig, name: str = "stones", **rules: Any) -> None:
    truths.rule(name, **rules)
    configured.refresh()


def tell(database: peewee.Database, kind: str, number: int = 1, why: str = "mae 9") -> None:
    version_store.tell(database, "stones", number, kind=kind, by="somebody", why=why)


def test_a_version_is_held_against_the_gate_that_conf_has_now(
    configured: LiveConfig, gatekeeper: Gatekeeper, linear: Registered
) -> None:
    assert gatekeeper.missed(linear) == []
    rule(configured, gate=truths.PASSED_BY_NONE)
    assert gatekeeper.missed(linear) == ["mae 90.9501 is above 50"]
    assert not gatekeeper.may_serve(linear)
    rule(configured, gate=truths.PASSED_BY_LINEAR)
    assert gatekeeper.missed(linear) == []
    assert gatekeeper.may_serve(linear)
    Path("conf/dataset/stones.yaml").unlink()
    configured.refresh()
    assert gatekeeper.missed(linear) == [], "no YAML, no gate"


def test_each_class_is_held_against_its_own_limit(
    database: peewee.Database, configured: LiveConfig, gatekeeper: Gatekeeper, tmp_path: Path
) -> None:
    logistic = truths.register(database, tmp_path / "var", "debts")[0]
    rule(configured, "debts", gate={"precision": {"each": {"min": 0.9}}})
    assert gatekeeper.missed(logistic) == []
    rule(
        configured, "debts", gate={"precision": {"each": {"min": 0.9}, "classes": {1: {"min": 1}}}}
    )
    assert gatekeeper.missed(logistic) == ["precision of 1 0.941176 is below 1"]


def test_what_was_found_is_refused_where_conf_says_so(
    configured: LiveConfig, gatekeeper: Gatekeeper, linear: Registered
) -> None:
    data = {**linear.manifest["data"], "findings": [project.LEAK]}
    leaking = replace(linear, manifest={**linear.manifest, "data": data})
    rule(configured, gate={"gap": "refuse", "coverage": {"min": 0.5}})
    assert gatekeeper.missed(leaking) == []
    rule(configured, gate={"leaks": "refuse", "coverage": {"max": 0.5}})
    coverage, leak = gatekeeper.missed(leaking)
    assert coverage == "coverage 1 is above 0.5"
    assert leak == "leaks: carat alone tells <99%> of price"
    assert not gatekeeper.may_serve(leaking)
    assert gatekeeper.missed(linear) == [coverage]


def test_a_version_of_before_serves_unless_the_gate_asks_for_what_was_not_looked_for(
    configured: LiveConfig, gatekeeper: Gatekeeper, linear: Registered
) -> None:
    manifest = {name: value for name, value in linear.manifest.items() if name != "findings"}
    old = replace(linear, manifest={**manifest, "data": {"md5": "x"}})
    rule(configured, gate={"coverage": {"min": 0.5}, **truths.PASSED_BY_LINEAR})
    assert gatekeeper.may_serve(old)
    rule(configured, gate={"leaks": "refuse"})
    assert gatekeeper.missed(old) == ["leaks: not looked for when it was trained; train it again"]


def test_who_was_let_through_may_serve_and_nobody_else(
    database: peewee.Database, configured: LiveConfig, gatekeeper: Gatekeeper, linear: Registered
) -> None:
    rule(configured, gate=truths.PASSED_BY_NONE)
    second = version_store.get(database, "stones", 2)
    tell(database, version_store.OVERRIDE)
    assert not gatekeeper.may_serve(linear), "not before it learns"
    gatekeeper.learn(database)
    assert gatekeeper.may_serve(linear)
    assert not gatekeeper.may_serve(second)
    assert gatekeeper.missed(linear), "the figures are what they are"
    assert not gatekeeper.is_permitted("debts", 1)


def test_a_refusal_has_the_figures_and_the_way_around(
    configured: LiveConfig, gatekeeper: Gatekeeper, linear: Registered
) -> None:
    rule(configured, gate={"mae": {"max": 50}, "r2": {"min": 1}})
    refusal = gatekeeper.refusal(linear)
    assert problems.status(refusal) == 409
    assert refusal.what == (
        "Version 1 of 'stones' (linear) fails the gate: "
        "mae 90.9501 is above 50; r2 0.997973 is below 1."
    )
    assert "POST /v1/stones/models/1/override" in refusal.fix


def test_a_breach_is_of_one_version_until_it_recovers(
    database: peewee.Database, gatekeeper: Gatekeeper
) -> None:
    assert gatekeeper.warning("stones", 1) is None
    tell(database, version_store.BREACH)
    tell(database, version_store.BREACH, 2, "mae 8")
    gatekeeper.learn(database)
    assert gatekeeper.breached() == [("stones", 1), ("stones", 2)]
    assert gatekeeper.breach("stones", 1) == "mae 9"
    assert gatekeeper.breach("stones", 2) == "mae 8"
    assert gatekeeper.breach("stones", 3) is gatekeeper.breach("debts", 1) is None
    tell(database, version_store.RECOVERED)
    gatekeeper.learn(database)
    assert gatekeeper.breached() == [("stones", 2)]
    assert gatekeeper.warning("stones", 1) is None


@pytest.mark.parametrize("policy", ["warn", "rollback", None])
def test_an_answer_says_that_its_version_came_under_the_gate(
    database: peewee.Database, configured: LiveConfig, gatekeeper: Gatekeeper, policy: str | None
) -> None:
    rule(configured, **({} if policy is None else {"on_breach": policy}))
    tell(database, version_store.BREACH)
    gatekeeper.learn(database)
    assert gatekeeper.warning("stones", 1) == "This version came under its gate: mae 9."
    assert gatekeeper.warning("stones", 2) is None


def test_where_a_breach_refuses_nothing_is_answered_until_it_is_overridden(
    database: peewee.Database, configured: LiveConfig, gatekeeper: Gatekeeper
) -> None:
    rule(configured, on_breach="refuse")
    tell(database, version_store.BREACH)
    gatekeeper.learn(database)
    with pytest.raises(UserError) as caught:
        gatekeeper.warning("stones", 1)
    assert problems.status(caught.value) == 503
    assert "mae 9" in caught.value.what
    assert "/v1/stones/models/1/override" in caught.value.fix
    tell(database, version_store.OVERRIDE)
    gatekeeper.learn(database)
    assert gatekeeper.warning("stones", 1) == "This version came under its gate: mae 9."
