"""Fields for dates, times and both: picked, filled in by an example, typed in part."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.app import built
from tests.app import server as servers
from tests.app.dashboard.browser import expect
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server

PATH = "/datasets/visits/predict"
VISITS: dict[str, Any] = {
    "name": "visits",
    "task": "regression",
    "source": "data/visits.csv",
    "target": {"name": "wait"},
    "features": {
        "day": {"type": "date", "format": "%d.%m.%Y", "optional": True},
        "arrived": {"type": "datetime"},
        "opened": {"type": "time"},
    },
    "metric": "mae",
}
PICKED = {"day": "2024-05-31", "arrived": "2024-05-31T14:05:33", "opened": "08:30:15"}


def table() -> str:
    """Draw visits that wait the longer the later in the day they begin."""
    draw = random.Random(1)
    lines = ["day,arrived,opened,wait"]
    for _ in range(90):
        at = datetime(2024, 1, 1) + timedelta(minutes=draw.randrange(500_000))
        opened = f"{draw.randrange(6, 11):02}:{draw.randrange(60):02}"
        lines.append(f"{at:%d.%m.%Y},{at:%Y-%m-%dT%H:%M:%S},{opened},{at.hour + draw.random():.2f}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def site(script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service on these visits."""
    folder = tmp_path_factory.mktemp("visits_site")
    (folder / "home").mkdir()
    built.build(folder / "home", [built.Tracked(VISITS, table(), "linear")])
    shutil.copytree(script, folder / "var" / "pages")
    with servers.running(folder / "home", folder / "var", workers="1") as server:
        yield server


def ask(visitor: Visitor) -> None:
    visitor.find("#ask button:text-is('Predict')").click()


def expect_answer(visitor: Visitor) -> None:
    # The first one is drawn when the script for charts has come.
    expect(visitor.find("#receipt h2").first).to_contain_text("wait", timeout=20_000)


def values(visitor: Visitor) -> dict[str, str]:
    every = visitor.find("#ask [data-name]")
    script = "all => Object.fromEntries(all.map((one) => [one.dataset.name, one.value]))"
    found: dict[str, str] = every.evaluate_all(script)
    return found


def newest(site: Server) -> dict[str, Any]:
    record: dict[str, Any] = site.ask("GET", "/v1/visits/predictions?limit=1")[1]["predictions"][0]
    return record["record"]


def test_what_is_picked_is_sent_as_it_is_and_stays(visitor: Visitor, site: Server) -> None:
    visitor.go(PATH)
    for name, value in PICKED.items():
        visitor.find(f"[data-name={name}]").fill(value)
    ask(visitor)
    expect_answer(visitor)
    assert newest(site) == PICKED
    visitor.page.reload()
    assert values(visitor) == PICKED
    visitor.check("predict-moments")


def test_an_example_fills_the_fields_and_is_predicted(visitor: Visitor, site: Server) -> None:
    visitor.go(PATH)
    visitor.find("[data-fill]").first.click()
    assert all(values(visitor).values())
    expect(visitor.find(".field").first).to_contain_text("like 2024-05-31 or 31.05.2024")
    ask(visitor)
    expect_answer(visitor)


def test_a_moment_that_is_typed_in_part_is_no_missing_one(visitor: Visitor, site: Server) -> None:
    visitor.go(PATH)
    for name in ("arrived", "opened"):
        visitor.find(f"[data-name={name}]").fill(PICKED[name])
    before = site.ask("GET", "/v1/requests?path=/v1/visits/predictions&method=POST")[1]["requests"]
    visitor.find("[data-name=day]").press_sequentially("0203")
    ask(visitor)
    message = "one => one.validity.badInput && one.validationMessage"
    assert visitor.find("[data-name=day]").evaluate(message), "the browser says it itself"
    expect(visitor.find("[data-name=day]")).to_be_focused()
    after = site.ask("GET", "/v1/requests?path=/v1/visits/predictions&method=POST")[1]["requests"]
    assert len(after) == len(before)


def test_a_record_in_the_format_of_the_source_stays_in_its_field(
    visitor: Visitor, site: Server
) -> None:
    record = {**PICKED, "day": "31.05.2024", "arrived": "2024-05-31T14:05:33+02:00"}
    number = site.ask("POST", "/v1/visits/predictions", record)[1]["id"]
    visitor.go(f"{PATH}?from={number}")
    assert values(visitor) == record
    ask(visitor)
    expect_answer(visitor)
    assert newest(site) == record
