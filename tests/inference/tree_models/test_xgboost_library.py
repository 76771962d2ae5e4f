from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from src.inference.tree_models.xgboost_library import Booster

xgboost = pytest.importorskip("xgboost")


def trained(objective: str = "reg:squarederror", **more: object) -> xgboost.Booster:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, 5)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    target = rng.integers(0, 3 if more else 2, 300)
    settings = {"objective": objective, "max_depth": 4, **more}
    return xgboost.train(settings, xgboost.DMatrix(matrix, target), 15)


KINDS = [("reg:squarederror", {}), ("binary:logistic", {}), ("multi:softprob", {"num_class": 3})]


@pytest.mark.parametrize(("objective", "more"), KINDS)
def test_scores_rows_as_the_package_does(objective: str, more: dict[str, int]) -> None:
    model = trained(objective, **more)
    loaded = Booster(bytes(model.save_raw("ubj")))
    rows = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    rows[::3, 2] = np.nan
    expected = model.inplace_predict(rows, predict_type="margin").reshape(40, -1)
    assert np.array_equal(loaded.dense(rows), expected)
    assert loaded.dense(rows).dtype == np.float64


def test_what_is_not_stored_is_missing() -> None:
    model = trained()
    rows = sparse.csr_matrix(np.array([[0.0, 0, 1.5, 0, -1], [0, 0, 0, 0, 0]]))
    starts, columns = rows.indptr.astype(np.uint64), rows.indices.astype(np.uint32)
    found = Booster(bytes(model.save_raw("ubj"))).sparse(
        starts, columns, rows.data.astype(np.float32), 5
    )
    gaps = np.array([[np.nan, np.nan, 1.5, np.nan, -1], [np.nan] * 5], dtype=np.float32)
    assert np.array_equal(found[:, 0], model.inplace_predict(gaps))
    assert not np.array_equal(found[:, 0], model.inplace_predict(np.nan_to_num(gaps)))


def test_answers_are_not_overwritten_by_the_next_call() -> None:
    loaded = Booster(bytes(trained().save_raw("ubj")))
    rows = np.random.default_rng(1).normal(size=(8, 5)).astype(np.float32)
    first = loaded.dense(rows)
    kept = first.copy()
    loaded.dense(rows + 1)
    assert np.array_equal(first, kept)


def test_threads_share_a_booster() -> None:
    loaded = Booster(bytes(trained().save_raw("ubj")))
    rng = np.random.default_rng(1)
    batches = [rng.normal(size=(size, 5)).astype(np.float32) for size in range(1, 120)]
    expected = [loaded.dense(rows) for rows in batches]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            for one, found in zip(expected, pool.map(loaded.dense, batches), strict=True):
                assert np.array_equal(one, found)


def test_the_package_is_not_imported(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "model.ubj"
    path.write_bytes(trained().save_raw("ubj"))
    code = (
        "import sys; import numpy as np;"
        "from src.inference.tree_models.xgboost_library import Booster;"
        f"Booster(open({str(path)!r}, 'rb').read()).dense(np.zeros((2, 5), np.float32));"
        "print(sorted({'xgboost', 'scipy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(RuntimeError):
        Booster(b"{}")
