"""What keys use, by several workers on one database, and what whoever asks is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee
import pytest

from app.auth import budgets, keys, quotas
from app.auth.budgets import Budget, Budgets
from app.auth.keys import StoredKey
from app.store.tables import Usage
from src.support.errors import UserError
from tests.app import project
from tests.app.hands import Hands
from tests.app.service import Service, assert_refused

MINUTE = 60_000  # milliseconds


@pytest.fixture
def noon(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Let it be ten seconds after a minute began, and after an hour and a day did."""
    start = 1_800_000_000 // 86_400 * 86_400 + 10
    hands._nanoseconds = start * budgets.SECOND
    return hands


def worker(*texts: str) -> Budgets:
    made = Budgets()
    made.learn({"lpd_1": StoredKey("web", "", frozenset(), quotas=quotas.read_all(texts))})
    return made


def of(some: Budgets) -> Budget:
    budget = some.of("web")
    assert budget is not None
    return budget


def refused(budget: Budget, unit: str, number: int = 1) -> UserError:
    with pytest.raises(UserError) as caught:
        budget.spend(unit, number)
    assert caught.value.code == "quota_exceeded"
    return caught.value


def test_a_quota_is_used_up_to_its_last_and_begins_anew(noon: Hands) -> None:
    budget = of(worker("requests=3/minute", "records=10/hour"))
    budget.spend("requests", 2)
    budget.spend("requests", 1)
    error = refused(budget, "requests")
    assert error.more == {"retry_after": 50}
    assert "3 requests in a minute" in error.what
    budget.spend("labels", 1000)
    noon.move(50_000)
    budget.spend("requests", 1)
    budget.spend("records", 9)
    assert "1 left" in refused(budget, "records", 2).what
    budget.spend("records", 1)
    assert "send less at once" in str(refused(budget, "records", 11).fix)


def test_what_one_quota_refuses_is_used_of_none(noon: Hands) -> None:
    budget = of(worker("requests=1/minute", "requests=10/day"))
    budget.spend("requests", 1)
    for _ in range(20):
        refused(budget, "requests")
    assert [number for _, number in budget.figures()] == [1, 1]


def test_the_headers_tell_what_is_allowed_and_what_is_left(noon: Hands) -> None:
    budget = of(worker("requests=3/minute", "records=10/day"))
    budget.spend("requests", 1)
    assert budget.headers() == [
        ("RateLimit-Policy", '"requests-minute";q=3;w=60, "records-day";q=10;w=86400;qu="records"'),
        ("RateLimit", '"requests-minute";r=2;t=50, "records-day";r=10;t=86390'),
    ]
    noon.move(MINUTE)
    assert budget.headers()[1][1].startswith('"requests-minute";r=3;t=50')


def test_workers_share_a_quota_through_the_database(database: peewee.Database, noon: Hands) -> None:
    first, second = (worker("records=10/minute") for _ in range(2))
    of(first).spend("records", 4)
    of(second).spend("records", 3)
    for some in (first, second, first):
        some.store(database)
    for some in (first, second):
        assert [number for _, number in of(some).figures()] == [7]
        refused(of(some), "records", 4)
    of(second).spend("records", 3)
    second.store(database)
    later = worker("records=10/minute")
    later.store(database)
    refused(of(later), "records")
    noon.move(MINUTE)
    of(first).spend("records", 2)
    for some in (first, later):
        some.store(database)
        assert [number for _, number in of(some).figures()] == [2]
    assert [(row.name, row.number) for row in Usage.select().execute(database)] == [("web", 2)]


def test_a_worker_that_is_late_adds_nothing_to_the_next_window(
    database: peewee.Database, noon: Hands
) -> None:
    (quota,) = quotas.read_all(["records=10/minute"])
    for start, number in ((120, 5), (60, 3), (120, 1)):
        budgets._add("web", quota, start, number).execute(database)
    (row,) = Usage.select().execute(database)
    assert (row.start, row.number) == (120, 6)


def test_what_cannot_be_stored_is_counted_on(
    database: peewee.Database, noon: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = worker("records=10/minute")
    of(some).spend("records", 4)

    def refuse(*_: Any) -> Any:
        raise peewee.OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(budgets, "_add", refuse)
        with pytest.raises(peewee.OperationalError):
            some.store(database)
    refused(of(some), "records", 7)
    some.store(database)
    assert [row.number for row in Usage.select().execute(database)] == [4]


def test_what_was_counted_goes_on_while_the_quotas_are_the_same(noon: Hands) -> None:
    some = worker("records=10/minute")
    of(some).spend("records", 4)
    for text, number in (("records=10/minute", 4), ("records=20/minute", 0)):
        key = StoredKey("web", "", frozenset(), quotas=quotas.read_all([text]))
        some.learn({"lpd_2": key})
        assert [used for _, used in of(some).figures()] == [number]
    some.learn({})
    assert some.of("web") is None


Make = Callable[..., dict[str, str]]


@pytest.fixture
def make(service: Service) -> Make:
    """Return a function that makes a key with quotas and returns its header."""

    def make(*texts: str, name: str = "web", **words: Any) -> dict[str, str]:
        allowed = quotas.read_all(texts)
        key = keys.create(service.database, name, ["admin"], allowed=allowed, **words)
        service.look()
        return {"X-API-Key": key}

    return make


def test_every_answer_to_a_key_with_quotas_tells_what_is_left(service: Service, make: Make) -> None:
    headers = make("requests=2/day")
    answers = [service.ask("/v1/datasets", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    left = [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers]
    assert left == [f'"requests-day";r={number}' for number in (1, 0, 0)]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {
        '"requests-day";q=2;w=86400'
    }
    problem = assert_refused(answers[2], 429, "2 requests in a day")
    assert problem["code"] == "quota_exceeded"
    assert str(problem["retry_after"]) == answers[2].headers["retry-after"]
    assert [row["caller"] for row in service.rows()] == ["web"] * 3, "refusals too"
    free = make(name="free")
    assert "ratelimit" not in service.ask("/v1/datasets", headers=free).headers


def test_records_are_counted_however_they_come(service: Service, make: Make) -> None:
    headers = make("records=5/day")
    assert service.predict(headers=headers).status_code == 200
    assert service.predict(record=[project.STONE] * 3, headers=headers).status_code == 200
    assert_refused(service.predict(record=[project.STONE] * 2, headers=headers), 429, "1 left")
    assert service.predict(record={"carat": "heavy"}, headers=headers).status_code == 422
    csv = ",".join(project.STONE) + "\n" + ",".join(map(str, project.STONE.values())) + "\n"
    given = {**headers, "Content-Type": "text/csv"}
    answers = [
        service.ask("/v1/stones/predictions", "POST", body=csv, headers=given) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_labels_are_counted_and_a_post_that_is_cut_goes_on_later(
    service: Service, make: Make
) -> None:
    headers = make("labels=3/day")
    label = {**project.STONE, "price": 5000}
    assert service.post("/v1/stones/labels", [label] * 2, headers=headers).status_code == 200
    refusal = service.post("/v1/stones/labels", [label] * 2, headers=headers)
    problem = assert_refused(refusal, 429, "1 left")
    assert (problem["read"], problem["stored"]) == (0, 0)
    assert service.post("/v1/stones/labels", label, headers=headers).status_code == 200
    number = service.predict(headers=headers).json["id"]
    path = f"/v1/stones/predictions/{number}/label"
    assert_refused(service.ask(path, "PUT", json={"price": 1}, headers=headers), 429)


def test_trainings_are_counted(service: Service, make: Make) -> None:
    headers = make("trainings=1/day")
    answers = [service.post("/v1/stones/trainings", {}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 429]


def test_pages_count_what_their_visitor_uses(service: Service, make: Make) -> None:
    headers = make("records=1/day")
    assert service.predict(headers=headers).status_code == 200
    page = service.ask("/datasets/stones/predict", headers={**headers, "Accept": "text/html"})
    assert page.status_code == 200, "only looking costs nothing"


def test_metrics_tell_quotas_and_what_was_used(service: Service, make: Make) -> None:
    headers = make("records=5/day")
    service.predict(headers=headers)
    service.look()
    labels = 'key="web",unit="records",window="day"'
    text = service.ask("/metrics", headers=headers).text
    assert f"lapidary_quota{{{labels}}} 5.0" in text
    assert f"lapidary_quota_used{{{labels}}} 1.0" in text
    other = make(name="other", datasets=["stones"])
    assert "lapidary_quota{" not in service.ask("/metrics", headers=other).text
