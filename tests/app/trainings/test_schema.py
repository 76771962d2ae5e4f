"""What a training stores is what the API says that it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import peewee
import pytest

from app.settings import Settings
from app.trainings import store
from app.trainings.schema import State, TrainingProgress, TrainingRequest, TrainingResult
from src.support.errors import UserError
from src.support.structs import convert
from tests.app.trainings.jobs import debts, label, train


def described(kind: Any, stored: Any) -> Any:
    return msgspec.to_builtins(msgspec.convert(stored, kind))


def test_a_result_has_what_is_described_and_no_more(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(60))
    alone = train(database, settings)["result"]
    assert alone["comparison"] is None
    assert described(TrainingResult, alone) == alone
    beside = train(database, settings, use="labels")["result"]
    assert beside["comparison"]["champion"] == alone["version"]
    assert described(TrainingResult, beside) == beside


@pytest.mark.parametrize(
    "stored", [{}, {"stage": "trials", "step": 3, "of": 9, "note": "best 0.9"}]
)
def test_progress_has_what_is_described_and_no_more(stored: dict[str, Any]) -> None:
    assert described(TrainingProgress, stored) == stored


def test_the_states_are_those_that_are_stored() -> None:
    assert sorted(get_args(State)) == sorted(store.STATES)


@pytest.mark.parametrize("body", [{"trials": 0}, {"use": "all"}, {"name": "two\nlines"}])
def test_what_cannot_be_trained_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        convert(body, TrainingRequest, "body")
