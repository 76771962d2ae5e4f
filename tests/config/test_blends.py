from __future__ import annotations

import copy
from typing import Any

import pytest

from src.config import configuration
from src.support.errors import UserError
from tests.config.test_configuration import VALUES

ONE = {**VALUES["model"], "space": {}}
TWO = {**ONE, "name": "other"}
BLEND = {"name": "both", "complexity": 3, "members": ["ridge", "other"], "recipes": [ONE, TWO]}


def build(search: dict[str, Any] | None = None, **model: Any) -> configuration.Config:
    values = copy.deepcopy(VALUES)
    values["search"] = search or {"name": "none"}
    values["model"] = {**BLEND, **model}
    return configuration.build(values)


def test_a_sound_blend_is_one() -> None:
    assert [one.name for one in build().model.recipes] == ["ridge", "other"]
    by_task = {"regression": ["ridge", "other"], "binary": ["else", "more"]}
    assert build(members=by_task, each={"more": {}}).model.members == by_task


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({"params": {"alpha": 1}}, "takes no params: each of its members has its own"),
        ({"drop": ["cut"]}, "model.each.<member>.drop, with a member of ridge, other"),
        ({"members": ["ridge"], "recipes": [ONE]}, "needs 2 members or more"),
        ({"members": ["ridge", "ridge"]}, "has a member twice"),
        ({"each": {"rigde": {}}}, "ridge"),
        ({"recipes": [ONE]}, "are not composed"),
        ({"members": []}, "has no estimator"),
        ({"members": {"binary": ["a", "b"]}}, "which serves binary"),
        ({"recipes": [ONE, {**TWO, "drop": ["no"]}]}, "'both' has a member that does not fit"),
    ],
)
def test_what_is_wrong_is_said(model: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        build(**model)
    assert says in str(caught.value)


def test_a_search_of_a_blend_names_the_way_to_search_a_member() -> None:
    with pytest.raises(UserError, match="nothing to search") as caught:
        build(search={"name": "optuna", "trials": 3})
    assert "model=ridge search=optuna" in str(caught.value)


def test_a_model_that_is_no_blend_takes_no_keys_of_one() -> None:
    with pytest.raises(UserError, match="is no blend"):
        configuration.build(
            {**VALUES, "model": {**VALUES["model"], "each": {"ridge": {"drop": []}}}}
        )
