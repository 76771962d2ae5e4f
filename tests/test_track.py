from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from src import track
from src.data.schema import Dataset
from src.support.errors import UserError

PARAMS = """\
# The choices.
dataset: a   # the first
model: m
search: none
seed: 1
folds: 5

# Checked once each.
datasets:
  - a  # it has a comment

# A line each.
runs:
  a-m: {dataset: a, model: m, plot: scatter}
"""


@pytest.fixture
def added(make_dataset: Callable[..., Dataset]) -> str:
    return track.added(PARAMS, make_dataset(), ["dummy", "ridge"])


def test_lines_are_added_and_all_else_stays_as_it_was(added: str) -> None:
    before, after = PARAMS.splitlines(), added.splitlines()
    assert [line for line in after if line not in before] == [
        "  - stones",
        "  stones-dummy: {dataset: stones, model: dummy, plot: scatter}",
        "  stones-ridge: {dataset: stones, model: ridge, plot: scatter}",
    ]
    assert [line for line in after if line in before] == before


def test_the_result_is_what_the_pipeline_reads(added: str) -> None:
    values = yaml.safe_load(added)
    assert values["datasets"] == ["a", "stones"]
    assert list(values["runs"]) == ["a-m", "stones-dummy", "stones-ridge"]


def test_more_models_of_a_tracked_dataset_repeat_it_not(
    added: str, make_dataset: Callable[..., Dataset]
) -> None:
    again = yaml.safe_load(track.added(added, make_dataset(), ["xgboost"]))
    assert again["datasets"] == ["a", "stones"]
    assert "stones-xgboost" in again["runs"]


def test_classes_are_plotted_as_a_confusion(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(task="multiclass", target={"name": "price"}, metric="accuracy")
    runs = yaml.safe_load(track.added(PARAMS, dataset, ["dummy"]))["runs"]
    assert runs["stones-dummy"]["plot"] == "confusion"


def test_what_is_written_in_another_way_is_not_touched(
    make_dataset: Callable[..., Dataset],
) -> None:
    with pytest.raises(UserError, match="not written a line for each"):
        track.added(PARAMS.replace("datasets:\n  - a  # it has a comment", "datasets: [a]"),
                    make_dataset(), ["dummy"])  # fmt: skip


def test_the_first_lines_of_a_project_that_tracks_nothing_are_added(
    make_dataset: Callable[..., Dataset],
) -> None:
    text = "dataset: a\nmodel: m\nsearch: none\nseed: 1\nfolds: 5\ndatasets: []  # none\nruns: {}\n"
    after = track.added(text, make_dataset(), ["dummy"])
    values = yaml.safe_load(after)
    assert values["datasets"] == ["stones"]
    assert list(values["runs"]) == ["stones-dummy"]
    assert "datasets:  # none\n" in after


class TestOfAProject:
    def test_what_is_left_of_models_that_are_tracked_in_part_is_told(self, project: Path) -> None:
        track.track(track.request(["dataset=stones", "models=ridge"]))
        with pytest.raises(UserError) as caught:
            track.track(track.request(["dataset=stones", "models=dummy,ridge,lasso"]))
        assert caught.value.given == "stones-ridge, tracked already"
        assert caught.value.fix == "models=dummy,lasso"

    def test_a_pair_that_is_tracked_is_refused(self, project: Path) -> None:
        track.track(track.request(["dataset=stones", "models=ridge"]))
        before = (project / "params.yaml").read_bytes()
        with pytest.raises(UserError, match="tracked once"):
            track.track(track.request(["dataset=stones", "models=ridge"]))
        assert (project / "params.yaml").read_bytes() == before

    @pytest.mark.parametrize(
        "words",
        [
            ["dataset=rocks", "models=ridge"],
            ["dataset=stones", "models=logistic"],
            ["dataset=stones"],
            ["set=stones", "models=ridge"],
        ],
    )
    def test_what_cannot_be_tracked_is_refused(self, project: Path, words: list[str]) -> None:
        with pytest.raises(UserError):
            track.track(track.request(words))

    def test_a_source_elsewhere_is_tracked_once_it_has_a_snapshot(self, project: Path) -> None:
        path = project / "conf/dataset/stones.yaml"
        there = path.read_text().replace("data/stones.csv", "sqlite:///stones.db?table=stones")
        path.write_text(there)
        words = ["dataset=stones", "models=ridge"]
        with pytest.raises(UserError, match="not in data/ yet") as caught:
            track.track(track.request(words))
        assert caught.value.choices == ["data/stones.parquet"]
        assert caught.value.fix == "python -m src.ingest dataset=stones mode=replace"
        (project / "data/stones.parquet").touch()
        track.track(track.request(words))
        assert "stones" in yaml.safe_load((project / "params.yaml").read_text())["datasets"]
