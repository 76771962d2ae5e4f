"""Below a sub-path nothing leads out of it: neither a page nor what it loads, sends or is told."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest

from app.auth import keys
from app.auth.sessions import COOKIE
from app.dashboard.static import FOLDER
from app.openapi.resources import OWN
from tests.app import server as servers
from tests.app.conftest import MakeService
from tests.app.dashboard.browser import Browser, expect
from tests.app.dashboard.conftest import PARTS
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server
from tests.app.service import Service

ROOT = "/ml"
BROWSER = {"Accept": "text/html"}
STARTS = ("/", "/docs", "/docs/problems", "/signin", "/nowhere")
# Attributes that are no addresses, whatever they look like.
WORDS = ("placeholder", "value", "content", "d", "aria-label")
ADDRESS = re.compile(r"(?:(?:GET|POST|PUT|DELETE) )?(/.*)")
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MOST = 300  # pages, so that a mistake in the test does not go on for ever


class Addresses(HTMLParser):
    """Collect the absolute paths in a page, and where its links and forms lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.leads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            match = ADDRESS.fullmatch(value or "")
            if match and name not in WORDS:
                self.paths.append(match[1])
            if name in ("href", "src", "action") and not (value or "").startswith("data:"):
                self.leads.append(value or "")


@pytest.fixture
def service(make_service: MakeService) -> Service:
    """Serve below the sub-path, with something on every page."""
    service = make_service(root=ROOT)
    assert service.predict("stones").status_code == 200
    labels = [{"text": "rose", "room": "garden"}]
    assert service.post("/v1/notes/labels", labels).status_code == 200
    asked = {"model": "naive_bayes", "use": "file"}
    assert service.post("/v1/notes/trainings", asked).status_code == 202
    return service


def ask(service: Service, address: str) -> Any:
    path, _, query = address.partition("?")
    return service.ask(path, query_string=query, headers=BROWSER)


@SQLITE
def test_no_page_leads_out_of_it(service: Service) -> None:
    waiting, seen, kinds = [ROOT + start for start in STARTS], set[str](), set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        assert len(seen) < MOST, sorted(seen)
        answer = ask(service, address)
        assert answer.status_code in (200, 303, 404), address
        assert (answer.status_code == 404) == address.endswith("/nowhere"), address
        assert answer.headers.get("location", ROOT + "/").startswith(ROOT + "/")
        kinds.add(re.sub(r"[0-9a-f]{8}[0-9a-f-]+|\d+", "*", address.partition("?")[0]))
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = Addresses(answer.text)
        assert [one for one in page.paths if not one.startswith(ROOT + "/")] == [], address
        leads = {urldefrag(urljoin(address, lead)).url for lead in page.leads}
        assert [one for one in leads if not one.startswith(ROOT + "/")] == [], address
        # Of what a query chooses one page is enough.
        waiting += [one for one in leads if "?" not in one or "format=" in one]
    for kind in ("datasets/stones/history/*/card", "datasets/notes/train/*", "requests/*"):
        assert f"{ROOT}/{kind}" in kinds
    assert any(one.endswith("/swagger-ui.css") for one in kinds)


@SQLITE
def test_a_proxy_may_take_it_off(service: Service) -> None:
    for path in ("/", "/datasets/stones", "/docs/problems"):
        with_it, without = ask(service, ROOT + path), ask(service, path)
        assert with_it.status_code == without.status_code == 200
        assert Addresses(with_it.text).paths == Addresses(without.text).paths
    document = service.ask("/openapi.json").json
    assert document == service.ask(f"{ROOT}/openapi.json").json
    assert document["servers"] == [{"url": ROOT}]
    assert {row["path"] for row in service.rows()} >= {"/datasets/stones", "/v1/stones/predictions"}


@SQLITE
def test_what_the_api_tells_lies_below_it(service: Service) -> None:
    links = service.ask(f"{ROOT}/v1/stones").json["links"]
    assert {link.rpartition("/")[0] for link in links.values()} == {f"{ROOT}/v1/stones"}
    asked = {"model": "naive_bayes", "use": "file"}
    made = service.post(f"{ROOT}/v1/notes/trainings", asked)
    assert service.ask(made.headers["location"]).json["id"] == made.json["id"]
    assert made.headers["location"].startswith(f"{ROOT}/")
    refusals = [
        service.ask(f"{ROOT}/nowhere"),
        service.predict("stones", {}),
        service.predict("stones", headers={"Sec-Fetch-Site": "cross-site"}),
        service.ask("/v1/stones", "DELETE"),
    ]
    codes = ("unknown_path", "invalid_record", "cross_site", "method_not_allowed")
    assert tuple(refused.json["code"] for refused in refusals) == codes
    for refused in refusals:
        assert refused.json["type"] == f"{ROOT}/docs/problems#{refused.json['code']}"


@SQLITE
def test_a_session_is_sent_to_it_alone(service: Service) -> None:
    key = keys.create(service.database, "shop", ["predict"])
    service.look()
    led = service.ask(f"{ROOT}/datasets/stones", headers=BROWSER)
    assert led.headers["location"] == f"{ROOT}/signin?next={ROOT}/datasets/stones"
    for going, end in ((f"{ROOT}/datasets/stones", "/datasets/stones"), ("/elsewhere", "/")):
        form = service.ask(f"{ROOT}/signin", query_string=f"next={going}", headers=BROWSER)
        (own,) = form.cookies.values()
        assert own.path == ROOT
        token = re.search(r'name="csrf" value="(\w+)"', form.text)
        assert token
        signed = service.client.simulate_post(
            f"{ROOT}/signin",
            body=f"csrf={token[1]}&key={key}&next={going}",
            headers={"Cookie": f"{own.name}={own.value}"},
        )
        assert signed.status_code == 303
        assert signed.headers["location"] == ROOT + end
        assert signed.cookies[COOKIE].path == ROOT


def test_no_script_names_a_path_of_its_own() -> None:
    scripts = [*FOLDER.glob("*.js"), *OWN.glob("*.js")]
    assert len(scripts) > 5
    for script in scripts:
        assert not re.findall(r"[\"'`]/\w[^\"'`]*", script.read_text()), script.name


@pytest.fixture(scope="module")
def site(trained: Path, script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service below the sub-path."""
    folder = tmp_path_factory.mktemp("site")
    for name in PARTS:
        shutil.copytree(trained / name, folder / "home" / name)
    shutil.copyfile(trained / "params.yaml", folder / "home" / "params.yaml")
    shutil.copytree(script, folder / "var" / "pages")
    running = servers.running(folder / "home", folder / "var", workers="1", root=ROOT)
    with running as server:
        yield server


@pytest.fixture
def visitor(browser: Browser, site: Server) -> Iterator[Visitor]:
    """Sit down at a desk; whatever the browser asks for outside of the sub-path is a complaint."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    visitor = Visitor(context.new_page(), f"http://127.0.0.1:{site.port}{ROOT}", 1280)
    yield visitor
    visitor.check_quiet()
    context.close()


def test_a_browser_never_asks_outside_of_it(visitor: Visitor) -> None:
    page = visitor.page
    visitor.go("/")
    page.get_by_role("link", name="stones", exact=True).first.click()
    visitor.draw()
    page.get_by_role("link", name="Predict", exact=True).click()
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(visitor.find("#receipt")).to_contain_text("Why")
    page.get_by_role("link", name="API", exact=True).click()
    expect(visitor.find(".opblock").first).to_be_visible()
