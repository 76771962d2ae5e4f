"""The whole story by clicks alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.app.dashboard.browser import Browser, expect
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server

LONG = 120_000  # milliseconds: a training lets everybody else go first


@pytest.fixture
def visitor(browser: Browser, site: Server) -> Iterator[Visitor]:
    """Sit down at a desk: one story is enough."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield Visitor(context.new_page(), f"http://127.0.0.1:{site.port}", 1280)
    context.close()


def test_from_the_first_look_to_a_roll_back(visitor: Visitor, site: Server) -> None:
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    visitor.go("/")
    page.get_by_role("link", name="stones", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("stones")
    expect(visitor.find("main")).to_contain_text("Correlations")
    visitor.draw()

    page.get_by_role("link", name="Predict", exact=True).click()
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Predict", exact=True).click()
    receipt = visitor.find("#receipt")
    expect(receipt).to_contain_text("Likely between")
    expect(receipt).to_contain_text("Why")
    expect(receipt).to_contain_text("Similar ones")
    visitor.draw()
    truth = receipt.get_by_label(re.compile("truth", re.IGNORECASE))
    truth.fill("1,234")  # as the page writes it
    truth.press("Enter")
    expect(receipt).to_contain_text(re.compile(r"The truth: 1,?234"))

    receipt.get_by_role("link", name="accepted it").click()
    expect(visitor.find("#review")).to_contain_text("lies far outside")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(visitor.find("#browse")).to_contain_text("1,234")
    assert site.ask("GET", "/v1/stones/labels")[1]["labels"][0]["price"] == 1234

    page.get_by_role("link", name="Train", exact=True).click()
    for box in page.get_by_role("checkbox", name=re.compile("^(linear|ridge|xgboost)")).all():
        box.uncheck()
    page.get_by_role("checkbox", name=re.compile("^linear")).check()
    page.get_by_role("checkbox", name=re.compile("^ridge")).check()
    page.get_by_label("Name").fill("<b>by clicks</b>")
    page.get_by_role("button", name="Train", exact=True).click()
    trainings = visitor.find("#trainings")
    expect(trainings.get_by_text("done", exact=True)).to_have_count(2, timeout=LONG)
    expect(trainings).to_contain_text("<b>by clicks</b>")
    expect(trainings).to_contain_text("version 4")

    page.get_by_role("link", name="History", exact=True).click()
    rows = visitor.find("#versions-title ~ form tbody tr")
    expect(rows).to_have_count(4)
    page.get_by_role("radio", name="Version 4 on the left").check()
    page.get_by_role("radio", name="Version 2 on the right").check()
    page.get_by_role("button", name="Compare the two").click()
    expect(visitor.find("main")).to_contain_text("Where they differ most")
    visitor.draw()

    page.get_by_role("link", name="Version 2", exact=True).click()
    page.get_by_label("Why").fill("to see it serve")
    page.get_by_role("button", name="Promote version 2").click()
    expect(visitor.find("#promote")).to_contain_text("Version 2 answers every prediction.")
    page.get_by_role("link", name="History", exact=True).click()
    before = page.get_by_role("button", name=re.compile("Roll back to version"))
    number = str(before.text_content()).strip().rpartition(" ")[2]
    before.click()
    expect(visitor.find("#events")).to_contain_text("to see it serve")
    champion = visitor.find("tr:has(.tag:text-is('champion'))")
    expect(champion.get_by_role("link", name=number, exact=True)).to_be_visible()
    visitor.check_quiet()
