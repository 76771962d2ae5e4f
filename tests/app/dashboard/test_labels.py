"""The page of labels, as a person uses it; refusals and escaping without a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.auth import keys
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.dashboard.browser import expect
from tests.app.dashboard.visitor import Visitor
from tests.app.server import Server
from tests.app.service import Result, Service

HTML = {"Accept": "text/html"}
EVIL = "<script>alert(1)</script>"
PATH = "/datasets/debts/labels"


def table(*rows: str) -> str:
    return "\n".join(["amount,owner,days,late", *rows, ""])


def figure(visitor: Visitor) -> int:
    return int(visitor.find("#figures .big").inner_text().replace(",", ""))


def test_the_least_sure_predictions_get_their_truth_one_after_the_other(
    visitor: Visitor, site: Server
) -> None:
    records = [{**project.DEBT, "amount": 480 + at + visitor.width / 10_000} for at in range(3)]
    site.ask("POST", "/v1/debts/predictions", [*records, {**project.DEBT, "owner": EVIL}])
    visitor.go(PATH)
    rows, before = visitor.find("#worth tbody tr"), figure(visitor)
    many, first = rows.count(), rows.first.locator("a").get_attribute("href")
    assert many >= 3
    rows.first.locator("select").select_option("1")
    rows.first.get_by_role("button", name="Save").click()
    expect(visitor.find("#worth tbody tr")).to_have_count(many - 1)
    assert figure(visitor) == before + 1
    assert visitor.find(f"#worth a[href='{first}']").count() == 0
    expect(visitor.find("#worth select").first).to_be_focused()
    expect(visitor.find("#browse tbody tr").first).to_contain_text("of a prediction")
    visitor.check("labels")


def test_one_label_is_added_and_deleted(visitor: Visitor) -> None:
    visitor.expected.append("422")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.go(PATH)
    before = figure(visitor)
    visitor.page.get_by_label("amount").fill("many")
    visitor.page.get_by_label("owner").fill(EVIL)
    visitor.page.get_by_label("days").fill("3")
    visitor.find("#truth-0").select_option("0")
    visitor.page.get_by_role("button", name="Store label").click()
    expect(visitor.page.get_by_label("amount")).to_have_attribute("aria-invalid", "true")
    visitor.page.get_by_label("amount").fill("12.5")
    visitor.page.get_by_role("button", name="Store label").click()
    expect(visitor.find("#figures .big")).to_have_text(str(before + 1))
    expect(visitor.page.get_by_label("amount")).to_have_value("")
    row = visitor.find("#browse tbody tr").first
    expect(row).to_contain_text(EVIL)
    row.get_by_role("button", name="Delete").click()
    expect(visitor.find("#figures .big")).to_have_text(str(before))


def test_a_file_is_uploaded_and_what_came_of_it_is_deleted(
    visitor: Visitor, site: Server, tmp_path: Path
) -> None:
    visitor.expected += ["422", "409"]
    source = f"till {visitor.width}"
    path = tmp_path / "sold.csv"
    path.write_text(table("1,north,3,1", "2,south,4,maybe", "3,north,,0"))
    visitor.go(PATH)
    visitor.find("#file").set_input_files(path)
    visitor.find("#upload-source").fill(source)
    visitor.find("#atomic").check()
    visitor.page.get_by_role("button", name="Upload").click()
    form = visitor.find("form[data-upload]")
    expect(form.get_by_role("alert")).to_contain_text("so none is stored")
    visitor.find("#atomic").uncheck()
    for _ in range(2):  # sent again as it is, it stores nothing twice
        visitor.page.get_by_role("button", name="Upload").click()
        expect(form.locator(".told")).to_contain_text("2 labels of 3 rows stored, 1 refused")
    expect(form.locator(".told li")).to_contain_text(re.compile("line 3.*late.*maybe"))
    expect(visitor.find("#figures")).to_contain_text(f"{source} 2")

    visitor.find("#source").fill(source)
    visitor.page.get_by_role("button", name="Filter").click()
    expect(visitor.find("#browse tbody tr")).to_have_count(2)
    visitor.page.get_by_role("button", name="Delete what matches").click()
    ask = visitor.find("#browse .confirm")
    expect(ask).to_contain_text("2 labels would be deleted")
    visitor.check("labels-delete")
    site.ask("POST", f"/v1/debts/labels?source=till%20{visitor.width}", {**project.DEBT, "late": 1})
    ask.get_by_role("button", name="Delete 2 labels").click()
    expect(ask).to_contain_text("3 labels would be deleted")  # the number is another one by now
    ask.get_by_role("button", name="Delete 3 labels").click()
    expect(visitor.find("#browse")).to_contain_text("No label matches.")
    visitor.find("#deleted").select_option("true")
    visitor.page.get_by_role("button", name="Filter").click()
    expect(visitor.find("#browse tbody tr")).to_have_count(3)
    expect(visitor.find("#browse tbody tr").first).to_contain_text("by (this machine)")


def test_what_was_just_stored_is_undone(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "sold.csv"
    path.write_text(table("1,north,3,1", "3,north,,0"))
    visitor.go(PATH)
    before = figure(visitor)
    visitor.find("#file").set_input_files(path)
    form = visitor.find("form[data-upload]")
    for _ in range(2):  # the same file again is stored again: its first post is undone
        visitor.page.get_by_role("button", name="Upload").click()
        expect(visitor.find("#figures .big")).to_have_text(str(before + 2))
        form.get_by_role("button", name="Undo").click()
        expect(form.locator(".told")).to_contain_text("Undone: 2 labels deleted.")
        expect(visitor.find("#figures .big")).to_have_text(str(before))
    visitor.page.get_by_label("amount").fill("12.5")
    visitor.page.get_by_label("owner").fill("north")
    visitor.find("#truth-0").select_option("0")
    visitor.page.get_by_role("button", name="Store label").click()
    form = visitor.find("form[data-reset]")
    expect(form.locator(".told")).to_contain_text("1 label of 1 row stored.")
    visitor.check("labels-undo")
    form.get_by_role("button", name="Undo").click()
    expect(form.locator(".told")).to_contain_text("Undone: 1 label deleted.")
    expect(visitor.find("#figures .big")).to_have_text(str(before))


def test_what_is_typed_stays_while_a_part_of_the_page_is_read_anew(visitor: Visitor) -> None:
    visitor.go(PATH)
    visitor.find("#source").fill("half a wo")
    visitor.find("#deleted").select_option("true")
    visitor.page.get_by_label("amount").fill("12.5")
    visitor.page.get_by_label("owner").fill("north")
    visitor.find("#truth-0").select_option("0")
    before = visitor.find("#browse").element_handle()
    visitor.page.get_by_role("button", name="Store label").click()
    visitor.page.wait_for_function("old => !old.isConnected", arg=before)
    expect(visitor.find("#source")).to_have_value("half a wo")
    expect(visitor.find("#deleted")).to_have_value("true")


def test_an_upload_is_followed_while_it_is_read(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "many.ndjson"
    path.write_text('{"amount": 1, "owner": "north", "late": 1}\n' * 5)
    visitor.page.route("**/v1/ghosts/labels?*", lambda route: None)  # it is not answered
    told = {"read": 3000, "stored": 2990, "refused": 10}
    visitor.page.route("**/uploads?key=*", lambda route: route.fulfill(json={"uploads": [told]}))
    visitor.go("/datasets/ghosts/labels")
    visitor.find("#file").set_input_files(path)
    visitor.page.get_by_role("button", name="Upload").click()
    told_of_upload = visitor.page.get_by_role("region", name="Upload many").get_by_role("status")
    expect(told_of_upload).to_contain_text("3,000 rows read, 10 rows refused so far.")
    expect(visitor.page.get_by_role("button", name="Upload")).to_be_disabled()
    visitor.check("labels-upload")


def page(service: Service, path: str = PATH, **words: Any) -> Result:
    headers = {**HTML, **words.pop("headers", {})}
    return service.ask(path, headers=headers, **words)


@pytest.mark.parametrize("dataset", ["stones", "debts", "notes", "ghosts"])
def test_every_dataset_has_the_page(service: Service, dataset: str) -> None:
    text = page(service, f"/datasets/{dataset}/labels").text
    names = [*service.ask(f"/v1/{dataset}/labels/about").json["fields"]]
    for field in names:
        assert f'data-name="{field["name"]}"' in text
    assert "There are no predictions yet" in text
    assert "No label yet." in text


def test_whose_a_label_is_can_be_typed_and_is_shown(home: Path, make_service: MakeService) -> None:
    path = home / "conf/dataset/debts.yaml"
    project.dump(path, {**project.DEBTS, "key": ["payer"], "weight": "sold"})
    service = make_service()
    service.predict("debts")
    label = {**project.DEBT, "late": 1, "payer": "p-7", "sold": 2}
    assert service.post("/v1/debts/labels", label).status_code == 200
    text = page(service).text
    for name in ("payer", "sold"):
        assert f'data-name="{name}"' in text
    assert "where they are known, " in text
    assert ">payer, sold<" in text
    worth, browse = text[text.index('id="worth"') : text.index('id="browse"')], text
    assert ">payer</th>" not in worth, "a prediction does not say so"
    assert ">payer</th>" in browse
    assert "p-7" in browse


def test_what_others_wrote_stays_text(service: Service) -> None:
    record = {**project.DEBT, "owner": EVIL}
    service.predict("debts", record)
    label = {**record, "owner": f"{EVIL} other", "late": 1}
    service.post("/v1/debts/labels", label, params={"source": EVIL})
    for query in ("", f"?source={EVIL}", f"?value={EVIL}", f"?since={EVIL}", "?deleted=zz%22%3E"):
        text = page(service, query_string=query.removeprefix("?")).text
        assert EVIL not in text
        assert 'zz">' not in text
    assert page(service).text.count("&lt;script&gt;") > 3


def test_a_wrong_filter_is_said_beside_the_form(service: Service) -> None:
    answer = page(service, params={"since": "yesterday"})
    assert answer.status_code == 200
    assert "is not a time" in answer.text
    assert "No label" not in answer.text


def test_one_label_is_shown_alone(service: Service) -> None:
    labels = [{**project.DEBT, "owner": name, "late": 1} for name in ("first-one", "other-one")]
    numbers = service.post("/v1/debts/labels", labels).json["ids"]
    text = page(service, params={"label": numbers[0], "source": "nobody"}).text
    assert "first-one" in text
    assert "other-one" not in text
    assert f'data-api="DELETE /v1/debts/labels/{numbers[0]}"' in text
    assert "data-clear" not in text, "no filter that many could be deleted by"
    service.ask(f"/v1/debts/labels/{numbers[0]}", "DELETE")
    assert "by (this machine)" in page(service, params={"label": numbers[0]}).text
    for other in ("about", EVIL, numbers[0][:-1] + "x"):
        answer = page(service, params={"label": other})
        assert answer.status_code == 200
        assert "There is no such label." in answer.text
        assert EVIL not in answer.text


def test_filters_stay_in_every_link(service: Service) -> None:
    labels = [{**project.DEBT, "late": 1}] * 55
    service.post("/v1/debts/labels", labels, query_string="source=a+b%26c")
    service.post("/v1/debts/labels", labels, params={"source": "other"})
    text = page(service, query_string="source=a+b%26c&value=&since=2020-01-01").text
    query = "source=a+b%26c&amp;since=2020-01-01"
    assert f'data-clear="/v1/debts/labels?{query}"' in text
    for kind in ("csv", "ndjson"):
        assert f'href="/v1/debts/labels?format={kind}&amp;{query}"' in text
    (older,) = re.findall(rf'href="\?({re.escape(query)}&amp;cursor=[0-9a-f-]+)#browse"', text)
    text = page(service, query_string=older.replace("&amp;", "&")).text
    assert text.count("<tr>") == 1 + 5
    assert "data-clear" not in page(service).text


def test_a_dataset_that_takes_no_labels_says_why(make_service: MakeService) -> None:
    text = page(make_service(redact=("owner",))).text
    assert "takes no labels" in text
    assert "data-upload" not in text


def test_a_dataset_that_is_not_there_is_a_page_too(service: Service) -> None:
    answer = page(service, "/datasets/debtss/labels")
    assert answer.status_code == 404
    assert "ghosts" in answer.text


def test_the_page_needs_the_scope_of_labels(service: Service) -> None:
    with service.database:
        own = {scope: keys.create(service.database, scope, [scope]) for scope in ("label", "train")}
    service.look()
    assert page(service, headers={"X-API-Key": own["label"]}).status_code == 200
    assert page(service, headers={"X-API-Key": own["train"]}).status_code == 403


def test_what_waits_for_a_person_is_shown_with_the_reason_and_two_buttons(service: Service) -> None:
    where = "/datasets/stones/labels"
    assert 'aria-labelledby="review-title" hidden' in service.ask(where, headers=HTML).text
    told = service.post("/v1/stones/labels", {**project.STONE, "price": 400}).json
    (number,) = told["ids"]
    page = service.ask(where, headers=HTML).text
    assert 'aria-labelledby="review-title" hidden' not in page
    assert "price 400 lies far outside" in page
    for verb in ("accept", "reject"):
        assert f'data-api="POST /v1/stones/labels/{number}/{verb}"' in page
    service.post(f"/v1/stones/labels/{number}/accept", {})
    assert 'aria-labelledby="review-title" hidden' in service.ask(where, headers=HTML).text
