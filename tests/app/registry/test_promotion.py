from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import promotion
from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.store import Registered
from src.support.errors import UserError
from tests.app.labels import truths

Promote = Callable[..., bool]


@pytest.fixture
def registered(database: peewee.Database, home: Path, tmp_path: Path) -> list[Registered]:
    """Register two versions of which the second fails the gate; the first one serves."""
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    found = truths.register(database, tmp_path / "var")
    truths.serve(database, found[0])
    return found


@pytest.fixture
def loaded() -> list[int]:
    """Collect the versions that were loaded."""
    return []


@pytest.fixture
def promote(database: peewee.Database, registered: list[Registered], loaded: list[int]) -> Promote:
    def load(version: Registered) -> Any:
        loaded.append(version.number)

    def promote(number: int, **words: Any) -> bool:
        configured = LiveConfig()
        configured.refresh()
        given: dict[str, Any] = {"load": load, "kind": "promote", "by": "ann", "why": "", **words}
        version = registered[number - 1]
        return promotion.promote(database, Gatekeeper(configured), version=version, **given)

    return promote


def last(database: peewee.Database) -> dict[str, Any]:
    return version_store.events(database, "stones")[0]


def test_a_version_that_passes_serves_from_now_on(
    promote: Promote, database: peewee.Database, loaded: list[int]
) -> None:
    truths.rule("stones")
    assert promote(2, why="a trial")
    assert loaded == [2]
    assert version_store.champions(database)["stones"] == 2
    event = last(database)
    assert (event["kind"], event["number"], event["by"]) == ("promote", 2, "ann")
    assert event["why"] == "a trial"
    assert event["at"].endswith("Z")


def test_who_serves_already_is_neither_loaded_nor_told_again(
    promote: Promote, database: peewee.Database, loaded: list[int]
) -> None:
    assert not promote(1)
    assert loaded == []
    assert truths.kinds(database) == [("promote", 1)]


def test_a_version_that_fails_the_gate_is_refused(
    promote: Promote, database: peewee.Database, loaded: list[int]
) -> None:
    with pytest.raises(UserError, match="is above 500") as caught:
        promote(2, why="I want it")
    assert caught.value.given == "version=2"
    assert "--override --why ..." in str(caught.value.fix)
    with pytest.raises(UserError) as caught:
        promote(2, how="ask nicely")
    assert caught.value.fix == "choose another version, or override with a reason: ask nicely"
    assert loaded == []
    assert truths.kinds(database) == [("promote", 1)]


@pytest.mark.parametrize("why", ["", "  "])
def test_nobody_overrides_without_a_reason(
    promote: Promote, database: peewee.Database, registered: list[Registered], why: str
) -> None:
    with pytest.raises(UserError, match="needs a reason"):
        promote(2, is_override=True, why=why)
    with pytest.raises(UserError, match="needs a reason"):
        promotion.override(database, registered[1], by="ann", why=why)
    assert truths.kinds(database) == [("promote", 1)]


def test_an_override_is_an_event_of_its_own(promote: Promote, database: peewee.Database) -> None:
    assert promote(2, is_override=True, why="no better one")
    assert truths.kinds(database) == [("promote", 1), ("override", 2), ("promote", 2)]
    told = {(event["by"], event["why"]) for event in version_store.events(database, "stones")[:2]}
    assert told == {("ann", "no better one")}


def test_what_needs_no_override_has_none(promote: Promote, database: peewee.Database) -> None:
    truths.rule("stones")
    assert promote(2, is_override=True)
    assert truths.kinds(database) == [("promote", 1), ("promote", 2)]


def test_who_was_let_through_before_is_promoted_without_another_word(
    promote: Promote, database: peewee.Database, registered: list[Registered]
) -> None:
    promotion.override(database, registered[1], by="ann", why="known")
    assert version_store.champions(database)["stones"] == 1, "an override promotes nothing"
    assert promote(2)
    assert truths.kinds(database) == [("promote", 1), ("override", 2), ("promote", 2)]


def test_what_does_not_load_is_not_announced(promote: Promote, database: peewee.Database) -> None:
    def load(_: Registered) -> Any:
        raise UserError("damaged")

    with pytest.raises(UserError, match="damaged"):
        promote(2, load=load, is_override=True, why="no better one")
    assert truths.kinds(database) == [("promote", 1)], "not even let through"
