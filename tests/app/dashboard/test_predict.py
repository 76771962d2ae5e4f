"""Predict: a record by hand, by an example, as JSON, and many of them as a CSV."""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.registry import store as version_store
from app.store.tables import Prediction
from tests.app import project
from tests.app.dashboard.browser import FilePayload, Locator, expect
from tests.app.dashboard.visitor import Visitor
from tests.app.labels import truths
from tests.app.server import Server
from tests.app.service import Service

HTML = {"Accept": "text/html"}
PATH = "/datasets/stones/predict"
HEADER = "shop,carat,facets,cut,depth\n"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
at_a_desk = pytest.mark.parametrize("visitor", [1280], indirect=True)


def page(service: Service, path: str = PATH, status: int = 200) -> str:
    answer = service.ask(path, headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


def form(text: str) -> list[str]:
    return re.findall(r'data-name="(\w+)"', text)


def latest(text: str) -> list[str]:
    return re.findall(r"/datasets/\w+/predictions/([0-9a-f-]{36})", text)


def test_a_record_is_priced_told_wrong_and_listed(visitor: Visitor) -> None:
    visitor.go(PATH)
    visitor.find("text=Fill in an example").click()
    expect(visitor.find("[data-name=carat]")).not_to_have_value("")
    visitor.find("[data-name=carat]").fill("1.5")
    visitor.find("[data-name=facets]").fill("57")
    visitor.find("[data-name=cut]").select_option("Ideal")
    visitor.find("[data-name=depth]").fill("")
    visitor.find("#ask button:text-is('Predict')").click()
    receipt = visitor.find("#receipt")
    expect(receipt.locator(".big")).to_have_text(re.compile(r"^5,\d{3} USD$"))
    expect(receipt).to_contain_text("a typical stone")
    expect(receipt).to_be_in_viewport()
    row = visitor.find("#latest tbody tr").first
    expect(row.locator("td").nth(3)).to_have_text("1.5")
    visitor.draw()
    assert visitor.find("#receipt .chart svg").count() == 2
    visitor.find("#receipt summary:has-text('as a table')").click()
    expect(receipt).to_contain_text("carat 1.5")
    expect(receipt.locator("table").last.locator("tbody tr")).to_have_count(5)
    visitor.find("#truth").fill("4321")
    visitor.find("text=Tell it").click()
    expect(receipt).to_contain_text("The truth: 4,321 USD")
    expect(receipt).to_contain_text("outside of the range")
    visitor.check("predict")
    visitor.expected.append("422")
    visitor.find("[data-name=carat]").fill("1,5")  # no number, though some write it so
    visitor.find("#ask button:text-is('Predict')").click()
    expect(receipt).to_have_text(re.compile("There is no answer for this form"))
    visitor.page.reload()
    expect(visitor.find("[data-name=carat]")).to_have_value("1.5")


def test_a_wrong_value_is_told_beside_its_field(visitor: Visitor) -> None:
    visitor.expected.append("422")
    visitor.go(PATH)
    visitor.find("[data-name=carat]").fill("heavy")
    visitor.find("[data-name=cut]").select_option("Good")
    visitor.find("#ask button:text-is('Predict')").press("Enter")
    expect(visitor.find("[data-name=carat]")).to_be_focused()
    expect(visitor.find(".field:has([data-name=carat])")).to_contain_text(
        "is not a number; give a number"
    )
    expect(visitor.find(".field:has([data-name=facets])")).to_contain_text("facets is missing")
    visitor.check("predict-wrong")


@at_a_desk
def test_a_sample_text_is_one_click_away_and_words_are_the_reasons(visitor: Visitor) -> None:
    visitor.go("/datasets/notes/predict")
    sample = visitor.find("[data-fill]").nth(1)
    words = sample.inner_text().removesuffix("…")
    sample.click()
    expect(visitor.find("textarea[data-name=text]")).to_have_value(re.compile(re.escape(words)))
    visitor.find("#ask button:text-is('Predict')").click()
    receipt = visitor.find("#receipt")
    expect(receipt.locator(".big")).to_have_text(re.compile("|".join(project.ROOMS)))
    receipt.locator("summary").first.click()
    expect(receipt.locator("table").first).to_contain_text("words it does not have")
    visitor.check("predict-text")


@at_a_desk
def test_json_is_pasted_and_another_version_answers(visitor: Visitor, site: Server) -> None:
    visitor.go("/datasets/debts/predict")
    other = visitor.find("#version option").nth(1).get_attribute("value")
    visitor.find("#version").select_option(other)
    assert visitor.page.url.endswith(f"?version={other}")
    visitor.find("summary:has-text('Paste JSON')").click()
    records = [{**project.DEBT, "owner": f"given {at}"} for at in range(2)]
    visitor.find("#json").fill(json.dumps(records))
    visitor.find("text=Predict from JSON").click()
    expect(visitor.find("#receipt")).to_contain_text("Was this wrong?")
    rows = visitor.find("#latest tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("given 1")
    expect(visitor.find("#receipt dd:has-text('given 0')")).to_have_count(1)
    found = site.ask("GET", "/v1/debts/predictions")[1]["predictions"]
    assert {one["version"] for one in found} == {int(other or 0)}
    assert f"version={other}&from={found[-1]['id']}" in visitor.page.url


def sheet(rows: int) -> list[str]:
    """Return rows of which some hold quotes, separators and ends of lines."""
    shops = ['"a ""b""\n, c"', '"two\r\nlines"', "plain", "="]
    return [f"{shops[at % 4]},{1 + at / 10000},57,Ideal,\n" for at in range(rows)]


def upload(visitor: Visitor, text: str) -> None:
    visitor.go(PATH)
    visitor.find("summary:has-text('Upload a CSV')").click()
    file = FilePayload(name="my stones.csv", mimeType="text/csv", buffer=text.encode())
    visitor.find("#csv").set_input_files(file)
    visitor.find("text=Score the file").click()


def downloaded(visitor: Visitor, into: Path) -> list[list[str]]:
    with visitor.page.expect_download() as waiting:
        visitor.find("[data-scored] a").click()
    assert waiting.value.suggested_filename == "my stones-stones.csv"
    waiting.value.save_as(into)
    with into.open(newline="") as file:
        return list(csv.reader(file))


def saved(visitor: Visitor, link: Locator, into: Path) -> list[list[str]]:
    with visitor.page.expect_download() as waiting:
        link.click()
    waiting.value.save_as(into)
    with into.open(newline="") as file:
        return list(csv.reader(file))


@at_a_desk
def test_a_long_csv_is_scored_in_pieces_and_downloaded(
    visitor: Visitor, site: Server, tmp_path: Path
) -> None:
    rows = sheet(2100)
    upload(visitor, "\ufeff\n" + HEADER + "".join(rows[:1500]) + " \n\n" + "".join(rows[1500:]))
    expect(visitor.find("[data-scored] a")).to_have_text("Download 2,100 scored rows")
    header, *found = downloaded(visitor, tmp_path / "scored.csv")
    assert header == [
        *HEADER.strip().split(","),
        "predicted_price",
        "low",
        "high",
        "warnings",
        "id",
        "refused",
    ]
    assert [row[1] for row in found] == [str(1 + at / 10000) for at in range(2100)]
    assert [row[0] for row in found[:4]] == ['a "b"\n, c', "two\r\nlines", "plain", "="]
    assert len({row[-2] for row in found}) == 2100
    path = "/v1/requests?path=/v1/stones/predictions&method=POST&limit=3"
    asked = site.ask("GET", path)[1]["requests"]
    assert [one["status"] for one in asked] == [200] * 3
    expect(visitor.find("#latest tbody tr").first).to_contain_text(str(1 + 2099 / 10000))


@at_a_desk
def test_a_faulty_row_of_a_csv_is_told_beside_it_and_the_others_are_scored(
    visitor: Visitor, tmp_path: Path
) -> None:
    rows = sheet(1400)
    rows[1200] = "x,1.5,57,Idael,\n"
    upload(visitor, HEADER + "".join(rows))
    expect(visitor.find("[data-scored] a")).to_have_text("Download 1,399 scored rows")
    expect(visitor.find("[data-count]")).to_have_text(
        '1,400 of 1,400 rows; 1 without a prediction: the column "refused" says why'
    )
    header, *found = downloaded(visitor, tmp_path / "scored.csv")
    assert (header[-1], len(found)) == ("refused", 1400)
    assert [at for at, row in enumerate(found) if row[-1]] == [1200]
    assert "cut is not one of its values" in found[1200][-1]
    visitor.check("predict-csv")


@at_a_desk
def test_rows_of_a_csv_that_have_warnings_are_counted_and_downloaded_alone(
    visitor: Visitor, tmp_path: Path
) -> None:
    rows = sheet(1200)
    rows[3] = "first,19,57,Ideal,\n"
    rows[700] = "x,1.5,57,Idael,\n"
    rows[1100] = '"second, and ""last"""","19",57,Ideal,\n'.replace('""""', '"""')
    upload(visitor, HEADER + "".join(rows))
    links = visitor.find("[data-scored] a")
    expect(links.nth(1)).to_have_text(re.compile("with warnings"), timeout=30_000)
    header, *every = saved(visitor, links.nth(0), tmp_path / "all.csv")
    at = header.index("warnings")
    warned = [row for row in every if row[at]]
    assert {"first", 'second, and "last"'} <= {row[0] for row in warned}
    assert len(warned) < len(every) - 1
    assert saved(visitor, links.nth(1), tmp_path / "warned.csv") == [header, *warned]
    expect(links.nth(1)).to_have_text(f"Download {len(warned):,} with warnings")
    expect(visitor.find("[data-count]")).to_contain_text(
        f'; {len(warned):,} with warnings: the column "warnings" says which; 1 without a prediction'
    )


@at_a_desk
def test_a_csv_that_lacks_a_column_is_refused_by_its_line(visitor: Visitor) -> None:
    visitor.expected.append("422")
    upload(visitor, "carat,facets\n1,57\n")
    expect(visitor.find("[data-score] .problem")).to_contain_text("cut")


@at_a_desk
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER, "no row under a header"),
        (HEADER + 'a,1,57,"Ideal,\nb,1,57,Ideal,\n', "line 2 has a quote that is left open"),
    ],
)
def test_a_csv_that_is_none_is_not_sent(visitor: Visitor, text: str, words: str) -> None:
    upload(visitor, text)
    expect(visitor.find("[data-score] .problem")).to_contain_text(words)


@on_sqlite
def test_the_form_is_made_from_the_schema(service: Service) -> None:
    text = html.unescape(page(service))
    assert form(text) == ["carat", "facets", "cut", "depth"]
    choices = re.findall(r"<option[^>]*>([^<]*)</option>", text[text.index('data-name="cut"') :])
    assert choices[:4] == ["choose", *project.CUTS]
    assert "a number above 0 and at most 20" in text
    assert re.search(r">depth\s*<span class=\"muted\">mm, optional</span>", text)
    assert form(page(service, "/datasets/notes/predict")) == ["text"]


@on_sqlite
def test_a_form_may_begin_with_a_record_that_was_predicted(service: Service) -> None:
    number = service.predict(record={**project.STONE, "carat": 1.75, "cut": "Good"}).json["id"]
    text = page(service, f"{PATH}?from={number}")
    assert 'data-name="carat" value="1.75"' in text
    assert '<option value="Good" selected>' in text
    page(service, f"{PATH}?from={number[::-1]}", 404)


@on_sqlite
def test_the_latest_predictions_are_paged(service: Service) -> None:
    numbers = [service.predict().json["id"] for _ in range(12)][::-1]
    text = page(service)
    assert latest(text) == numbers[:10]
    found = re.search(r'href="(/datasets/stones/predict\?cursor=[^"#]*)', text)
    assert found
    assert latest(page(service, found[1])) == numbers[10:]


@on_sqlite
def test_only_versions_that_may_serve_are_offered(service: Service) -> None:
    assert page(service).count("<option value=") == len(["", "2"]) + len(["", *project.CUTS])
    truths.rule("stones", gate=truths.PASSED_BY_LINEAR)
    service.look()
    assert page(service).count("<option value=") == len(["", *project.CUTS]), "there is no choice"
    why = "permitted"
    version_store.tell(service.database, "stones", 2, kind=version_store.OVERRIDE, by="me", why=why)
    service.look()
    assert page(service).count("<option value=") == len(["", "2"]) + len(["", *project.CUTS])


@on_sqlite
def test_a_champion_under_its_gate_is_told_of(service: Service) -> None:
    why = "mae 9"
    version_store.tell(service.database, "stones", 1, kind=version_store.BREACH, by="gate", why=why)
    service.look()
    assert f"came under its gate: {why}" in page(service)


@on_sqlite
def test_a_dataset_that_nothing_serves_says_so(service: Service) -> None:
    text = page(service, "/datasets/ghosts/predict")
    assert "Nothing serves this dataset yet" in text
    assert form(text) == []
    assert "There is no such dataset" in page(service, "/datasets/stons/predict", 404)


@on_sqlite
@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", "</script><b>", "'\"><b>"])
def test_texts_stay_texts(service: Service, nasty: str) -> None:
    number = service.predict("notes", {"text": nasty}).json["id"]
    for path in ("/datasets/notes/predict", f"/datasets/notes/predict?from={number}"):
        assert nasty not in page(service, path)
        assert nasty in html.unescape(page(service, path))


@on_sqlite
def test_looking_predicts_nothing(service: Service) -> None:
    seen: list[Any] = [page(service, f"/datasets/{name}/predict") for name in project.MODELS]
    assert len(seen) == 3
    assert service.rows(Prediction) == []
