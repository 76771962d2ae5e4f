"""What a key of one dataset gets of others: nothing, not even whether they are there."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth import keys
from app.store.tables import Key
from tests.app import project
from tests.app.service import Result, Service, assert_refused

PATHS = [
    ("GET", "/v1/{}"),
    ("GET", "/v1/{}/models"),
    ("GET", "/v1/{}/models/1"),
    ("POST", "/v1/{}/predictions"),
    ("GET", "/v1/{}/predictions"),
    ("POST", "/v1/{}/similar"),
    ("GET", "/v1/{}/labels"),
    ("POST", "/v1/{}/labels"),
    ("GET", "/v1/{}/scoreboard"),
    ("GET", "/v1/{}/trainings"),
    ("POST", "/v1/{}/trainings"),
    ("GET", "/datasets/{}"),
    ("GET", "/datasets/{}/history"),
    ("GET", "/datasets/{}/labels"),
    ("GET", "/datasets/{}/predict"),
    ("GET", "/datasets/{}/train"),
]


@pytest.fixture
def restricted(service: Service) -> dict[str, str]:
    """Return the headers of a key that may do everything, of one dataset."""
    service.predict()
    service.predict("debts")
    key = keys.create(service.database, "own", ["admin"], datasets=["stones"])
    service.look()
    return {"X-API-Key": key}


def told(answer: Result, name: str) -> tuple[Any, ...]:
    """Return all that an answer tells, but for the name that was asked for and its own id."""
    number = answer.headers["x-request-id"]
    return answer.status_code, answer.text.replace(name, "*").replace(number, "*")


def test_another_dataset_is_refused_as_one_that_is_not_there(
    service: Service, restricted: dict[str, str]
) -> None:
    for method, path in PATHS:
        answers = {
            name: service.ask(path.format(name), method, headers=restricted)
            for name in ("debts", "nodata")
        }
        first, second = (told(answer, name) for name, answer in answers.items())
        assert first == second, path
        assert first[0] == 403, path
    problem = assert_refused(service.predict("debts", headers=restricted), 403, "other datasets")
    assert (problem["code"], problem["allowed"]) == ("dataset_not_allowed", ["stones"])
    assert service.predict(headers=restricted).status_code == 200
    assert [row["dataset"] for row in service.rows()][-2:] == [None, "stones"]


def test_a_dataset_of_its_own_that_is_gone_names_no_others(
    service: Service, restricted: dict[str, str]
) -> None:
    Key.update(datasets="stonez").execute(service.database)
    service.look()
    answer = service.ask("/v1/stonez", headers=restricted)
    assert assert_refused(answer, 404)["allowed"] == []
    assert "stones" not in answer.text


@pytest.mark.parametrize(
    "path", ["/v1/datasets", "/v1/activity", "/openapi.json", "/metrics", "/", "/requests"]
)
def test_what_is_about_all_datasets_is_about_its_own(
    service: Service, restricted: dict[str, str], path: str
) -> None:
    answer = service.ask(path, headers=restricted)
    assert answer.status_code == 200
    assert "stones" in answer.text
    for other in ("debts", "ghosts"):
        assert other not in answer.text, other
    free = {"X-API-Key": keys.create(service.database, "free", ["admin"])}
    service.look()
    assert "debts" in service.ask(path, headers=free).text


@pytest.mark.parametrize("path", ["/readyz", "/openapi.json", "/signin"])
def test_nor_is_more_told_to_who_leaves_the_key_out(
    service: Service, restricted: dict[str, str], path: str
) -> None:
    answer = service.ask(path)
    for name in ("stones", "debts", "notes", "ghosts"):
        assert name not in answer.text, name


def test_the_log_has_its_own_datasets_alone(service: Service, restricted: dict[str, str]) -> None:
    service.predict("debts", headers=restricted)  # which it may not
    own, other = (next(r for r in service.rows() if r["dataset"] == n) for n in ("stones", "debts"))
    for query in ("", "?dataset=debts", "?path=/v1/debts/predictions"):
        listed = service.ask(f"/v1/requests{query}", headers=restricted).json["requests"]
        assert {row["dataset"] for row in listed} <= {"stones"}
        assert bool(listed) == (query == "")
    file = service.ask("/v1/requests?format=csv", headers=restricted).text
    assert own["id"] in file
    assert "debts" not in file
    series = service.ask("/v1/requests/series", headers=restricted).json
    assert series["looked_at"] == 1
    assert service.ask(f"/v1/requests/{own['id']}", headers=restricted).status_code == 200
    assert_refused(service.ask(f"/v1/requests/{other['id']}", headers=restricted), 404)


def test_a_prediction_of_another_dataset_is_not_there(
    service: Service, restricted: dict[str, str]
) -> None:
    (other,) = (row["id"] for row in service.rows() if row["dataset"] == "debts")
    path = f"/v1/stones/predictions/{other}"
    assert_refused(service.ask(path, headers=restricted), 404)
    put = service.ask(f"{path}/label", "PUT", headers=restricted, json={"price": 5000})
    truth = {"prediction_id": other, "price": 5000}
    posted = service.post("/v1/stones/labels", [truth], headers=restricted)
    for answer in (put, posted):
        assert "There is no such prediction." in answer.text
        assert "debts" not in answer.text


def test_an_old_key_sees_all(service: Service) -> None:
    headers = {"X-API-Key": keys.create(service.database, "web", ["predict"])}
    service.look()
    listed = service.ask("/v1/datasets", headers=headers).json["datasets"]
    assert {*project.RECORDS} <= {one["name"] for one in listed}
