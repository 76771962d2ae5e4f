from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from src.config import configuration
from src.config.configuration import Config, Model
from src.learning import study, tuning, validation
from src.learning.recipe import Recipe
from src.learning.sampling import Sampling
from src.support import files
from src.support.errors import UserError

RIDGE = {
    "params": {"alpha": 1.0},
    "space": {"params.alpha": {"low": 0.001, "high": 1000.0, "log": True}},
}
TREES = {
    "params": {"n_estimators": 60, "learning_rate": 0.1, "max_depth": 2},
    "early_stopping": {"rounds": 3, "faster": 2},
    "space": {"params.max_depth": {"low": 1, "high": 4}},
}
XGBOOST = "xgboost.XGBRegressor"


class Run:
    """Tune the model on 60 stones, with the study in a folder."""

    def __init__(
        self, folder: Path, make_config: Callable[..., Config], rows: pd.DataFrame
    ) -> None:
        self.folder, self.make_config, self.rows = folder, make_config, rows

    def __call__(
        self, name: str, model: Model, progress: Any, **search: Any
    ) -> tuple[Model, pd.DataFrame]:
        options = {"name": "optuna", "trials": 8, "jobs": 1, "startup": 3, "folds": 2, **search}
        plain = configuration.plain(self.make_config())
        made = configuration.build(
            {**plain, "model": configuration.plain(model), "search": options}
        )
        truth = self.rows["price"].to_numpy()
        return tuning.tune(made, None, self.rows, truth, self.folder / name, progress)


@pytest.fixture
def run(
    tmp_path: Path, make_config: Callable[..., Config], make_rows: Callable[..., pd.DataFrame]
) -> Run:
    return Run(tmp_path, make_config, make_rows(60))


def without_time(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="seconds")


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_seed_gives_the_same_trials(
    run: Run, make_model: Callable[..., Model], recorder: Any, jobs: int
) -> None:
    model = make_model(**RIDGE)
    first, one = run("a", model, recorder, jobs=jobs)
    second, other = run("b", model, recorder, jobs=jobs)
    assert first == second
    pd.testing.assert_frame_equal(without_time(one), without_time(other))
    assert one["params.alpha"].nunique() == len(one)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_search_in_two_goes_is_the_search_in_one(
    run: Run, make_model: Callable[..., Model], recorder: Any, jobs: int
) -> None:
    model = make_model(**RIDGE)
    whole, one = run("whole", model, recorder, trials=12, jobs=jobs)
    run("halves", model, recorder, trials=8, jobs=jobs)
    halves, two = run("halves", model, recorder, trials=12, jobs=jobs)
    assert halves == whole
    pd.testing.assert_frame_equal(without_time(two), without_time(one))


def test_a_trial_that_was_killed_is_tried_again(
    run: Run, make_model: Callable[..., Model], recorder: Any, tmp_path: Path
) -> None:
    model = make_model(**RIDGE)
    whole, _ = run("whole", model, recorder, trials=8)
    run("killed", model, recorder, trials=5)
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "killed")))
    loaded = optuna.load_study(study_name=study.NAME, storage=storage)
    loaded.ask(study.distributions(model))  # nobody will ever tell how it went
    after, table = run("killed", model, recorder, trials=8)
    assert after == whole
    assert len(table) == 8
    loaded = optuna.load_study(study_name=study.NAME, storage=storage)
    assert TrialState.RUNNING not in [trial.state for trial in loaded.trials]


def test_a_line_that_was_cut_short_is_no_harm(
    run: Run, make_model: Callable[..., Model], recorder: Any, tmp_path: Path
) -> None:
    model = make_model(**RIDGE)
    whole, _ = run("whole", model, recorder, trials=8)
    run("cut", model, recorder, trials=5)
    with (tmp_path / "cut").open("ab") as file:
        file.write(b'{"op_code":5,"worker')
    after, table = run("cut", model, recorder, trials=8)
    assert after == whole
    assert len(table) == 8


def test_two_processes_do_not_share_a_search(
    run: Run, make_model: Callable[..., Model], recorder: Any, tmp_path: Path
) -> None:
    with (
        files.held(tmp_path / "a", "This search"),
        pytest.raises(UserError, match="in use by another process"),
    ):
        run("a", make_model(**RIDGE), recorder)


def test_the_first_trial_is_the_models_own_values(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    _, table = run("a", make_model(**{**RIDGE, "params": {"alpha": 0.125}}), recorder)
    assert table["params.alpha"].iloc[0] == 0.125


def test_own_values_outside_the_space_are_no_fault(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    _, table = run("a", make_model(**{**RIDGE, "params": {"alpha": 5000.0}}), recorder)
    assert table["params.alpha"].between(0.001, 1000).all()


def test_the_best_complete_trial_wins(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    model, table = run("a", make_model(**RIDGE), recorder)
    complete = table[table["state"] == "complete"]
    best = complete.loc[complete["value"].idxmin()]
    assert model.params["alpha"] == best["params.alpha"]
    assert best["value"] < complete["value"].max()


def test_trials_that_trail_are_given_up_after_a_fold(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    _, table = run("a", make_model(**RIDGE), recorder, trials=16, keep=0.2, folds=3)
    folds = table["folds"].str.split().str.len()
    pruned = table["state"] == "pruned"
    assert pruned.any()
    assert (folds[pruned] < 3).all()
    assert (folds[~pruned] == 3).all()
    assert not pruned[:3].any(), "the first trials are spared"


def test_nothing_is_given_up_when_all_are_kept(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    _, table = run("a", make_model(**RIDGE), recorder, keep=1.0, trials=6)
    worse = table["value"].diff().gt(0).sum()
    assert worse > 0
    assert (table["state"] == "complete").sum() >= 3


@pytest.mark.parametrize("faster", [1, 4])
def test_trees_are_counted_by_early_stopping_and_grown_slowly(
    run: Run, make_model: Callable[..., Model], recorder: Any, faster: int
) -> None:
    stopping = {"early_stopping": {"rounds": 3, "faster": faster}}
    model, table = run("a", make_model(XGBOOST, **{**TREES, **stopping}), recorder, trials=3)
    best = table.loc[table["value"].idxmin()]
    assert 1 <= best["trees"] <= 60
    assert model.params["n_estimators"] == round(best["trees"] * faster)
    assert model.params["learning_rate"] == 0.1


def test_learning_faster_needs_fewer_trees(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    grown = []
    for faster in (1, 5):
        stopping = {"early_stopping": {"rounds": 3, "faster": faster}}
        model = make_model(XGBOOST, **{**TREES, **stopping})
        _, table = run(str(faster), model, recorder, trials=1)
        grown.append(table["trees"].iloc[0])
    assert grown[1] < grown[0]


def test_a_metric_that_should_be_great_is_made_great(
    run: Run, make_model: Callable[..., Model], recorder: Any, make_config: Callable[..., Config]
) -> None:
    run.make_config = lambda: make_config(dataset={"metric": "r2"})
    model, table = run("a", make_model(**RIDGE), recorder)
    complete = table[table["state"] == "complete"]
    assert complete["value"].max() > complete["value"].min()
    assert model.params["alpha"] == complete.loc[complete["value"].idxmax(), "params.alpha"]


def test_the_search_sees_other_folds_than_the_judgement_after_it(
    run: Run, make_model: Callable[..., Model], recorder: Any, make_config: Callable[..., Config]
) -> None:
    model = make_model(**RIDGE)
    _, table = run("a", model, recorder, trials=1, folds=3)
    searched = [float(score) for score in table["folds"].iloc[0].split()]
    made = make_config(params={"alpha": 1.0})
    truth = run.rows["price"].to_numpy()
    parts = Sampling().folds("regression", truth, 3, made.seed)
    recipe = Recipe(made.dataset, made.model, None, made.seed)
    judged = validation.cross_validate(recipe, "mae", run.rows, truth, parts, recorder.step)
    assert len(judged.scores) == len(searched)
    assert not np.allclose(judged.scores, searched, rtol=1e-3)


def test_an_estimator_that_cannot_stop_early_keeps_its_parameters(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    model, _ = run("a", make_model(**RIDGE, early_stopping={"rounds": 3}), recorder)
    assert set(model.params) == {"alpha"}


def test_the_encoding_can_be_searched(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    space = {"encoding.ordered": {"choices": ["rank", "one_hot"]}}
    model, table = run("a", make_model(space=space), recorder, trials=6)
    assert set(table["encoding.ordered"]) == {"rank", "one_hot"}
    assert model.encoding.ordered == table.loc[table["value"].idxmin(), "encoding.ordered"]


def test_time_that_is_up_leaves_one_complete_trial(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    _, table = run("a", make_model(**RIDGE), recorder, timeout=1e-6, trials=50)
    assert (table["state"] == "complete").sum() >= 1
    assert len(table) < 50


def test_a_model_without_a_space_is_a_users_error(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    with pytest.raises(UserError, match="nothing to search") as caught:
        run("a", make_model(), recorder)
    assert "space" in str(caught.value)


def test_progress_tells_each_trial(
    run: Run, make_model: Callable[..., Model], recorder: Any
) -> None:
    run("a", make_model(**RIDGE), recorder, trials=5)
    assert recorder.stages == [("search", 5)]
    assert recorder.steps == 5


def test_scores_are_out_of_fold(run: Run, make_model: Callable[..., Model], recorder: Any) -> None:
    forest = make_model(
        "sklearn.tree.DecisionTreeRegressor",
        space={"params.max_depth": {"low": 20, "high": 21}},
        params={"max_depth": 20},
    )
    _, table = run("a", forest, recorder, trials=2)
    scores = table["folds"].str.split(expand=True).astype(float).to_numpy()
    assert np.nanmin(scores) > 1, "a deep tree knows by heart what it was fitted on"


def test_a_search_that_was_killed_at_once_still_tries_the_models_own_values(
    run: Run, make_model: Callable[..., Model], recorder: Any, tmp_path: Path
) -> None:
    model = make_model(**{**RIDGE, "params": {"alpha": 0.125}})
    whole, _ = run("whole", model, recorder)
    made = configuration.build(
        {**configuration.plain(run.make_config()), "model": configuration.plain(model)}
    )
    with files.held(tmp_path / "killed", "This search"):
        begun = study.open_journal(tmp_path / "killed", made)
        begun.ask(study.distributions(model))
    after, table = run("killed", model, recorder)
    assert table["params.alpha"].iloc[0] == 0.125
    assert after == whole
