from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from src.inference import predictor
from src.inference.tree_models import forest, xgboost_library
from src.learning import exporting
from tests.inference import models

pytest.importorskip("xgboost")
TASKS = ("regression", "binary", "multiclass")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("average", [1, 2])
@pytest.mark.parametrize("kind", ["table", "mixed", "text"])
def test_few_and_many_records_are_answered_as_the_model_answers(
    task: str, average: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding = {"numbers": "keep", "ordered": "rank"}
    fitted, dataset, rows = models.fit(
        models.XGB[task], task, kind, average=average, encoding=encoding
    )
    made = models.exported(fitted, dataset, rows)
    asked = models.make_rows(200, seed=4, strange=True)
    records, expected = models.as_records(asked, dataset), fitted.output(asked)
    for few in (0, 1000):
        monkeypatch.setattr(forest, "FEW", few)
        assert np.allclose(made.output(records), expected, rtol=1e-5, atol=1e-6)
        assert np.allclose(made.output(records[:1]), expected[:1], rtol=1e-5, atol=1e-6)


def made(**words: Any) -> tuple[Any, list[Any], Any]:
    fitted, dataset, rows = models.fit(models.XGB["regression"], **words)
    found = exporting.export(fitted, dataset, rows)
    assert found is not None
    return dataset, models.as_records(models.make_rows(50, seed=4), dataset), found.files()


@pytest.mark.parametrize("words", [{}, {"kind": "mixed"}, {"params": {"max_depth": 9}}])
def test_without_the_library_records_are_answered_one_by_one(
    words: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, records, files = made(count=600, **words)
    expected = predictor.build(dataset, files.__getitem__).output(records)
    monkeypatch.setattr(xgboost_library, "library", lambda: None)
    found = predictor.build(dataset, files.__getitem__).output(records)
    assert np.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["table", "mixed"])
def test_threads_share_it(kind: str) -> None:
    dataset, records, files = made(kind=kind)
    one = predictor.build(dataset, files.__getitem__)
    batches = [records[at : at + size] for at in range(40) for size in (1, 3)] + [records] * 5
    expected = [one.output(batch) for batch in batches]
    reasons = [one.explain(record) for record in records]
    fresh = predictor.build(dataset, files.__getitem__)  # nobody has asked it for reasons yet
    with ThreadPoolExecutor(2) as pool:
        explained = list(pool.map(fresh.explain, records))
        for _ in range(3):
            for found, known in zip(pool.map(fresh.output, batches), expected, strict=True):
                assert np.array_equal(found, known)
    assert explained == reasons
