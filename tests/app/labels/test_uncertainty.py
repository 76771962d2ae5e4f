"""How unsure an answer is and which come first; over HTTP on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.auth import keys
from app.labels import uncertainty
from app.labels.uncertainty import UncertainPrediction
from app.registry.registry import Registry
from app.store.redaction import HIDDEN
from src.data.schema import Dataset
from src.support.structs import convert
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused

STONES, DEBTS, NOTES = (
    convert(given, Dataset) for given in (project.STONES, project.DEBTS, project.NOTES)
)
PATH = "/v1/debts/uncertain"


def row(
    prediction_id: str, answer: bytes, record: Any, *, is_labelled: bool = False
) -> dict[str, Any]:
    """Make a stored prediction."""
    return {
        "id": prediction_id,
        "at": "t",
        "version": 1,
        "record": memoryview(json.dumps(record).encode()),
        "answer": answer,
        "is_labelled": is_labelled,
    }


def ranked(rows: list[dict[str, Any]], dataset: Dataset, limit: int) -> list[UncertainPrediction]:
    """Rank rows whose records are there to be fetched by id, a few at a time."""
    stored = {one["id"]: bytes(one.pop("record")) for one in map(dict, rows)}

    def fetch(numbers: list[str]) -> dict[str, bytes]:
        assert len(numbers) <= uncertainty.BATCH
        return {number: stored[number] for number in numbers if number != "gone"}

    return uncertainty.least_sure(uncertainty.scan_predictions(rows, dataset), fetch, limit)


def debt(number: str, chance: float, amount: float = 1.0, **more: Any) -> dict[str, Any]:
    return row(number, truths.late(chance), {"amount": amount, "owner": "north"}, **more)


@pytest.mark.parametrize(("chance", "expected"), [(0.5, 1.0), (0.75, 0.5), (0.0, 0.0), (1.0, 0.0)])
def test_of_two_classes_an_even_chance_is_the_least_sure(chance: float, expected: float) -> None:
    assert uncertainty.uncertainty(json.loads(truths.late(chance)), DEBTS) == pytest.approx(
        expected
    )


def test_of_many_classes_the_two_likeliest_count() -> None:
    answer = {"probabilities": {"a": 0.1, "b": 0.5, "c": 0.4}}
    assert uncertainty.uncertainty(answer, NOTES) == pytest.approx(0.9)


def test_of_a_number_the_interval_is_seen_against_its_size() -> None:
    def of(value: float, width: float) -> float | None:
        return uncertainty.uncertainty(json.loads(truths.price(value, width)), STONES)

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
    for dataset in (STONES, DEBTS):
        assert uncertainty.uncertainty(answer, dataset) is None
    assert ranked([row("a", json.dumps(answer).encode(), {})], STONES, 5) == []


def test_the_least_sure_come_first_and_the_newest_of_equals() -> None:
    rows = [debt("a", 0.9, 1), debt("b", 0.6, 2), debt("c", 0.4, 3), debt("d", 0.5, 4)]
    assert [one.id for one in ranked(rows, DEBTS, 3)] == ["d", "b", "c"]
    (first,) = ranked(rows, DEBTS, 1)
    assert first.record == {"amount": 4, "owner": "north"}
    assert first.unsure == 1.0
    assert set(first.answer) == {"late", "interval", "probabilities"}


def test_each_record_comes_once_however_it_was_written() -> None:
    again = row("b", truths.late(0.6), {"owner": "north", "days": None, "amount": 1})
    found = ranked([debt("a", 0.6, 1.0), again], DEBTS, 5)
    assert [one.id for one in found] == ["a"]


def test_a_record_whose_truth_is_known_does_not_come_again() -> None:
    rows = [debt("a", 0.5), debt("b", 0.5, is_labelled=True), debt("c", 0.6, 2)]
    assert [one.id for one in ranked(rows, DEBTS, 5)] == ["c"]


def test_a_record_that_is_not_stored_whole_cannot_be_a_label() -> None:
    hidden = row("a", truths.late(0.5), {"amount": 1, "owner": HIDDEN})
    assert ranked([hidden], DEBTS, 5) == []


def test_one_that_is_gone_meanwhile_is_left_out() -> None:
    assert [one.id for one in ranked([debt("gone", 0.5), debt("b", 0.6)], DEBTS, 5)] == ["b"]


def test_many_equal_records_do_not_hide_what_comes_after() -> None:
    same = [debt(f"a{number}", 0.5) for number in range(3 * uncertainty.BATCH)]
    assert [one.id for one in ranked([*same, debt("b", 0.9, 2)], DEBTS, 2)] == ["a0", "b"]


def test_only_as_many_records_are_read_as_are_told() -> None:
    rows = [debt(f"a{number}", 0.5, number) for number in range(5 * uncertainty.BATCH)]
    read: list[str] = []

    def fetch(numbers: list[str]) -> dict[str, bytes]:
        read.extend(numbers)
        return {one["id"]: bytes(one["record"]) for one in rows if one["id"] in numbers}

    assert len(uncertainty.least_sure(uncertainty.scan_predictions(rows, DEBTS), fetch, 3)) == 3
    assert len(read) == uncertainty.BATCH


def test_long_texts_are_cut() -> None:
    long = row("a", b'{"room":"bed","probabilities":{"bed":0.5,"bath":0.4}}', {"text": "x" * 400})
    (found,) = ranked([long], NOTES, 5)
    assert len(found.record["text"]) == 301


def debt_of(amount: float) -> dict[str, Any]:
    return {**project.DEBT, "amount": amount}


def predictions(service: Service, path: str = PATH, **params: Any) -> list[dict[str, Any]]:
    answer = service.ask(path, params=params)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json["predictions"]
    return rows


def test_the_answers_that_were_least_sure_come_first_of_one_record_or_many(
    service: Service,
) -> None:
    one = service.predict("debts", debt_of(480)).json
    many = service.predict("debts", [debt_of(20), debt_of(990), debt_of(520)]).json
    service.predict("stones")
    rows = predictions(service)
    assert {row["id"] for row in rows} == {one["id"], *(each["id"] for each in many)}
    doubts = [row["unsure"] for row in rows]
    assert doubts == sorted(doubts, reverse=True)
    assert 0 <= doubts[-1] < doubts[0] <= 1
    assert {row["record"]["amount"] for row in rows[:2]} == {480, 520}
    assert rows[0]["answer"]["probabilities"].keys() == {"0", "1"}
    assert [row["id"] for row in predictions(service, limit=1)] == [rows[0]["id"]]


def test_what_gets_its_truth_goes_and_comes_back_without_it(service: Service) -> None:
    for amount in (480, 480, 520):
        service.predict("debts", debt_of(amount))
    first, second = predictions(service)
    path = f"/v1/debts/predictions/{first['id']}/label"
    headers = {"Content-Type": "application/json"}
    label = service.ask(path, "PUT", body='{"late": 1}', headers=headers).json
    document = service.ask(PATH).json
    assert [row["id"] for row in document["predictions"]] == [second["id"]]
    assert (document["looked_at"], document["labelled"]) == (3, 1)
    service.ask(f"/v1/debts/labels/{label['id']}", "DELETE")
    assert len(predictions(service)) == 2


@pytest.mark.parametrize("dataset", ["stones", "notes"])
def test_every_kind_of_target_has_its_measure(service: Service, dataset: str) -> None:
    service.predict(dataset)
    document = service.ask(f"/v1/{dataset}/uncertain").json
    assert document["measure"]
    (row,) = document["predictions"]
    assert 0 < row["unsure"] < 1
    assert row["answer"][project.TARGETS[dataset]]


def test_a_dataset_that_was_never_trained_has_none(service: Service) -> None:
    document = service.ask("/v1/ghosts/uncertain").json
    assert (document["looked_at"], document["predictions"]) == (0, [])


@pytest.mark.parametrize("target", [1, [1, 2], {"is": "late"}])
def test_a_target_that_was_sent_with_the_record_is_left_out(service: Service, target: Any) -> None:
    record = project.RECORDS["debts"]
    first = service.predict("debts", {**record, "late": target})
    assert first.status_code == 200, first.text
    service.predict("debts", record)
    (suggested,) = service.ask(PATH).json["predictions"]
    assert suggested["record"] == record


def test_only_so_many_rows_are_looked_through(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uncertainty, "DEPTH", 3)
    service.predict("debts", debt_of(480))
    newer = service.predict("debts", debt_of(520)).json["id"]
    for _ in range(3):
        service.predict("stones")
    assert [row["id"] for row in predictions(service)] == [newer]


@pytest.mark.parametrize(
    ("chance", "expected"), [(0.2, 1.0), (0.1, 0.5), (0.6, 0.5), (0.0, 0.0), (1.0, 0.0)]
)
def test_with_a_threshold_what_is_near_it_is_the_least_sure(chance: float, expected: float) -> None:
    answer = {**json.loads(truths.late(chance)), "threshold": 0.2}
    assert uncertainty.uncertainty(answer, DEBTS) == pytest.approx(expected)


def test_what_is_left_to_a_person_comes_first() -> None:
    chances = {"a": 0.2, "b": 0.9, "c": 0.3, "d": 0.7}
    rows = []
    for at, (number, chance) in enumerate(chances.items()):
        said = json.loads(truths.late(chance)) | {"threshold": 0.2, "abstains": chance > 0.5}
        rows.append(row(number, json.dumps(said).encode(), {"amount": float(at)}))
    assert [one.id for one in ranked(rows, DEBTS, 9)] == ["d", "b", "a", "c"]


def test_only_what_the_champion_was_unsure_of_counts(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.predict("debts")
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "number", lambda *_: 99)
        assert service.ask(PATH).json["looked_at"] == 0
    assert service.ask(PATH).json["looked_at"] == 1


def test_it_needs_the_scope_of_labels(service: Service) -> None:
    with service.database:
        own = {scope: keys.create(service.database, scope, [scope]) for scope in ("label", "train")}
    service.look()
    assert service.ask(PATH, headers={"X-API-Key": own["label"]}).status_code == 200
    assert_refused(service.ask(PATH, headers={"X-API-Key": own["train"]}), 403, "label")


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"most": 1}])
def test_a_wrong_parameter_is_refused(service: Service, params: dict[str, int]) -> None:
    assert_refused(service.ask(PATH, params=params), 400, next(iter(params)))


def test_what_it_tells_is_not_stored_again(service: Service) -> None:
    service.predict("debts")
    service.ask(PATH)
    assert service.rows()[-1]["response_body"] is None
