from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.service import Result, Service, assert_refused


def ask(service: Service, n: Any = None, dataset: str = "stones", **record: Any) -> Result:
    body = {"record": {"cut": "Good", "carat": 1.5, **record}, **({} if n is None else {"n": n})}
    return service.post(f"/v1/{dataset}/similar", body)


def known(trained: Path, cut: str) -> list[float]:
    with (trained / "data" / "stones.csv").open() as file:
        return [float(row["carat"]) for row in csv.DictReader(file) if row["cut"] == cut]


def test_the_nearest_come_first_and_agree_where_they_must(service: Service, trained: Path) -> None:
    document = ask(service, 7).json
    assert len(document["similar"]) == 7
    distances = [item["distance"] for item in document["similar"]]
    assert distances == sorted(distances)
    for item in document["similar"]:
        assert set(item) == {"record", "price", "distance"}
        assert item["record"]["cut"] == "Good"
        assert abs(item["record"]["carat"] - 1.5) == pytest.approx(item["distance"])
        assert item["record"]["carat"] in known(trained, "Good")
    assert (document["asked"], document["nearest"]) == (7, "carat")
    assert document["same"] == {"cut": "Good"}
    assert "note" not in document


def test_five_are_given_unless_it_is_said_otherwise(service: Service) -> None:
    assert len(ask(service).json["similar"]) == 5


def test_where_there_are_fewer_it_says_so(service: Service, trained: Path) -> None:
    document = ask(service, 50, cut="Fair").json
    count = document["available"]
    assert 0 < count <= len(known(trained, "Fair")) < 50
    assert len(document["similar"]) == count
    assert document["note"] == f"There are only {count} with the same cut."


def test_other_features_may_be_given_and_are_checked(service: Service) -> None:
    assert ask(service, 3, facets=5, depth=None).json["similar"] == ask(service, 3).json["similar"]
    document = assert_refused(ask(service, 3, facets=-1), 422)
    assert document["errors"][0]["field"] == "facets"


def test_the_target_is_ignored_and_it_says_so(service: Service) -> None:
    document = ask(service, 3, price=4000).json
    assert document.pop("note") == "price is ignored: it is what is predicted."
    assert document == ask(service, 3).json
    note = ask(service, 50, cut="Fair", price=[1]).json["note"]
    assert note.startswith("price is ignored: it is what is predicted. There are only ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"record": {"cut": "Good"}}, "carat"),
        ({"record": {"carat": 1}}, "cut"),
        ({"record": {"cut": "good", "carat": 1}}, "cut"),
        ({"record": {"cut": "Good", "carat": 1, "weight": 2}}, "weight"),
        ({"record": {"cut": "Good", "carat": 0}}, "carat"),
        ({"record": {"cut": "Good", "carat": 1}, "n": 1000}, "n"),
    ],
)
def test_a_wrong_field_is_named(reader: Service, body: Any, field: str) -> None:
    document = assert_refused(reader.post("/v1/stones/similar", body), 422)
    assert document["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 10_000, 422),
        (b'{"record": {"a": ' * 5000, 400),
        (b"[]", 422),
        (b"3", 422),
        (b'{"record": 3}', 422),
        (b'{"record": []}', 422),
        (b'{"n": 3}', 422),
        (b'{"record": {}, "m": 3}', 422),
        (b'{"record": {"cut": "Good", "carat": 1}, "n": 0}', 422),
        (b'{"record": {"cut": "Good", "carat": 1}, "n": 1.5}', 422),
        (b'{"record": {"cut": "Good", "carat": 1}, "n": "3"}', 422),
        (b'{"record": {"cut": "Good", "carat": 1}, "n": 1e400}', 422),
        (b'{"record": {"cut": "\\ud800", "carat": 1}}', 400),
        (b'{"record": {"cut": "Good", "carat": [' + b"1," * 20_000 + b"1]}}", 422),
    ],
)
def test_another_body_is_refused(reader: Service, body: bytes, status: int) -> None:
    document = assert_refused(reader.post("/v1/stones/similar", body), status)
    assert document["detail"]


def test_a_key_that_stands_there_twice_is_refused(service: Service) -> None:
    body = b'{"record": {"cut": "Good", "carat": 1, "carat": 2}}'
    document = assert_refused(service.post("/v1/stones/similar", body), 422)
    assert document["errors"][0]["field"] == "carat"
    body = b'{"n": 1, "n": 2, "record": {"cut": "Good", "carat": 1}}'
    assert_refused(service.post("/v1/stones/similar", body), 422, "Duplicate key.")


def test_how_many_is_a_setting(make_service: Callable[..., Service]) -> None:
    service = make_service(most_similar=3)
    assert ask(service, 3).status_code == 200
    assert_refused(ask(service, 4), 422, "1 to 3")


def test_a_dataset_without_it_says_how_to_add_it(service: Service) -> None:
    assert_refused(ask(service, dataset="debts"), 404, "conf/dataset/debts.yaml")
