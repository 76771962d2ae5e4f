"""What holds for every type of feature: a dataset that has all, from its CSV to the pages."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from app.registry.datasets.profile import ColumnType
from app.settings import Settings
from src import champion, compose, prepare, profile
from src.config import paths
from src.data.features import Feature, Past
from src.inference.guard import OUTSIDE_RANGE, UNUSUAL_COMBINATION
from src.runs import training
from tests.app import project
from tests.app.service import Service

TRIPS: dict[str, Any] = {
    "name": "trips",
    "noun": "trip",
    "task": "regression",
    "source": "data/trips.csv",
    "separator": ";",
    "decimal": ",",
    "thousands": ".",
    "target": {"name": "fare", "above": 0, "suffix": " EUR", "column": "Fare paid"},
    "features": {
        "ticket": {"type": "id", "column": "Ticket no."},
        "day": {"type": "date", "format": "%d.%m.%Y", "min": "2020-01-01", "max": "2030-12-31"},
        "booked": {
            "type": "datetime",
            "zone": "Europe/Berlin",
            "age_to": "day",
            "optional": True,
        },
        "leaves": {"type": "time"},
        "member": {"type": "boolean", "true_words": ["ja"], "false_words": ["nein"]},
        "window": {"type": "boolean", "optional": True},
        "length": {"type": "number", "suffix": " km", "above": 0, "column": "Length of trip"},
        "seats": {"type": "integer", "optional": True, "missing": ["-1", "?"]},
        "class": {"type": "category", "order": [2, 1]},
        "city": {"type": "category", "values": ["Bonn", "Köln"], "others": True},
        "note": {"type": "text", "optional": True},
    },
    "metric": "mae",
    "similar": {"nearest": "day", "same": ["member"]},
}
MODELS = ("ridge", "xgboost")
ROWS = 240
RECORD: dict[str, Any] = {
    "ticket": "T-17",
    "day": "2024-05-31",
    "booked": "2024-05-01T12:30:00",
    "leaves": "09:15",
    "member": True,
    "window": None,
    "length": 1234.5,
    "seats": 2,
    "class": "1",
    "city": "Hof",
    "note": "fast train",
}
# The same trip as another client writes it, and as a row of the file.
OTHERWISE = {
    **RECORD,
    "day": "31.05.2024",
    "booked": "2024-05-01T10:30:00Z",
    "leaves": "09:15:00",
    "member": "Ja",
    "length": 1234.5,
    "seats": 2.0,
    "class": 1,
}
ROW = {
    "Ticket no.": "T-17",
    "day": "31.05.2024",
    "booked": "2024-05-01T12:30",
    "leaves": "9:15".zfill(5),
    "member": "JA",
    "window": "",
    "Length of trip": "1.234,5 km",
    "seats": "2",
    "class": "1.0",
    "city": "Hof",
    "note": "fast train",
}


def as_csv(row: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue()


def rows() -> list[str]:
    draw = random.Random(5)
    lines = [";".join([*ROW, "Fare paid"])]
    for at in range(ROWS):
        day = date(2024, 1, 1) + timedelta(days=draw.randrange(400))
        booked = datetime(day.year, day.month, day.day) - timedelta(hours=draw.randrange(1, 900))
        length, is_member = round(draw.uniform(1, 3000), 1), draw.random() < 0.4
        fare = 5 + length * 0.1 * (0.5 if is_member else 1) + 3 * day.month
        cells = [
            f"T{at:04}",
            day.strftime("%d.%m.%Y"),
            "" if at % 9 == 0 else booked.isoformat(),
            f"{draw.randrange(24):02}:{draw.randrange(60):02}",
            "Ja" if is_member else "nein",
            draw.choice(["", "yes", "no", "1", "0"]),
            f"{length:,.1f} km".translate(str.maketrans(",.", ".,")),
            draw.choice(["?", "-1", "1", "2", "3"]),
            draw.choice(["1", "2"]),
            draw.choice(["Bonn", "Köln", "Hof", "Ulm"]),
            draw.choice(["", "slow train", "fast train", "night bus"]),
            f"{fare:.2f} EUR".replace(".", ","),
        ]
        lines.append(";".join(cells))
    return lines


def make(folder: Path) -> None:
    """Write the dataset, and run the pipeline's own stages on it."""
    shutil.copytree(project.ROOT / "conf", folder / "conf")
    for group in ("dataset", "dataset_model"):
        shutil.rmtree(folder / "conf" / group)
    project.dump(folder / "conf" / "dataset" / "trips.yaml", TRIPS)
    of_pairs: dict[str, Any] = {
        "ridge": {"model": {"drop": ["note"]}},
        "xgboost": project.FEW_TREES,
    }
    for model, values in of_pairs.items():
        path = folder / "conf" / "dataset_model" / f"trips_{model}.yaml"
        project.dump(path, values, "# @package _global_\n")
    runs = {
        f"trips-{model}": {"dataset": "trips", "model": model, "plot": "scatter"}
        for model in MODELS
    }
    params = {"dataset": "trips", "model": "linear", "search": "none", "seed": 7, "folds": 3}
    project.dump(folder / "params.yaml", {**params, "datasets": ["trips"], "runs": runs})
    (folder / paths.DATA).mkdir()
    (folder / paths.DATA / "trips.csv").write_text("\n".join(rows()) + "\n")
    with contextlib.chdir(folder):
        compose.compose()
        prepare.prepare("trips")
        profile.describe("trips")
        for name in runs:
            training.tracked(name)
        champion.crown()


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trips")
    make(folder)
    return folder


@pytest.fixture(scope="module")
def service(trips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    var = tmp_path_factory.mktemp("var")
    with contextlib.chdir(trips):
        made = Service(Settings(var=str(var), disk_floor=0.0, longest_text=1000))
        yield made
        made.close()


@pytest.fixture(scope="module")
def versions(service: Service) -> dict[str, int]:
    found = service.ask("/v1/trips/models").json["versions"]
    return {one["model"]: one["version"] for one in found}


def test_the_dataset_has_each_type_there_is() -> None:
    every = {one.__struct_config__.tag for one in get_args(Feature)}
    every -= {Past.__struct_config__.tag}  # no column of a file: test_past
    assert {one["type"] for one in TRIPS["features"].values()} == every
    assert set(get_args(ColumnType)) == {*every, "class"}


def test_both_models_are_exported_and_serve(versions: dict[str, int], trips: Path) -> None:
    assert set(versions) == set(MODELS)
    for model in MODELS:
        manifest = json.loads(
            (trips / paths.BUNDLES / "trips" / model / "manifest.json").read_text()
        )
        assert manifest["export"] is not None, model


def test_each_field_says_its_type(service: Service) -> None:
    fields = {one["name"]: one for one in service.ask("/v1/trips").json["fields"]}
    assert {name: one["type"] for name, one in fields.items()} == {
        name: one["type"] for name, one in TRIPS["features"].items()
    }
    assert fields["member"]["choices"] == ["false", "true"]


@pytest.mark.parametrize("model", MODELS)
def test_a_record_has_one_answer_however_it_is_written(
    service: Service, versions: dict[str, int], model: str
) -> None:
    path = f"/v1/trips/predictions?version={versions[model]}&explain=true"
    one = service.post(path, RECORD)
    assert one.status_code == 200, one.text
    other = service.post(path, OTHERWISE)
    assert other.status_code == 200, other.text
    assert one.json["fare"] == other.json["fare"]
    answer = service.ask(path, "POST", body=as_csv(ROW), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    (row,) = csv.DictReader(io.StringIO(answer.text), delimiter=";")
    assert list(row)[: len(ROW)] == list(ROW), "the header stays as it came"
    assert row["predicted_fare"].endswith(" EUR")
    assert float(row["predicted_fare"].removesuffix(" EUR").replace(",", ".")) == one.json["fare"]


@pytest.mark.parametrize("model", MODELS)
def test_reasons_give_values_as_records_do(
    service: Service, versions: dict[str, int], model: str
) -> None:
    path = f"/v1/trips/predictions?version={versions[model]}&explain=true"
    why = service.post(path, RECORD).json["why"]
    values = {one["feature"]: one["value"] for one in why["contributions"] if "value" in one}
    assert "ticket" not in values, "an id is never learnt"
    assert {name: values[name] for name in ("day", "booked", "leaves", "member")} == {
        name: RECORD[name] for name in ("day", "booked", "leaves", "member")
    }
    assert not any(number in why["sentence"] for number in ("19874", "19844"))


def test_what_is_far_from_the_rows_is_said_as_a_date(service: Service) -> None:
    answer = service.post("/v1/trips/predictions", {**RECORD, "day": "2029-01-01"})
    told = {one["code"]: one["message"] for one in answer.json["warnings"] if "feature" in one}
    assert "day is 2029-01-01; the rows it learnt from have 2024-01-0" in told[OUTSIDE_RANGE]
    assert "others suggest about 202" in told.get(UNUSUAL_COMBINATION, "others suggest about 2024")


def test_a_category_with_others_and_an_id_warn_of_nothing(service: Service) -> None:
    answer = service.post("/v1/trips/predictions", {**RECORD, "city": "Rome", "ticket": "new"})
    assert not {one.get("feature") for one in answer.json["warnings"]} & {"city", "ticket"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", "2024-02-30"),
        ("day", "2031-01-01"),
        ("day", 19_874),
        ("booked", "noon"),
        ("leaves", "25:00"),
        ("member", "maybe"),
        ("length", "1.234,5 km"),
        ("seats", 2.5),
        ("class", 3),
        ("ticket", ""),
    ],
)
def test_what_is_no_value_of_a_type_is_refused(service: Service, name: str, value: Any) -> None:
    answer = service.post("/v1/trips/predictions", {**RECORD, name: value})
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["field"] == name


def test_similar_rows_are_records(service: Service) -> None:
    body = {"record": {"day": "2024-05-31", "member": True}, "n": 2}
    answer = service.post("/v1/trips/similar", body)
    assert answer.status_code == 200, answer.text
    assert answer.json["same"] == {"member": True}
    for one in answer.json["similar"]:
        assert one["record"]["member"] is True
        date.fromisoformat(one["record"]["day"])
        again = service.post("/v1/trips/predictions", {**one["record"], "ticket": "a", "note": ""})
        assert again.status_code == 200, again.text


def test_the_profile_tells_of_each_type(service: Service) -> None:
    document = service.ask("/v1/trips/profile").json
    columns = {one["name"]: one for one in document["columns"]}
    assert columns["day"]["numbers"]["min"].startswith("2024-01-0")
    assert all(edge.endswith("-01") for edge in columns["day"]["bins"]["edges"])
    assert columns["booked"]["bins"]["edges"][0].endswith("T00:00:00")
    assert columns["leaves"]["bins"]["edges"][-1] == "24:00"
    assert {one["value"] for one in columns["member"]["values"]} == {"false", "true"}
    assert not {"values", "bins", "lengths", "telling"} & set(columns["ticket"])
    assert columns["ticket"]["distinct"] == ROWS


PAGES = ("", "/predict", "/labels", "/history", "/history/1", "/history/2", "/history/1/card",
         "/history/2/card", "/history/1/2", "/train")  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_it(service: Service, page: str) -> None:
    path = f"/datasets/trips{page}"
    answer = service.ask(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text[:500]


def test_the_page_of_a_prediction_tells_of_it(service: Service) -> None:
    answer = service.post("/v1/trips/predictions?explain=true", RECORD)
    path = f"/datasets/trips/predictions/{answer.json['id']}"
    page = service.ask(path, headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text[:500]
    assert "member true" in page.text
    assert "day 2024-05-31" in page.text
    assert "True" not in page.text


def test_the_form_asks_as_the_types_want_it(service: Service) -> None:
    page = service.ask("/datasets/trips/predict", headers={"Accept": "text/html"}).text
    for kind in ("date", "datetime-local", "time"):
        assert f'type="{kind}"' in page
    assert 'data-name="member" data-type="boolean"' in page


def test_labels_come_back_as_they_were_sent(service: Service) -> None:
    label = {**RECORD, "fare": 150.5}
    posted = service.post("/v1/trips/labels", label)
    assert posted.status_code == 200, posted.text
    ndjson = "\n".join(json.dumps({**label, "ticket": name}) for name in ("b", "c"))
    kind = {"Content-Type": "application/x-ndjson"}
    assert service.ask("/v1/trips/labels", "POST", body=ndjson, headers=kind).json["stored"] == 2
    row = {**ROW, "Ticket no.": "d", "Fare paid": "150,5 EUR"}
    kind = {"Content-Type": "text/csv"}
    told = service.ask("/v1/trips/labels", "POST", body=as_csv(row), headers=kind)
    assert told.json["stored"] == 1, told.text
    kept = service.ask("/v1/trips/labels").json["labels"]
    assert [one["record"]["ticket"] for one in kept] == ["d", "c", "b", "T-17"]
    for one in kept:
        assert one["fare"] == 150.5
        assert {**one["record"], "ticket": "T-17"} == RECORD
    exported = service.ask("/v1/trips/labels?format=csv").text
    first = next(csv.DictReader(io.StringIO(exported), delimiter=";"))
    assert first["length"] == "1234,5 km"
    assert first["member"] == "true"
    assert first["fare"] == "150,5 EUR"
    again = service.ask("/v1/trips/labels", "POST", body=exported, headers=kind)
    assert again.json["stored"] == 4, again.text
    newest = service.ask("/v1/trips/labels?limit=4").json["labels"]
    assert sorted(one["record"]["ticket"] for one in newest) == ["T-17", "b", "c", "d"]
    for one in newest:
        assert {**one["record"], "ticket": "T-17"} == RECORD


def test_the_description_of_the_api_has_examples_that_can_be_posted(service: Service) -> None:
    document = service.ask("/openapi.json").json
    content = document["paths"]["/v1/trips/predictions"]["post"]["requestBody"]["content"]
    for one in content["application/json"]["examples"].values():
        assert service.post("/v1/trips/predictions", one["value"]).status_code == 200
    kind = {"Content-Type": "text/csv"}
    body = content["text/csv"].get("example") or content["text/csv"]["examples"]["one"]["value"]
    answer = service.ask("/v1/trips/predictions", "POST", body=body, headers=kind)
    assert answer.status_code == 200, answer.text
    schema = document["components"]["schemas"]["trips_record"]["properties"]
    assert schema["booked"]["format"] == "date-time"


@pytest.mark.parametrize("model", MODELS)
def test_the_card_tells_dates_as_such(trips: Path, model: str) -> None:
    folder = trips / paths.BUNDLES / "trips" / model
    card = json.loads((folder / "card.json").read_text())
    assert "ticket" not in {one["name"] for one in card["importance"]["causes"]}
    ranges = {one["feature"]: one for one in card["limits"]["ranges"]}
    assert ranges["day"]["low"].startswith("2024-01-0")
    for one in card["effects"]:
        if one["feature"] == "day":
            assert all(date.fromisoformat(at) for at in one["at"])
    assert "2024-01-0" in (folder / "card.md").read_text()
