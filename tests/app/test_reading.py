from __future__ import annotations

from pathlib import Path

import pytest

from app.store.tables import Request
from tests.app.reading import Shared
from tests.app.service import Service


@pytest.mark.parametrize("record", [None, {}])
def test_each_test_finds_an_empty_log(reader: Service, record: object) -> None:
    assert reader.rows(Request) == []
    reader.predict(record=record)
    assert len(reader.rows(Request)) == 1


def test_a_question_is_no_change(reader: Service, shared_service: Shared) -> None:
    before = shared_service.state()
    reader.predict()
    reader.ask("/v1/stones")
    assert shared_service.state() == before


def test_a_label_is_a_change(service: Service, home: Path) -> None:
    shared = Shared(home, service)
    before = shared.state()
    number = service.predict().json["id"]
    path = f"/v1/stones/predictions/{number}/label"
    assert service.ask(path, "PUT", json={"price": 1000}).status_code == 200
    assert shared.state() != before


def test_a_file_that_is_written_is_a_change(service: Service, home: Path) -> None:
    shared = Shared(home, service)
    before = shared.state()
    with (home / "params.yaml").open("a") as file:
        file.write("# more\n")
    assert shared.state() != before
