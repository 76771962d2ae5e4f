from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from src import composing, config, paths, running
from src.data import prepared
from src.errors import UserError

SEARCH = ["search=optuna", "search.trials=4", "search.jobs=1", "search.startup=2"]


@pytest.fixture
def composed(project: Path) -> config.Config:
    """Prepare `stones` and compose one tracked run that searches, as the pipeline does."""
    composing.prepare()
    made = config.build(composing.compose(["dataset=stones", "model=ridge", "folds=3", *SEARCH]))
    path = paths.RUN_CONFS / "stones-ridge.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(config.resolved(made), sort_keys=False))
    prepared.save(paths.PREPARED / "stones", *prepared.prepare(made.dataset, made.seed))
    return made


def records() -> list[Path]:
    return sorted(Path("runs/stones").iterdir())


def forget_the_end(record: Path) -> None:
    """Make a finished record look as if its process was killed before the bundle."""
    (record / "manifest.json").unlink()


def test_a_tracked_run_fills_the_pipelines_outputs_and_leaves_a_record(
    composed: config.Config,
) -> None:
    trained = running.tracked("stones-ridge")
    assert trained.place == Path("artifacts/bundles/stones/ridge")
    metrics = json.loads(Path("metrics/stones/ridge.json").read_text())
    assert metrics == trained.manifest["metrics"]
    plot = Path("metrics/stones/ridge.csv").read_text().splitlines()
    assert plot[0] == "actual,predicted"
    assert len(plot) - 1 == metrics["rows"]["test"]
    (record,) = records()
    assert json.loads((record / "manifest.json").read_text()) == trained.manifest
    assert not (record / "bundle").exists(), "the pipeline's bundle is kept once"
    assert trained.manifest["tuned"]["params"]["alpha"] > 0


def test_a_tracked_search_that_was_stopped_goes_on_by_itself(composed: config.Config) -> None:
    running.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    before = (record / "study.journal").read_bytes()
    running.tracked("stones-ridge")
    assert records() == [record]
    assert (record / "study.journal").read_bytes().startswith(before)


def test_a_tracked_search_of_something_else_begins_anew(composed: config.Config) -> None:
    running.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    path = paths.RUN_CONFS / "stones-ridge.yaml"
    values = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**values, "seed": values["seed"] + 1}, sort_keys=False))
    running.tracked("stones-ridge")
    assert len(records()) == 2


def test_a_finished_search_is_done_again_when_asked_again(composed: config.Config) -> None:
    running.tracked("stones-ridge")
    running.tracked("stones-ridge")
    assert len(records()) == 2


def test_a_run_that_is_not_tracked_lists_those_that_are(composed: config.Config) -> None:
    with pytest.raises(UserError) as caught:
        running.tracked("stones-rigde")
    assert "diamonds-ridge" in str(caught.value)


def test_a_stopped_run_of_the_pipeline_is_left_to_it(composed: config.Config) -> None:
    running.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    with pytest.raises(UserError, match="belongs to the pipeline"):
        running.continued(record, {})


def test_a_folder_that_is_no_run_lists_the_stopped_ones(composed: config.Config) -> None:
    running.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    with pytest.raises(UserError) as caught:
        running.continued(Path("runs/stones/nowhere"), {})
    assert str(record) in str(caught.value)
