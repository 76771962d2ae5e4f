from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src.data import prepared, splitting
from src.data.schema import Dataset
from src.support.errors import UserError

Make = Callable[..., Dataset]


def test_a_source_is_read_cleaned_and_split(project: Path, dataset: Dataset) -> None:
    source = project / "data" / "stones.csv"
    source.write_text(source.read_text() + "-1,3,Good,5\n1.00,1,Fair,2\n1,1,Fair,2\n")
    ready, cleaned = prepared.prepare(dataset, seed=1)
    assert len(ready.train) + len(ready.test) == 41
    assert ready.origin == {
        "source": "data/stones.csv",
        "md5": hashlib.md5(source.read_bytes()).hexdigest(),
        "rows": 43,
        "accepted": 41,
        "rejected": 2,
        "rejected_share": pytest.approx(2 / 43, abs=1e-6),
        "by_rule": {"out_of_range": 1, "duplicate": 1},
    }
    assert cleaned.rejected["line"].tolist() == [42, 44]
    assert splitting.stable(ready.test, dataset).all()
    assert not splitting.stable(ready.train, dataset).any()


def test_the_seed_reaches_the_split(project: Path, make_dataset: Make) -> None:
    dataset = make_dataset(split={"method": "random"})
    one, other = (prepared.prepare(dataset, seed)[0].test.index.tolist() for seed in (1, 2))
    assert one != other


def test_separator_and_encoding_are_those_of_the_dataset(project: Path, make_dataset: Make) -> None:
    text = (project / "data" / "stones.csv").read_text().replace(",", ";")
    (project / "data" / "stones.csv").write_text(text, encoding="utf-16")
    ready, _ = prepared.prepare(make_dataset(separator=";", encoding="utf-16"), 1)
    assert len(ready.train) + len(ready.test) == 40


def test_what_is_saved_is_loaded_as_it_was(project: Path, make_dataset: Make) -> None:
    features = {
        "carat": {"type": "number"},
        "facets": {"type": "integer", "optional": True},
        "cut": {"type": "category", "optional": True},
    }
    source = project / "data" / "stones.csv"
    source.write_text(source.read_text() + "".join(f"{n},,,{n + 1}\n" for n in range(20)))
    ready, cleaned = prepared.prepare(make_dataset(features=features), 1)
    prepared.save(project / "out" / "stones", ready, cleaned)
    again = prepared.load(project / "out" / "stones")
    pd.testing.assert_frame_equal(again.train, ready.train)
    pd.testing.assert_frame_equal(again.test, ready.test)
    assert again.origin == ready.origin


def test_the_rejected_rows_can_be_read_with_their_lines_and_reasons(
    project: Path, dataset: Dataset
) -> None:
    source = project / "data" / "stones.csv"
    source.write_text(source.read_text() + "-1,x,Good,5\n")
    prepared.save(project / "out", *prepared.prepare(dataset, 1))
    rejected = (project / "out" / "rejected.csv").read_text().splitlines()
    assert rejected[0] == "line,reasons,carat,facets,cut,price"
    assert len(rejected) == 2
    assert rejected[1].startswith("42,")
    assert "carat is not above 0 and at most 20: '-1'; facets is not a number: 'x'" in rejected[1]
    assert rejected[1].endswith("-1,x,Good,5")
    assert json.loads((project / "out" / "origin.json").read_text())["rejected"] == 1


def test_saving_again_replaces_the_folder_whole(project: Path, dataset: Dataset) -> None:
    ready = prepared.prepare(dataset, 1)
    prepared.save(project / "out", *ready)
    first = {path.name: path.read_bytes() for path in (project / "out").iterdir()}
    (project / "out" / "stray").write_text("")
    prepared.save(project / "out", *ready)
    assert {path.name: path.read_bytes() for path in (project / "out").iterdir()} == first
    assert not list(project.glob(".out*"))


def test_a_dataset_that_is_not_prepared_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        prepared.load(tmp_path / "stones")
    assert "not prepared" in caught.value.what
    assert caught.value.given == tmp_path / "stones"
    assert "dvc repro" in str(caught.value)


def test_half_of_a_folder_is_not_prepared(project: Path, dataset: Dataset) -> None:
    prepared.save(project / "out", *prepared.prepare(dataset, 1))
    (project / "out" / "test.parquet").unlink()
    with pytest.raises(UserError, match="not prepared"):
        prepared.load(project / "out")


def test_faults_of_the_source_come_through(project: Path, make_dataset: Make) -> None:
    with pytest.raises(UserError, match="does not exist"):
        prepared.prepare(make_dataset(source="data/none.csv"), 1)


@pytest.mark.parametrize(
    "before",
    [
        "\n\n",
        '"1\n.5",1,Fair,2\n',
    ],
    ids=["blank", "two lines"],
)
def test_a_rejected_row_is_told_with_its_line_in_the_file(
    project: Path, make_dataset: Make, before: str
) -> None:
    source = project / "data" / "stones.csv"
    source.write_text(f"{source.read_text()}{before}-1,1,Fair,2\n")
    _, cleaned = prepared.prepare(make_dataset(max_rejected=0.5), 1)
    assert cleaned.rejected["line"].tolist()[-1] == source.read_text().count("\n")
