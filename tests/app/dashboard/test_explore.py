from __future__ import annotations

import json
import re

import pytest

from app.dashboard.figures import explore as explore_figures
from src.config import paths
from tests.app import project
from tests.app.dashboard.browser import expect
from tests.app.dashboard.visitor import Visitor
from tests.app.service import Service

BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize("dataset", project.MODELS)
def test_the_page_shows_what_the_profile_says(visitor: Visitor, dataset: str) -> None:
    visitor.go(f"/datasets/{dataset}")
    expect(visitor.find("h1")).to_have_text(dataset)
    expect(visitor.find(".tabs [aria-current=page]")).to_have_text("Explore")
    features = list(project.RECORDS[dataset])
    rows = visitor.find("#columns tbody th")
    expect(rows).to_have_text([project.TARGETS[dataset], *features])
    assert visitor.find(".chart").count() == 1 + 2 * len(features)
    for chart in visitor.find(".chart").all():
        assert len(chart.get_attribute("aria-label") or "") > 20
    visitor.check(f"explore-{dataset}")
    drawn = visitor.find(".chart svg")
    assert drawn.count() == 1 + 2 * len(features)
    assert visitor.find(".chart svg .mark-rect path, .chart svg .mark-rule line").count() > 10


def test_charts_are_drawn_when_they_come_into_view(visitor: Visitor) -> None:
    visitor.go("/datasets/stones")
    last = visitor.find(".chart").last
    assert last.get_attribute("data-drawn") is None
    last.scroll_into_view_if_needed()
    expect(last).to_have_attribute("data-drawn", "true")


def test_words_of_a_class_open_with_the_keyboard(visitor: Visitor) -> None:
    visitor.go("/datasets/notes")
    groups = visitor.find(".words details")
    expect(groups).to_have_count(3)
    expect(groups.nth(0).locator("table")).to_be_visible()
    expect(groups.nth(1).locator("table")).to_be_hidden()
    groups.nth(1).locator("summary").focus()
    visitor.page.keyboard.press("Enter")
    expect(groups.nth(1).locator("table")).to_be_visible()


def test_where_nothing_was_computed_the_page_says_what_does(visitor: Visitor) -> None:
    visitor.go("/datasets/ghosts")
    expect(visitor.find("main")).to_contain_text("'ghosts' has no profile yet.")
    expect(visitor.find("main")).to_contain_text("dvc repro")
    expect(visitor.find(".tabs a").first).to_have_text("Explore")
    visitor.check("explore-nothing")


def test_figures_and_faults_stand_there(service: Service) -> None:
    text = service.ask("/datasets/stones", headers=BROWSER).text
    assert re.search(r"<h3>Duplicates</h3>.*all rows are kept", text, re.DOTALL)
    assert "No row was rejected" in text
    assert "What a stone costs" in text
    assert json.loads(paths.profile("stones").read_text())["data"]["md5"] in text
    assert ">25 rows without a value" in re.sub(r" · ", ">", text), "of the depths that are missing"


def test_what_was_found_of_the_rows_is_told_with_what_to_do(service: Service) -> None:
    path = paths.profile("stones")
    document = json.loads(path.read_text())
    assert document["findings"] == []
    texts = []
    for findings in ([project.LEAK], [], None):
        document["findings"] = findings
        if findings is None:  # as it was written before anybody looked
            del document["findings"]
        path.write_text(json.dumps(document))
        texts.append(service.ask("/datasets/stones", headers=BROWSER).text)
    assert "What to do: take it out of features." in texts[0]
    assert "carat alone tells &lt;99%&gt; of price." in texts[0]
    assert ["What was found" in text for text in texts] == [True, False, False]


def test_rejected_rows_are_told_by_rule_and_by_reason(service: Service) -> None:
    path = paths.profile("stones")
    document = json.loads(path.read_text())
    document["rejected"] = {
        "by_rule": {"out_of_range": 7, "duplicate": 12},
        "reasons": [{"reason": "carat is not above 0", "rows": 7, "lines": [2, 5, 9, 11]}],
    }
    path.write_text(json.dumps(document))
    text = service.ask("/datasets/stones", headers=BROWSER).text
    assert text.index("<dt>duplicate</dt><dd>12</dd>") < text.index("<dt>out of range</dt>")
    assert re.search(r"carat is not above 0</td>.*>7</td>.*2, 5, 9, …</td>", text)


def test_what_the_data_says_is_never_html(service: Service) -> None:
    path = paths.profile("notes")
    evil = "</script><script>alert(1)</script><b onclick=x>"
    changed = path.read_text().replace("kitchen", evil.replace("/", "\\/"))
    path.write_text(changed)
    text = service.ask("/datasets/notes", headers=BROWSER).text
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert "<b onclick" not in text


def test_a_profile_is_made_into_charts_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = service.ask("/datasets/stones", headers=BROWSER).text
    with monkeypatch.context() as patch:
        patch.setattr(explore_figures, "view", None)
        assert service.ask("/datasets/stones", headers=BROWSER).text == first
    path = paths.profile("stones")
    path.write_text(path.read_text().replace('"noun"', '"n"').replace('"Ideal"', '"Finest"'))
    assert "Finest: " in service.ask("/datasets/stones", headers=BROWSER).text, "of the boxes"


def test_another_dataset_is_not_there(service: Service) -> None:
    answer = service.ask("/datasets/nothing", headers=BROWSER)
    assert answer.status_code == 404
    assert "There is no such dataset." in answer.text
