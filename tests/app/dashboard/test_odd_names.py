"""Pages of names and classes that nobody expects: charts are drawn, and forms send them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app import odd_names
from tests.app import server as servers
from tests.app.dashboard.browser import expect
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server

PAGES = ("", "/train", "/history", "/history/1", "/labels", "/history/1/card")


@pytest.fixture(scope="module")
def site(script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service on these datasets."""
    folder = tmp_path_factory.mktemp("odd_site")
    (folder / "home").mkdir()
    odd_names.make(folder / "home")
    shutil.copytree(script, folder / "var" / "pages")
    with servers.running(folder / "home", folder / "var", workers="1") as server:
        yield server


@pytest.mark.parametrize("name", list(odd_names.DATASETS))
def test_a_form_sends_each_field_under_its_own_name(
    visitor: Visitor, site: Server, name: str
) -> None:
    target = odd_names.DATASETS[name]["target"]["name"]
    visitor.go(f"/datasets/{name}/predict")
    record = odd_names.record(name, 3)
    for at, value in enumerate(record.values(), 1):
        field = visitor.find(f"#field-{at}")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))
    visitor.find("#ask button:not([type=button])").click()
    expect(visitor.find("#receipt h2").first).to_contain_text(target)
    visitor.draw()
    visitor.check_quiet()
    _, page = site.ask("GET", f"/v1/{name}/predictions?limit=1")
    assert page["predictions"][0]["record"] == record


@pytest.mark.parametrize("name", list(odd_names.DATASETS))
def test_an_example_fills_each_field(visitor: Visitor, site: Server, name: str) -> None:
    _, about = site.ask("GET", f"/v1/{name}")
    visitor.go(f"/datasets/{name}/predict")
    visitor.find("[data-fill]").first.click()
    written = visitor.find("#ask [data-name]").evaluate_all(
        "all => Object.fromEntries(all.map((one) => [`name ${one.dataset.name}`, one.value]))"
    )
    for field in about["fields"]:
        value = about["examples"][0].get(field["name"], "")
        assert written[f"name {field['name']}"] == f"{value}"


@pytest.mark.parametrize("name", list(odd_names.DATASETS))
def test_every_chart_is_drawn(visitor: Visitor, name: str) -> None:
    if visitor.width < 1000:
        pytest.skip("the same charts")
    visitor.page.set_default_timeout(60_000)  # a chart or two of each of sixty columns
    for path in PAGES:
        visitor.go(f"/datasets/{name}{path}")
        visitor.draw()
        visitor.check_quiet()
