"""A person's word over HTTP: who serves, and who is let through the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.auth import keys
from app.registry import store as version_store
from app.settings import Settings
from app.store.tables import Event
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Result, Service, assert_refused
from tests.app.warned import codes, messages

CHAMPION = "/v1/stones/champion"
OVERRIDE = "/v1/stones/models/2/override"


@pytest.fixture
def guarded(home: Path, service: Service) -> Service:
    """Return a service whose second version of the stones fails the gate."""
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    service.look()
    return service


def promote(service: Service, **words: Any) -> Result:
    return service.post(CHAMPION, words)


def serving(service: Service) -> int:
    service.look()
    return int(service.predict().json["model"]["version"])


def events(service: Service) -> list[tuple[str, int, str, str]]:
    found = service.ask("/v1/stones/models").json["events"]
    return [(one["kind"], one["number"], one["by"], one["why"]) for one in found]


def test_a_promoted_version_serves_at_the_next_look_of_every_worker(
    service: Service, settings: Settings
) -> None:
    with closing(Service(settings)) as other:
        answer = promote(service, version=2, why="a trial")
        assert answer.status_code == 200
        told = {"dataset": "stones", "champion": 2, "model": "xgboost", "changed": True}
        assert answer.json == told
        assert other.predict().json["model"]["version"] == 1, "not yet"
        assert serving(service) == serving(other) == 2
    kind, number, by, why = events(service)[0]
    assert (kind, number, by, why) == ("promote", 2, "(this machine)", "a trial")
    row = next(row for row in service.rows() if row["path"] == CHAMPION)
    assert (row["dataset"], row["version"]) == ("stones", 2)


def test_previous_goes_back_to_who_served_before(service: Service) -> None:
    document = assert_refused(promote(service, version="previous"), 409, "has served before")
    assert document["fix"] == 'send {"version": <number>}; /v1/stones/models lists them'
    promote(service, version=2)
    answer = promote(service, version="previous", why="too dear")
    assert (answer.json["champion"], answer.json["changed"]) == (1, True)
    assert serving(service) == 1
    assert events(service)[0] == ("rollback", 1, "(this machine)", "too dear")
    assert promote(service, version="previous").json["champion"] == 2


def test_who_serves_already_is_not_promoted_again(service: Service) -> None:
    before = service.rows(Event)
    answer = promote(service, version=1)
    assert (answer.json["champion"], answer.json["changed"]) == (1, False)
    assert service.rows(Event) == before


def test_a_version_that_fails_the_gate_is_not_promoted(guarded: Service) -> None:
    document = assert_refused(promote(guarded, version=2), 409, "mae 1985.08 is above 500")
    assert document["given"] == "version=2"
    assert "--override" not in document["fix"], "as on a command line"
    asked = document["fix"].partition(": send ")[2]
    assert json.loads(asked) == {"version": 2, "override": True, "why": "..."}
    assert_refused(promote(guarded, version=2, override=True), 409, "needs a reason")
    assert_refused(promote(guarded, version=2, override=True, why="  "), 409, "needs a reason")
    assert serving(guarded) == 1
    assert len(events(guarded)) == 1


def test_an_override_with_a_reason_promotes_it_and_is_kept(guarded: Service) -> None:
    answer = promote(guarded, version=2, override=True, why="no better one")
    assert (answer.status_code, answer.json["changed"]) == (200, True)
    assert serving(guarded) == 2
    here = "(this machine)"
    assert events(guarded)[:2] == [
        ("promote", 2, here, "no better one"),
        ("override", 2, here, "no better one"),
    ]


def test_going_back_to_what_fails_the_gate_needs_an_override_too(service: Service) -> None:
    promote(service, version=2)
    promote(service, version=1)
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    service.look()
    assert_refused(promote(service, version="previous"), 409, "fails the gate")
    assert promote(service, version="previous", override=True, why="a test").status_code == 200
    assert serving(service) == 2


def test_who_is_let_through_is_asked_for_and_promoted(guarded: Service) -> None:
    asked = {"version": 2}
    assert_refused(guarded.predict(params=asked), 409, "mae 1985.08 is above 500", OVERRIDE)
    answer = guarded.post(OVERRIDE, {"why": "to compare"})
    assert answer.status_code == 200
    told = {"dataset": "stones", "version": 2, "by": "(this machine)", "why": "to compare"}
    assert answer.json == told
    assert serving(guarded) == 1, "it is let through, not promoted"
    assert guarded.predict(params=asked).json["model"]["version"] == 2
    assert guarded.predict(params={"model": "xgboost"}).json["model"]["version"] == 2
    assert promote(guarded, version=2).status_code == 200
    assert serving(guarded) == 2
    assert [kind for kind, *_ in events(guarded)] == ["promote", "override", "pipeline"]
    assert guarded.ask("/v1/stones/models").json["events"][1]["at"].endswith("Z")


@pytest.mark.parametrize("body", [{}, {"why": None}, {"why": 3}, {"why": ""}, {"why": " "}, []])
def test_nobody_is_let_through_without_a_reason(guarded: Service, body: Any) -> None:
    assert_refused(guarded.post(OVERRIDE, body), 422)
    assert len(events(guarded)) == 1


@pytest.mark.parametrize("path", [CHAMPION, OVERRIDE])
def test_only_an_administrator_may(guarded: Service, path: str) -> None:
    scopes = {"ann": ["admin"], "bob": ["predict", "label", "train"]}
    made = {name: keys.create(guarded.database, name, given) for name, given in scopes.items()}
    guarded.look()

    def post(name: str) -> Result:
        headers = {"Authorization": f"Bearer {made[name]}"}
        version = {"version": 2, "override": True} if path == CHAMPION else {}
        return guarded.post(path, {"why": "I may", **version}, headers=headers)

    assert_refused(post("bob"), 403, "admin")
    assert len(guarded.rows(Event)) == 3, "the pipeline's, of three datasets"
    assert post("ann").status_code == 200
    assert {event["by"] for event in guarded.rows(Event)[3:]} == {"ann"}


@pytest.mark.parametrize("number", ["9", "0", "-1", "x", "9" * 30, "a%00b", "²"])
def test_a_version_that_is_not_there_lists_those_that_are(reader: Service, number: str) -> None:
    answer = reader.post(f"/v1/stones/models/{number}/override", {"why": "why not"})
    document = assert_refused(answer, 404, "no such version", "/v1/stones/models")
    assert document["allowed"] == ["2", "1"]
    if number == "9":
        document = assert_refused(promote(reader, version=9), 404, "no such version")
        assert document["allowed"] == ["2", "1"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"version": None},
        {"version": "2"},
        {"version": "last"},
        {"version": 0},
        {"version": 2**31},
        {"version": 1.5},
        {"version": True},
        {"version": 2, "overide": True},
        {"version": 2, "override": "yes"},
        {"version": 2, "why": "a\nb"},
        {"version": 2, "why": "a\x00b"},
        {"version": 2, "why": "x" * 501},
        '{"version": 2, "version": 1}',
        r'{"version": 2, "why": "\ud800"}',
        "[2]",
    ],
)
def test_another_body_is_refused_and_changes_nothing(reader: Service, body: Any) -> None:
    assert_refused(reader.post(CHAMPION, body), 422)
    assert serving(reader) == 1


def test_what_is_no_json_is_refused(service: Service) -> None:
    assert_refused(service.post(CHAMPION, "{"), 400, "not JSON")
    assert_refused(service.ask(CHAMPION, "POST", body="version=2"), 415)
    assert_refused(service.post(CHAMPION, {"version": 2}, params={"why": "x"}), 400, "why")


@pytest.mark.parametrize("path", ["champion", "models/1/override"])
def test_a_dataset_that_is_not_there(service: Service, path: str) -> None:
    body = {"version": 1} if path == "champion" else {"why": "x"}
    document = assert_refused(service.post(f"/v1/stonse/{path}", body), 404, "no such dataset")
    assert document["fix"] == "did you mean 'stones'?"


def test_what_does_not_load_is_not_announced(service: Service, settings: Settings) -> None:
    second = version_store.get(service.database, "stones", 2)
    project.damage(second.path(settings.folder()) / "member0.ubj")
    assert_refused(promote(service, version=2), 409, "damaged: member0.ubj")
    assert serving(service) == 1
    assert len(events(service)) == 1


def test_where_a_breach_refuses_a_promotion_or_an_override_lets_it_answer(
    make_service: Callable[..., Service], home: Path
) -> None:
    truths.rule("stones", on_breach="refuse")
    service = make_service()
    why = "mae 300 (250 to 350) on 40 labels is above 200"
    version_store.tell(service.database, "stones", 1, kind=version_store.BREACH, by="gate", why=why)
    service.look()
    assert_refused(service.predict(), 503, why, "/v1/stones/models/1/override")
    assert service.ask("/v1/stones/models").json["breach"] == why
    assert service.post("/v1/stones/models/1/override", {"why": "I know"}).status_code == 200
    service.look()
    assert f"This version came under its gate: {why}." in messages(service.predict().json)
    promote(service, version=2)
    service.look()
    answer = service.predict()
    assert (answer.status_code, answer.json["model"]["version"]) == (200, 2)
    assert "gate_breached" not in codes(answer.json)


def test_a_version_that_waits_is_seen_until_a_person_lets_it_serve(service: Service) -> None:
    assert service.ask("/v1/stones/models").json["waiting"] is None
    version = version_store.get(service.database, "stones", 2)
    version_store.wait(service.database, version, by="training 7", why="it changes 9 of 10 answers")
    service.look()
    waiting = service.ask("/v1/stones/models").json["waiting"]
    assert (waiting["number"], waiting["by"]) == (2, "training 7")
    assert waiting["why"] == "it changes 9 of 10 answers"
    assert serving(service) == 1, "it only waits"
    assert promote(service, version=2, why="the new grades").status_code == 200
    assert serving(service) == 2
    assert service.ask("/v1/stones/models").json["waiting"] is None
