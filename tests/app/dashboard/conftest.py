"""What the tests of pages share: a running service, and a browser at two widths."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.dashboard.static import DRAWS, Static
from tests.app import server as servers
from tests.app.dashboard.browser import Browser, chromium, sync_playwright
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server

PARTS = ("conf", "data", "artifacts", "metrics")
WIDTHS = (1280, 390)
HEIGHT = 900
# Chromium's sandbox asks for rights that a container does not give, and the pages are our own.
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts a browser: it takes seconds."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and "visitor" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the script that draws charts, once for all."""
    folder = tmp_path_factory.mktemp("script") / "pages"
    Static(folder.parent, is_early=False)._path(DRAWS)
    return folder


@pytest.fixture(scope="module")
def site(trained: Path, script: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service on a project of its own, which the tests of a file change."""
    folder = tmp_path_factory.mktemp("site")
    for name in PARTS:
        shutil.copytree(trained / name, folder / "home" / name)
    shutil.copyfile(trained / "params.yaml", folder / "home" / "params.yaml")
    shutil.copytree(script, folder / "var" / "pages")
    with servers.running(folder / "home", folder / "var", workers="1") as server:
        yield server


@pytest.fixture(params=WIDTHS)
def visitor(browser: Browser, site: Server, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Sit down before an empty browser, at a desk and with a phone."""
    viewport = {"width": request.param, "height": HEIGHT}
    context = browser.new_context(viewport=viewport, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(15_000)
    visitor = Visitor(context.new_page(), f"http://127.0.0.1:{site.port}", request.param)
    yield visitor
    visitor.check_quiet()
    context.close()
