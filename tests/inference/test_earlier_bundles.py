"""A pickle names its classes: models that were trained before a module moved still load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from src.data.schema import Dataset
from src.inference import bundle, parity, predictor
from src.inference.predictor import Pickled
from src.support.structs import convert

EARLIER = Path(__file__).parent / "earlier"
BUNDLES = sorted(path.parent for path in EARLIER.glob("*/*/manifest.json"))


def test_there_are_earlier_bundles() -> None:
    assert len(BUNDLES) == 4


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_pickled_model_of_an_earlier_bundle_answers_as_it_did(path: Path) -> None:
    manifest = bundle.read_manifest(path)
    dataset = convert(manifest["config"]["dataset"], Dataset, "dataset")
    golden = json.loads((path / parity.GOLDEN).read_text(encoding="utf-8"))
    records = [tuple(one["record"][name] for name in dataset.features) for one in golden]
    expected = np.array([one["output"] for one in golden])
    found = Pickled(path, dataset, manifest).scores(records).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_export_of_an_earlier_bundle_answers_as_it_did(path: Path) -> None:
    manifest = bundle.read_manifest(path)
    parity.check_golden(predictor.load(path, manifest), path, manifest)
