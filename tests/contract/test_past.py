"""What holds for windows of the past: a file, its training and the service compute the same."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import random
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.settings import Settings
from app.trainings.judging import changes
from app.trainings.rows import training_rows
from src import champion, compose, prepare, profile, score
from src.config import paths
from src.data import prepared as preparing
from src.data.schema import Dataset
from src.runs import training
from src.support.structs import convert
from tests.app import project
from tests.app.service import Service, assert_refused

START, HOURS, LATER = datetime(2024, 1, 1), 400, 24  # rows to learn from, and to forecast
DERIVED = {
    "load_yesterday": "lag(load, 24)",
    "load_week": "mean(load, 24..191)",
    "load_peak": "max(load, 24..47)",
    "load_spread": "std(load, 24..47)",
    "wind_yesterday": "lag(wind, 24)",
    "change": "load_yesterday - load_week",
}
LOADS: dict[str, Any] = {
    "name": "loads",
    "noun": "hour",
    "task": "regression",
    "source": "data/loads.csv",
    "target": {"name": "load", "unit": "MW"},
    "features": {"hour": {"type": "datetime"}},
    "derived": DERIVED,
    "split": {"method": "time", "column": "hour", "gap": 23},
    "metric": "mae",
}
SITES = {
    **LOADS,
    "name": "sites",
    "source": "data/sites.csv",
    "features": {**LOADS["features"], "site": {"type": "category"}, "block": {"type": "integer"}},
    "group": ["site", "block"],
}
DATASETS = {"loads": LOADS, "sites": SITES}
WINDOWS = [name for name in DERIVED if name != "change"]
GAPS = {"loads": (), "sites": (100, 101, 250, 380, 390)}  # hours without a row


def table(name: str, hours: int = HOURS + LATER) -> list[dict[str, Any]]:
    series = [("north", 1), ("north", 2), ("south", 1)] if name == "sites" else [None]
    rows = []
    for number, one in enumerate(series):
        draw = random.Random(number)
        for at in range(hours):
            hour = START + timedelta(hours=at)
            wave = math.sin(at / 24 * 2 * math.pi)
            load = 500 + 80 * number + 60 * wave + draw.gauss(0, 9.7)
            wind = "" if draw.random() < 0.05 else round(draw.uniform(0, 20), 3)
            if one == ("north", 1) and at in GAPS[name]:
                continue
            beside = {} if one is None else {"site": one[0], "block": one[1]}
            rows.append({"hour": hour.isoformat(), **beside, "wind": wind, "load": round(load, 4)})
    return rows


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def is_known(row: dict[str, Any]) -> bool:
    return datetime.fromisoformat(row["hour"]) < START + timedelta(hours=HOURS)


def make(folder: Path) -> None:
    """Write both datasets, and run the pipeline's own stages on the rows that are known."""
    shutil.copytree(project.ROOT / "conf", folder / "conf")
    for group in ("dataset", "dataset_model"):
        shutil.rmtree(folder / "conf" / group)
    runs = {}
    (folder / paths.DATA).mkdir()
    for name, values in DATASETS.items():
        project.dump(folder / "conf" / "dataset" / f"{name}.yaml", values)
        rows = list(filter(is_known, table(name)))
        (folder / paths.DATA / f"{name}.csv").write_text(as_csv(rows))
        runs[f"{name}-ridge"] = {"dataset": name, "model": "ridge", "plot": "scatter"}
    params = {"dataset": "loads", "model": "linear", "search": "none", "seed": 7, "folds": 3}
    project.dump(folder / "params.yaml", {**params, "datasets": list(DATASETS), "runs": runs})
    with contextlib.chdir(folder):
        compose.compose()
        for name in DATASETS:
            prepare.prepare(name)
            profile.describe(name)
            training.tracked(f"{name}-ridge")
        champion.crown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("past")
    make(made)
    return made


@pytest.fixture(scope="module")
def service(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    var = tmp_path_factory.mktemp("var")
    with contextlib.chdir(folder):
        made = Service(Settings(var=str(var), disk_floor=0.0))
        yield made
        made.close()


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, pd.DataFrame]:
    """Return what a training makes of all rows, the later ones among them."""
    found = {}
    for name, values in DATASETS.items():
        dataset = convert(values, Dataset, "dataset")
        raw = pd.DataFrame(table(name)).astype(str)
        _, cleaned = preparing.divide(raw, dataset, seed=7, folds=3)
        found[name] = cleaned.rows.set_axis(raw.index)
    return found


def records(name: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the records of the later rows, with their places in the table."""
    fields = list(DATASETS[name]["features"])
    return [
        (at, {field: row[field] for field in fields})
        for at, row in enumerate(table(name))
        if not is_known(row)
    ]


def same(found: Any, expected: float) -> bool:
    return found is None if math.isnan(expected) else bool(found == expected)


@pytest.mark.parametrize("name", DATASETS)
def test_training_and_service_see_the_same_past(
    service: Service, whole: dict[str, pd.DataFrame], name: str
) -> None:
    asked = records(name)
    answer = service.post(f"/v1/{name}/predictions", [record for _, record in asked])
    assert answer.status_code == 200, answer.text
    missing = 0
    for (at, _), one in zip(asked, answer.json, strict=True):
        for window in WINDOWS:
            expected = float(whole[name].loc[at, window])
            missing += math.isnan(expected)
            told = one["past"][window]
            assert told["from"] == "bundle"
            assert same(told["value"], expected), (at, window)
        receipt = service.ask(f"/v1/{name}/predictions/{one['id']}").json
        assert {key: receipt["record"][key] for key in WINDOWS} == {
            key: one["past"][key]["value"] for key in WINDOWS
        }
    assert missing, "there are gaps, and they are missing in both"


@pytest.mark.parametrize("name", DATASETS)
def test_a_caller_who_knows_the_past_has_the_same_answer(service: Service, name: str) -> None:
    _, record = records(name)[-1]
    path = f"/v1/{name}/predictions?explain=true"
    one = service.post(path, record).json
    told = {key: one["past"][key]["value"] for key in WINDOWS}
    other = service.post(path, {**record, **told}).json
    assert other["load"] == one["load"]
    assert other["why"] == one["why"]
    assert other["past"] == {window: {"from": "request"} for window in WINDOWS}
    assert "load_yesterday" in {part["feature"] for part in one["why"]["contributions"]}


def test_what_a_caller_says_goes_before_what_is_kept(service: Service) -> None:
    _, record = records("loads")[0]
    plain = service.post("/v1/loads/predictions", record).json
    said = service.post("/v1/loads/predictions", {**record, "load_yesterday": 9.0}).json
    none = service.post("/v1/loads/predictions", {**record, "load_yesterday": None}).json
    assert len({plain["load"], said["load"], none["load"]}) == 3
    assert said["past"]["load_yesterday"] == {"from": "request"}
    assert none["past"]["load_yesterday"] == {"from": "request"}
    assert said["past"]["load_week"]["from"] == "bundle"
    receipt = service.ask(f"/v1/loads/predictions/{none['id']}").json
    assert receipt["record"]["load_yesterday"] is None


def test_a_csv_needs_no_columns_of_the_past(service: Service) -> None:
    asked = [record for _, record in records("sites")][:5]
    answers = service.post("/v1/sites/predictions", asked).json
    head = {"Content-Type": "text/csv"}
    plain = service.ask("/v1/sites/predictions", "POST", body=as_csv(asked), headers=head)
    assert plain.status_code == 200, plain.text
    empty = [{**record, "load_yesterday": "" if at else 3} for at, record in enumerate(asked)]
    some = service.ask("/v1/sites/predictions", "POST", body=as_csv(empty), headers=head)
    found, others = (
        [float(row["predicted_load"]) for row in csv.DictReader(io.StringIO(one.text))]
        for one in (plain, some)
    )
    assert found == [one["load"] for one in answers]
    assert others[0] != found[0]
    assert others[1:] == found[1:]


def test_a_past_that_nobody_has_is_refused_by_name(service: Service) -> None:
    late = {"hour": (START + timedelta(hours=HOURS + 24)).isoformat()}
    problem = assert_refused(service.post("/v1/loads/predictions", late), 422)
    assert problem["code"] == "past_unknown"
    (fault,) = problem["errors"][:1]
    assert fault["field"] == "load_yesterday"
    assert fault["given"] == (
        "hour 2024-01-18T16:00:00: it looks at load of 2024-01-17T16:00:00, and there is "
        "2024-01-09T17:00:00 to 2024-01-17T15:00:00"
    )
    assert "load_yesterday: a number" in fault["allowed"]
    told = {**late, **dict.fromkeys(WINDOWS, 500)}
    assert service.post("/v1/loads/predictions", told).status_code == 200
    early = {"hour": (START + timedelta(hours=150)).isoformat()}
    assert_refused(service.post("/v1/loads/predictions", early), 422, "does not reach so far")
    strange = {"hour": late["hour"], "site": "west", "block": 1}
    problem = assert_refused(service.post("/v1/sites/predictions", strange), 422)
    assert problem["errors"][0]["given"] == "hour 2024-01-18T16:00:00, site west, block 1"
    assert "north" not in json.dumps(problem), "who has a past is nobody's business"


def test_faults_of_several_records_have_their_places(service: Service) -> None:
    _, good = records("loads")[0]
    late = {"hour": (START + timedelta(hours=HOURS + 900)).isoformat()}
    problem = assert_refused(service.post("/v1/loads/predictions", [good, late, good, late]), 422)
    assert [one["record"] for one in problem["errors"]] == [1, 3]
    head = {"Content-Type": "text/csv"}
    path = "/v1/loads/predictions"
    body = as_csv([good, late, good])
    problem = assert_refused(service.ask(path, "POST", body=body, headers=head), 422)
    assert [one["line"] for one in problem["errors"]] == [3]
    partial = service.ask(f"{path}?partial=true", "POST", body=body, headers=head)
    rows = list(csv.DictReader(io.StringIO(partial.text)))
    assert [bool(row["predicted_load"]) for row in rows] == [True, False, True]
    assert "does not reach so far" in rows[1]["refused"]


def test_the_fields_of_the_past_are_optional_numbers(service: Service) -> None:
    fields = {one["name"]: one for one in service.ask("/v1/loads").json["fields"]}
    assert list(fields) == ["hour", *WINDOWS]
    for name in WINDOWS:
        assert (fields[name]["type"], fields[name]["required"]) == ("number", False)
    assert fields["load_yesterday"]["unit"] == "MW"
    assert fields["load_yesterday"]["about"] == "load, 24 steps before"
    api = service.ask("/openapi.json").json["components"]["schemas"]
    assert api["loads_record"]["required"] == ["hour"]
    assert "load_yesterday" in api["loads_record"]["properties"]
    assert set(api["loads_prediction"]["properties"]["past"]["properties"]) == set(WINDOWS)


def test_the_past_of_the_first_rows_is_missing_and_of_no_other(folder: Path) -> None:
    with contextlib.chdir(folder):
        ready = preparing.load(paths.PREPARED / "loads")
    both = pd.concat([ready.train, ready.test]).sort_values("hour")
    is_missing = both["load_yesterday"].isna().to_numpy()
    assert is_missing.tolist() == [True] * 24 + [False] * (len(both) - 24)
    assert np.isfinite(ready.test[["load_yesterday", "load_week"]]).all().all()
    assert len(both) == HOURS - 23, "the rows of the gap are in neither part, but in the past"
    kept = json.loads(ready.past or b"")["series"]
    assert len(kept[0]["when"]) == 191


def label(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value != ""}


@pytest.mark.parametrize("name", DATASETS)
def test_labels_go_on_the_series_in_the_next_training(
    service: Service, folder: Path, whole: dict[str, pd.DataFrame], name: str
) -> None:
    later = [row for row in table(name) if not is_known(row)]
    half = len(later) // 2
    one = service.post(f"/v1/{name}/labels", [label(row) for row in later[:half]])
    assert one.status_code == 200, one.text
    head = {"Content-Type": "text/csv"}
    path = f"/v1/{name}/labels"
    other = service.ask(path, "POST", body=as_csv(later[half:]), headers=head)
    assert other.status_code == 200, other.text
    dataset = convert(DATASETS[name], Dataset, "dataset")
    with contextlib.chdir(folder), service.database:
        gathered = training_rows.gather(service.database, dataset, "both")
        assert gathered.labels == len(later)
        _, cleaned = preparing.divide(gathered.frame, dataset, seed=7, folds=3)
        answered = changes.of_file(gathered, dataset, seed=7)
    by = [*dataset.series, "hour"]
    columns = [*by, *WINDOWS]
    found, expected = (
        rows[columns].sort_values(by, ignore_index=True) for rows in (cleaned.rows, whole[name])
    )
    pd.testing.assert_frame_equal(found, expected)
    assert any(record["load_yesterday"] is not None for record in answered)


def test_a_truth_is_reviewed_beside_the_past_that_it_had(service: Service) -> None:
    _, record = records("loads")[3]
    value = service.post("/v1/loads/predictions", record).json["load"]
    usual = service.post("/v1/loads/labels", {**record, "load": value})
    odd = service.post("/v1/loads/labels", {**record, "load": value + 1e6})
    late = {"hour": (START + timedelta(hours=HOURS + 900)).isoformat(), "load": 1e9}
    unknown = service.post("/v1/loads/labels", late)
    waiting = [bool(one.json.get("to_review")) for one in (usual, odd, unknown)]
    assert waiting == [False, True, False], [one.json for one in (usual, odd, unknown)]


def test_with_a_key_the_first_row_of_a_time_stands_for_the_others() -> None:
    changes = {"key": ["hour"], "duplicates": "first"}
    dataset = convert({**LOADS, **changes}, Dataset, "dataset")
    rows = pd.DataFrame(table("loads")).astype(str)
    corrected = rows.iloc[[50]].assign(load="99.5")
    _, cleaned = preparing.divide(pd.concat([corrected, rows]), dataset, seed=7, folds=3)
    by_hour = cleaned.rows.sort_values("hour", ignore_index=True)
    assert len(by_hour) == len(rows)
    assert by_hour.loc[74, "load_yesterday"] == 99.5


@pytest.mark.parametrize("name", DATASETS)
def test_a_file_is_scored_with_the_past_that_the_service_finds(
    service: Service, folder: Path, tmp_path: Path, name: str
) -> None:
    known = [{**record, "load_yesterday": ""} for _, record in records(name)]
    late = {**known[0], "hour": (START + timedelta(hours=HOURS + 900)).isoformat()}
    told = {**known[1], "load_yesterday": 480.5}
    source = tmp_path / "rows.csv"
    source.write_text(as_csv([*known, late, told]))
    with contextlib.chdir(folder):
        words = [f"dataset={name}", f"source={source}", f"to={tmp_path / 'scored.csv'}"]
        score.score(score.request([*words, "processes=1"]))
    head = {"Content-Type": "text/csv"}
    path = f"/v1/{name}/predictions?partial=true"
    answer = service.ask(path, "POST", body=source.read_bytes(), headers=head)
    expected = list(csv.DictReader(io.StringIO(answer.text)))
    found = list(csv.DictReader(io.StringIO((tmp_path / "scored.csv").read_text())))
    assert [bool(row["refused"]) for row in found] == [*[False] * len(known), True, False]
    for one, other in zip(found, expected, strict=True):
        assert one == {key: value for key, value in other.items() if key != "id"}
