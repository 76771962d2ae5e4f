"""What holds for every file in conf/dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from src.config import composition, configuration
from src.data import schema_checks
from src.data.features import Category, Text
from src.data.schema import Dataset
from src.evaluation import metrics
from src.support.structs import convert

FILES = sorted(Path("conf/dataset").glob("*.yaml"))


def read(path: Path) -> Dataset:
    return convert(configuration.read_yaml(path), Dataset)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_is_a_dataset_named_as_its_file(path: Path) -> None:
    dataset = read(path)
    schema_checks.check(dataset)
    assert dataset.name == path.stem
    assert dataset.source == f"data/{path.stem}.csv"
    assert path.read_text(encoding="utf-8").startswith(f"# python -m src.train dataset={path.stem}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_says_in_words_what_every_column_is(path: Path) -> None:
    dataset = read(path)
    assert dataset.about
    assert dataset.target.about
    for name, feature in dataset.features.items():
        assert feature.about, name
        if isinstance(feature, Category):
            assert feature.listed(), f"{name}: a form needs the choices"
        elif not isinstance(feature, Text):
            bounds = (feature.min, feature.max, feature.above, feature.below)
            assert any(bound is not None for bound in bounds), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_composes_with_every_model_that_serves_its_task(path: Path) -> None:
    composition.prepare()
    dataset = read(path)
    composed = []
    for model in configuration.serving_models(dataset.task):
        inputs = configuration.read_yaml(Path("conf/model") / f"{model}.yaml").get("inputs") or []
        if not inputs or dataset.kinds() <= set(inputs):
            words = [f"dataset={dataset.name}", f"model={model}"]
            composed.append(configuration.build(composition.compose(words)).model.name)
    assert "dummy" in composed
    assert len(composed) >= 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_is_gated_by_a_metric_of_its_task(path: Path) -> None:
    dataset = read(path)
    assert dataset.gate
    assert set(dataset.gate) <= set(metrics.BY_TASK[dataset.task])
