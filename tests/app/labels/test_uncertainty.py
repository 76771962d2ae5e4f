"""How unsure an answer is, and which come first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.labels import uncertainty
from app.store.redaction import HIDDEN
from src.data.schema import Dataset
from src.support.structs import convert
from tests.app import project
from tests.app.labels import truths

STONES, DEBTS, NOTES = (
    convert(given, Dataset) for given in (project.STONES, project.DEBTS, project.NOTES)
)


def row(number: str, answer: bytes, record: Any, *, is_labelled: bool = False) -> dict[str, Any]:
    """Make a stored prediction."""
    return {
        "id": number,
        "at": "t",
        "version": 1,
        "record": memoryview(json.dumps(record).encode()),
        "answer": answer,
        "is_labelled": is_labelled,
    }


def ranked(rows: list[dict[str, Any]], known: Dataset, limit: int) -> list[dict[str, Any]]:
    """Rank rows whose records are there to be fetched by id, a few at a time."""
    stored = {one["id"]: bytes(one.pop("record")) for one in map(dict, rows)}

    def fetch(numbers: list[str]) -> dict[str, bytes]:
        assert len(numbers) <= uncertainty.PIECE
        return {number: stored[number] for number in numbers if number != "gone"}

    return uncertainty.worth(uncertainty.look(rows, known), fetch, limit)


def debt(number: str, chance: float, amount: float = 1.0, **more: Any) -> dict[str, Any]:
    return row(number, truths.late(chance), {"amount": amount, "owner": "north"}, **more)


@pytest.mark.parametrize(("chance", "expected"), [(0.5, 1.0), (0.75, 0.5), (0.0, 0.0), (1.0, 0.0)])
def test_of_two_classes_an_even_chance_is_the_least_sure(chance: float, expected: float) -> None:
    assert uncertainty.unsure(json.loads(truths.late(chance)), DEBTS) == pytest.approx(expected)


def test_of_many_classes_the_two_likeliest_count() -> None:
    answer = {"probabilities": {"a": 0.1, "b": 0.5, "c": 0.4}}
    assert uncertainty.unsure(answer, NOTES) == pytest.approx(0.9)


def test_of_a_number_the_interval_is_seen_against_its_size() -> None:
    def of(value: float, width: float) -> float | None:
        return uncertainty.unsure(json.loads(truths.price(value, width)), STONES)

    assert of(200, 100) == pytest.approx(0.5)  # as wide as it is large
    assert of(200, 0) == 0.0
    assert of(0, 0) == 0.0
    assert of(-200, 100) == of(200, 100)
    small, large = of(1000, 100), of(100_000, 100)
    assert small is not None
    assert large is not None
    assert small > large


@pytest.mark.parametrize("answer", [{}, {"price": 3}, {"interval": {"low": 1, "high": 2}}])
def test_an_answer_that_does_not_say_is_none(answer: dict[str, Any]) -> None:
    for known in (STONES, DEBTS):
        assert uncertainty.unsure(answer, known) is None
    assert ranked([row("a", json.dumps(answer).encode(), {})], STONES, 5) == []


def test_the_least_sure_come_first_and_the_newest_of_equals() -> None:
    rows = [debt("a", 0.9, 1), debt("b", 0.6, 2), debt("c", 0.4, 3), debt("d", 0.5, 4)]
    assert [one["id"] for one in ranked(rows, DEBTS, 3)] == ["d", "b", "c"]
    (first,) = ranked(rows, DEBTS, 1)
    assert first["record"] == {"amount": 4, "owner": "north"}
    assert first["unsure"] == 1.0
    assert set(first["answer"]) == {"late", "interval", "probabilities"}


def test_each_record_comes_once_however_it_was_written() -> None:
    again = row("b", truths.late(0.6), {"owner": "north", "days": None, "amount": 1})
    found = ranked([debt("a", 0.6, 1.0), again], DEBTS, 5)
    assert [one["id"] for one in found] == ["a"]


def test_a_record_whose_truth_is_known_does_not_come_again() -> None:
    rows = [debt("a", 0.5), debt("b", 0.5, is_labelled=True), debt("c", 0.6, 2)]
    assert [one["id"] for one in ranked(rows, DEBTS, 5)] == ["c"]


def test_a_record_that_is_not_stored_whole_cannot_be_a_label() -> None:
    hidden = row("a", truths.late(0.5), {"amount": 1, "owner": HIDDEN})
    assert ranked([hidden], DEBTS, 5) == []


def test_one_that_is_gone_meanwhile_is_left_out() -> None:
    assert [one["id"] for one in ranked([debt("gone", 0.5), debt("b", 0.6)], DEBTS, 5)] == ["b"]


def test_many_equal_records_do_not_hide_what_comes_after() -> None:
    same = [debt(f"a{number}", 0.5) for number in range(3 * uncertainty.PIECE)]
    assert [one["id"] for one in ranked([*same, debt("b", 0.9, 2)], DEBTS, 2)] == ["a0", "b"]


def test_only_as_many_records_are_read_as_are_told() -> None:
    rows = [debt(f"a{number}", 0.5, number) for number in range(5 * uncertainty.PIECE)]
    read: list[str] = []

    def fetch(numbers: list[str]) -> dict[str, bytes]:
        read.extend(numbers)
        return {one["id"]: bytes(one["record"]) for one in rows if one["id"] in numbers}

    assert len(uncertainty.worth(uncertainty.look(rows, DEBTS), fetch, 3)) == 3
    assert len(read) == uncertainty.PIECE


def test_long_texts_are_cut() -> None:
    long = row("a", b'{"room":"bed","probabilities":{"bed":0.5,"bath":0.4}}', {"text": "x" * 400})
    (found,) = ranked([long], NOTES, 5)
    assert len(found["record"]["text"]) == 301
