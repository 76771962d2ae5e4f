from __future__ import annotations

import re

from tests.app import project
from tests.app.dashboard.browser import expect
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server
from tests.app.service import Service


def test_each_dataset_has_a_card(visitor: Visitor, site: Server) -> None:
    for record in (project.STONE, {"carat": "heavy"}):
        site.ask("POST", "/v1/stones/predictions", record)
    number = site.ask("POST", "/v1/stones/predictions", project.STONE)[1]["id"]
    site.ask("PUT", f"/v1/stones/predictions/{number}/label", {"price": 5000})
    visitor.page.wait_for_timeout(1200)  # as long as counts are kept
    visitor.go("/")
    expect(visitor.find("article h2")).to_have_text(["debts", "ghosts", "notes", "stones"])
    card = visitor.find("article").nth(3)
    expect(card).to_contain_text("What a stone costs")
    expect(card).to_contain_text("refused or failed")
    expect(card).to_contain_text(re.compile(r"on \d labels?"))
    expect(visitor.find("article").nth(1)).to_contain_text("Nothing serves this dataset yet")
    titles = visitor.find("article dt")
    heights = titles.evaluate_all("all => all.map((one) => one.getClientRects()[0].height)")
    requests = titles.all_inner_texts().index("Requests last day")
    assert heights[requests] < 30, "its title stands on one line"
    visitor.check("home")


def test_what_is_not_there_is_a_page_too(visitor: Visitor) -> None:
    visitor.expected.append("404")
    visitor.go("/nowhere")
    expect(visitor.find("main")).to_contain_text("There is nothing at this path.")
    expect(visitor.find("main")).to_contain_text("/nowhere")
    visitor.check("problem")


def test_labels_that_wait_for_a_person_are_counted(service: Service) -> None:
    service.look()
    home = service.ask("/", headers={"Accept": "text/html"})
    assert (home.status_code, "To review" in home.text) == (200, False)
    strange = {**project.STONE, "price": 9e6}
    told = service.post("/v1/stones/labels", [strange, strange, {**project.STONE, "price": 5800}])
    assert told.json["to_review"]["count"] == 2
    text = service.ask("/", headers={"Accept": "text/html"}).text
    assert text.count("To review") == 1
    assert '<a href="/datasets/stones/labels#review">2 labels</a>' in text
