from __future__ import annotations

import pickle

import pytest

from src.support.errors import Fault, UserError, coded, did_you_mean, unknown


def test_message_says_what_was_given_what_is_allowed_and_what_to_do() -> None:
    error = UserError("It is odd.", given=3, choices=[2, "four"], fix="add one")
    assert str(error).splitlines() == [
        "It is odd.",
        "  given:   3",
        "  allowed: 2, four",
        "  do:      add one",
    ]


def test_message_leaves_out_what_is_not_known() -> None:
    assert str(UserError("It is odd.")) == "It is odd."


@pytest.mark.parametrize("given", [0, "", False])
def test_what_was_given_is_told_even_where_it_is_nothing(given: object) -> None:
    assert f"  given:   {given}" in str(UserError("It is odd.", given=given))


def test_an_empty_list_of_choices_is_told() -> None:
    assert str(UserError("It is odd.", choices=[])) == "It is odd.\n  allowed: (nothing)"


def test_an_error_reaches_another_process_whole() -> None:
    error = UserError("It is odd.", code="invalid_csv", given=3, errors=[Fault("No.", line=2)])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code, again.errors) == (str(error), error.code, error.errors)


def test_choices_may_be_an_iterator() -> None:
    error = UserError("It is odd.", choices=(n for n in (1, 2)))
    assert str(error) == str(error)
    assert "allowed: 1, 2" in str(error)


@pytest.mark.parametrize(
    ("given", "suggestion"),
    [("numbr", "did you mean 'number'?"), ("txt", "did you mean 'text'?"), ("zebra", None)],
)
def test_the_nearest_spelling_is_suggested_where_one_is_near(
    given: str, suggestion: str | None
) -> None:
    assert did_you_mean(given, ["number", "text"]) == suggestion


def test_a_suggestion_can_be_made_among_what_is_not_text() -> None:
    assert did_you_mean("20", [2024, 2000, 200]) == "did you mean '200'?"


def test_unknown_name_lists_the_choices_and_suggests_one() -> None:
    error = unknown("metric", "mea", (name for name in ("mae", "rmse")))
    assert isinstance(error, UserError)
    assert str(error).splitlines() == [
        "Unknown metric 'mea'.",
        "  allowed: mae, rmse",
        "  do:      did you mean 'mae'?",
    ]


def test_an_unknown_name_says_whose_choices_these_are_and_what_to_do() -> None:
    error = unknown("metric", "mae", ["f1"], of="a binary dataset", fix="metric: f1")
    assert error.what == "Unknown metric 'mae' of a binary dataset."
    assert error.fix == "metric: f1"


def test_an_error_has_a_code_for_programs() -> None:
    assert UserError("It is odd.").code == "invalid"
    assert unknown("search", "x", [], code="unknown_search").code == "unknown_search"
    with pytest.raises(UserError, match="odd") as caught, coded("queue_full"):
        raise UserError("It is odd.", given=3)
    assert (caught.value.code, caught.value.given) == ("queue_full", 3)
