from __future__ import annotations

import importlib
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from src.config.configuration import Model, with_values
from src.data.schema import Dataset
from src.learning import estimators
from src.support.errors import UserError

Make = Callable[..., Model]


def test_the_estimator_of_the_task_has_the_parameters_of_the_model(make_model: Make) -> None:
    model = make_model(
        estimator={
            "regression": {"_target_": "sklearn.linear_model.Ridge", "tol": 0.5},
            "binary": {"_target_": "sklearn.linear_model.RidgeClassifier"},
        },
        params={"alpha": 2.5},
    )
    ridge = estimators.make(model, "regression", seed=3)
    assert type(ridge).__name__ == "Ridge"
    assert (ridge.alpha, ridge.tol) == (2.5, 0.5)
    assert type(estimators.make(model, "binary", seed=3)).__name__ == "RidgeClassifier"


def test_params_win_over_the_values_of_the_task(make_model: Make) -> None:
    model = make_model(
        estimator={"regression": {"_target_": "sklearn.linear_model.Ridge", "alpha": 2.0}},
        params={"alpha": 1.0},
    )
    assert estimators.make(model, "regression", 0).alpha == 1.0
    plain = with_values(model, {"params": {}})
    assert estimators.make(plain, "regression", 0).alpha == 2.0
    assert estimators.make(with_values(plain, {"params.alpha": 3.0}), "regression", 0).alpha == 3.0


def test_a_space_of_no_parameter_is_told(make_model: Make) -> None:
    model = make_model(space={"params.alhpa": {"low": 1, "high": 2}})
    with pytest.raises(UserError, match="alhpa") as caught:
        estimators.check(model, "regression", 0)
    assert "alpha" in (caught.value.choices or ())
    assert caught.value.fix == "did you mean 'alpha'?"


def test_every_call_makes_another_one_and_leaves_the_model_as_it_was(make_model: Make) -> None:
    model = make_model(params={"alpha": 2.0})
    assert estimators.make(model, "regression", 0) is not estimators.make(model, "regression", 0)
    assert model == make_model(params={"alpha": 2.0})


def test_an_unknown_parameter_lists_the_choices(make_model: Make) -> None:
    with pytest.raises(UserError) as caught:
        estimators.make(make_model(params={"alhpa": 1.0}), "regression", 0)
    assert "Unknown parameter 'alhpa' of Ridge in the model 'mine'" in caught.value.what
    assert {"alpha", "solver", "tol"} <= set(caught.value.choices or ())
    assert "self" not in (caught.value.choices or ())
    assert caught.value.fix == "did you mean 'alpha'?"


def test_parameters_that_only_get_params_names_are_known(make_model: Make) -> None:
    pytest.importorskip("xgboost")
    model = make_model("xgboost.XGBRFRegressor", params={"max_depth": 3})
    assert estimators.make(model, "regression", 0).max_depth == 3
    with pytest.raises(UserError) as caught:
        estimators.make(make_model("xgboost.XGBRegressor", params={"max_dept": 3}), "regression", 0)
    assert "max_depth" in (caught.value.choices or ())
    assert caught.value.fix == "did you mean 'max_depth'?"


@pytest.mark.parametrize(
    ("target", "extra", "fix"),
    [
        ("no_such_library.Model", "", "install no_such_library"),
        ("no_such_library.inner.Model", "", "install no_such_library"),
        ("no_such_library.Model", "gpu", "pip install -c constraints.txt '.[gpu]'"),
    ],
)
def test_a_library_that_is_missing_is_told(
    make_model: Make, target: str, extra: str, fix: str
) -> None:
    with pytest.raises(UserError, match="cannot be imported") as caught:
        estimators.make(make_model(target, extra=extra), "regression", 0)
    assert caught.value.given == target
    assert caught.value.fix == fix


@pytest.mark.parametrize(
    ("library", "fix"),
    [
        ("libgomp.so.1", "apt-get install libgomp1, which has the system's OpenMP"),
        ("libother.so", "install the system's package that has libother.so"),
    ],
)
def test_a_library_of_the_system_that_is_missing_is_told(
    make_model: Make, library: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = f"{library}: cannot open shared object file: No such file or directory"

    def without(name: str) -> None:
        raise OSError(reason)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(UserError, match="cannot be imported") as caught:
        estimators.make(make_model("lightgbm.LGBMRegressor", extra="lightgbm"), "regression", 0)
    assert caught.value.given == f"lightgbm.LGBMRegressor: {reason}"
    assert caught.value.fix == fix


def test_a_class_without_its_module_is_told(make_model: Make) -> None:
    with pytest.raises(UserError) as caught:
        estimators.make(make_model("Ridge"), "regression", 0)
    assert caught.value.given == "Ridge"
    assert (caught.value.fix or "").strip() != "install"


def test_a_class_that_its_module_lacks_is_told(make_model: Make) -> None:
    with pytest.raises(UserError, match="'mine' does not exist") as caught:
        estimators.make(make_model("sklearn.linear_model.Rigde"), "regression", 0)
    assert caught.value.given == "sklearn.linear_model.Rigde"


@pytest.mark.parametrize(
    "target",
    [
        "os.getcwd",
        "collections.OrderedDict",
        "sklearn.metrics.r2_score",
        "sklearn.linear_model",
        "pathlib.Path",
    ],
)
def test_what_is_no_estimator_is_refused(make_model: Make, target: str) -> None:
    with pytest.raises(UserError, match="not a scikit-learn estimator") as caught:
        estimators.make(make_model(target), "regression", 0)
    assert caught.value.given == target


def test_an_estimator_that_needs_another_one_is_told(make_model: Make) -> None:
    with pytest.raises(UserError) as caught:
        estimators.make(make_model("sklearn.ensemble.VotingRegressor"), "regression", 0)
    assert "VotingRegressor" in str(caught.value)


def test_the_seed_is_given_to_those_that_draw(make_model: Make) -> None:
    target = "sklearn.ensemble.RandomForestRegressor"
    rng = np.random.default_rng(0)
    rows, values = rng.random((30, 3)), rng.random(30)

    def predictions(seed: int) -> list[float]:
        model = make_model(target, params={"n_estimators": 3})
        return estimators.make(model, "regression", seed).fit(rows, values).predict(rows).tolist()

    assert predictions(5) == predictions(5)
    assert predictions(5) != predictions(6)


def test_a_seed_of_the_model_itself_is_kept(make_model: Make) -> None:
    model = make_model(params={"random_state": 9})
    assert estimators.make(model, "regression", 1).random_state == 9


def test_those_that_do_not_draw_have_no_seed(make_model: Make) -> None:
    model = make_model("sklearn.linear_model.LinearRegression")
    assert "random_state" not in estimators.make(model, "regression", 1).get_params()


@pytest.mark.parametrize("name", ["XGBRegressor", "XGBClassifier"])
def test_boosted_trees_grow_on_one_thread(make_model: Make, name: str) -> None:
    pytest.importorskip("xgboost")
    made = estimators.make(make_model(f"xgboost.{name}"), "regression", 4)
    assert made.n_jobs == 1
    assert made.random_state == 4


def test_threads_can_be_asked_for(make_model: Make) -> None:
    pytest.importorskip("xgboost")
    model = make_model("xgboost.XGBRegressor", params={"n_jobs": 2})
    assert estimators.make(model, "regression", 4).n_jobs == 2


def test_nothing_warns_that_threads_have_no_effect(make_model: Make) -> None:
    model = make_model("sklearn.linear_model.LogisticRegression", params={"solver": "liblinear"})
    made = estimators.make(model, "binary", 1)
    made.fit([[0.0], [1.0]], [0, 1])
    assert made.n_jobs in (None, 1)


def test_an_estimator_that_takes_no_weights_is_told(
    make_model: Make, make_dataset: Callable[..., Dataset]
) -> None:
    weighted = make_dataset(weight="count")
    nearest = make_model("sklearn.neighbors.KNeighborsRegressor", name="nearest")
    with pytest.raises(UserError, match="'nearest' takes no weights of rows") as caught:
        estimators.check_weight(nearest, weighted, 1)
    assert "weight: count of 'stones'" in str(caught.value.given)
    estimators.check_weight(nearest, make_dataset(), 1)
    estimators.check_weight(make_model("sklearn.linear_model.Ridge"), weighted, 1)


@pytest.mark.parametrize(
    ("target", "params", "is_alone"),
    [
        ("sklearn.svm.LinearSVC", {}, True),
        ("sklearn.linear_model.LogisticRegression", {"solver": "liblinear"}, True),
        ("sklearn.linear_model.LogisticRegression", {"solver": "lbfgs"}, False),
        ("sklearn.linear_model.Ridge", {}, False),
    ],
)
def test_fits_that_draw_from_one_generator_are_made_one_after_the_other(
    target: str, params: dict[str, Any], is_alone: bool
) -> None:
    module, _, name = target.rpartition(".")
    estimator = getattr(importlib.import_module(module), name)(**params)
    with estimators.alone(estimator):
        entered = threading.Event()

        def enter() -> None:
            with estimators.alone(estimator):
                entered.set()

        thread = threading.Thread(target=enter, daemon=True)
        thread.start()
        assert entered.wait(0.2 if is_alone else 30) is not is_alone
    thread.join(30)
    assert entered.is_set()


def test_parameters_that_lightgbm_has_behind_its_kwargs_are_passed_on(make_model: Make) -> None:
    pytest.importorskip("lightgbm")
    params = {"verbose": -1, "max_bin": 63, "scale_pos_weight": 2.0, "num_threads": 2}
    made = estimators.make(make_model("lightgbm.LGBMClassifier", params=params), "regression", 4)
    told = made.get_params()
    assert {name: told[name] for name in params} == params
    assert told["n_jobs"] is None  # the library refuses one thing by two names
    with pytest.raises(UserError) as caught:
        estimators.make(
            make_model("lightgbm.LGBMRegressor", params={"max_bim": 3}), "regression", 0
        )
    assert {"max_bin", "num_leaves", "scale_pos_weight"} <= set(caught.value.choices or ())
    assert caught.value.fix == "did you mean 'max_bin'?"


@pytest.mark.parametrize("seed", [{}, {"random_seed": 7}])
def test_catboost_is_seeded_on_one_thread_and_leaves_no_files(
    make_model: Make, seed: dict[str, int]
) -> None:
    pytest.importorskip("catboost")
    made = estimators.make(make_model("catboost.CatBoostRegressor", params=seed), "regression", 4)
    told = made.get_params()
    seeded = seed or {"random_state": 4}
    assert told == {
        "loss_function": "RMSE",
        "thread_count": 1,
        "allow_writing_files": False,
        **seeded,
    }


def test_what_catboost_refuses_is_a_refusal(make_model: Make) -> None:
    pytest.importorskip("catboost")
    made = estimators.make(
        make_model("catboost.CatBoostRegressor", params={"depth": 99}), "regression", 4
    )
    with pytest.raises(estimators.refusals(), match="depth"):
        made.fit([[0.0], [1.0]], [0.0, 1.0])


def test_the_same_fit_of_catboost_gives_the_same_bytes(make_model: Make) -> None:
    pytest.importorskip("catboost")
    model = make_model("catboost.CatBoostRegressor", params={"n_estimators": 2, "verbose": 0})

    def kept() -> bytes:
        made = estimators.make(model, "regression", 4).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 5.0])
        return pickle.dumps(estimators.without_moment(made))

    assert kept() == kept()


@pytest.mark.parametrize(
    ("target", "is_limited"),
    [
        ("sklearn.ensemble.HistGradientBoostingRegressor", True),
        ("sklearn.linear_model.Ridge", False),
    ],
)
def test_a_fit_whose_class_takes_no_threads_has_one_in_whichever_thread_it_is(
    make_model: Make, target: str, is_limited: bool
) -> None:
    estimator = estimators.make(make_model(target), "regression", 1)
    found = []

    def look() -> None:
        with threadpool_limits(2, "openmp"), estimators.on_one_thread(estimator):
            found.append({pool["num_threads"] for pool in threadpool_info() if is_openmp(pool)})

    def is_openmp(pool: dict[str, Any]) -> bool:
        return pool["user_api"] == "openmp"

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(30)
    assert found == [{1 if is_limited else 2}]
