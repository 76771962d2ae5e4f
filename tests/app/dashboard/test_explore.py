from __future__ import annotations

import html
import json
import re

import pytest

from app.dashboard.explore import KEPT, SHOWN, Explore
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


def test_rows_without_a_target_are_told_beside_the_rejected_ones(service: Service) -> None:
    path = paths.profile("stones")
    document = json.loads(path.read_text())
    texts = []
    for count in (31, None):
        document["rows"]["unlabelled"] = count
        if count is None:  # of a profile of before they were counted there
            del document["rows"]["unlabelled"]
        path.write_text(json.dumps(document))
        texts.append(service.ask("/datasets/stones", headers=BROWSER).text)
    assert ["without a target, skipped" in text for text in texts] == [True, False]
    assert "31 more without a target, skipped" in texts[0]


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


@pytest.fixture
def wide(service: Service) -> Service:
    """Return a service whose profile of stones has 70 features more, each a copy of one."""
    path = paths.profile("stones")
    document = json.loads(path.read_text())
    more = [{**document["columns"][1], "name": f"wave{at}"} for at in range(70)]
    document["columns"] += more
    document["sample"] = [[*row, *([1.5] * len(more))] for row in document["sample"]]
    path.write_text(json.dumps(document))
    return service


def rows(text: str) -> list[str]:
    table = re.search(r'id="columns".*?</table>', text, re.DOTALL)
    assert table is not None
    return re.findall(r'<th scope="row">(.*?)</th>', table[0])[1:]  # after the target


def test_very_many_features_come_by_pages(wide: Service) -> None:
    seen, path = [], "/datasets/stones"
    while path:
        text = wide.ask(path, headers=BROWSER).text
        seen.append(rows(text))
        following = re.search(r'href="(\?[^"]*)#columns">Next<', text)
        path = f"/datasets/stones{html.unescape(following[1])}" if following else ""
    total = len(project.RECORDS["stones"]) + 70
    assert [len(names) for names in seen] == [SHOWN, SHOWN, total - 2 * SHOWN]
    assert len({name for names in seen for name in names}) == total
    assert f"Features {2 * SHOWN + 1} to {total} of {total}" in text
    assert f">{total + 1}<" in text, "the columns of all pages are counted"
    assert f'href="?cursor={SHOWN + 1}#columns">Previous<' in text


def test_features_are_searched_by_their_names(wide: Service) -> None:
    text = wide.ask("/datasets/stones?search=WAVE6", headers=BROWSER).text
    assert rows(text) == ["wave6", *(f"wave6{at}" for at in range(10))]
    assert "Features 1 to 11 of 11 with “WAVE6” in their names" in text
    assert "Next<" not in text
    nothing = wide.ask("/datasets/stones?search=%3Cb%3E", headers=BROWSER).text
    assert "No feature with “&lt;b&gt;” in its name" in nothing
    assert wide.ask("/datasets/stones?cursor=0", headers=BROWSER).status_code == 400


def test_few_features_need_no_pages(service: Service) -> None:
    text = service.ask("/datasets/stones", headers=BROWSER).text
    assert "in all." not in text
    assert rows(text) == list(project.RECORDS["stones"])


def test_of_the_pages_made_the_last_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(explore_figures, "view", lambda profile: made.append(profile["at"]) or {})
    page = Explore(None, None)  # type: ignore[arg-type]  # which neither asks nor renders here
    for at in range(KEPT + 1):
        page._view((str(at),), {"at": at})
        page._view(("0",), {"at": 0})
    assert made == [*range(KEPT + 1)]
    page._view(("1",), {"at": 1})
    page._view(("0",), {"at": -1})
    assert made[KEPT + 1 :] == [1, -1], "what was pushed out, and what has changed"
    assert len(page._made) == KEPT
