from __future__ import annotations

from pathlib import Path

import pytest

from src.config import composition, configuration
from src.support.errors import UserError


@pytest.fixture(autouse=True)
def _stand_in_a_project(project: Path) -> None:
    composition.prepare()


def refused(*words: str) -> UserError:
    with pytest.raises(UserError) as caught:
        configuration.build(composition.compose(list(words)))
    return caught.value


def test_a_dataset_and_a_model_compose() -> None:
    values = composition.compose(["dataset=stones", "model=ridge"])
    assert values["dataset"]["name"] == "stones"
    assert values["model"]["name"] == "ridge"
    assert configuration.build(values).search == configuration.NoSearch()


def test_what_is_not_named_is_taken_from_params() -> None:
    text = (
        "{dataset: stones, model: lasso, search: optuna, seed: 7, folds: 4, datasets: [], runs: {}}"
    )
    Path("params.yaml").write_text(text)
    composition.prepare()
    built = configuration.build(composition.compose([]))
    assert (built.dataset.name, built.model.name) == ("stones", "lasso")
    assert isinstance(built.search, configuration.OptunaSearch)
    assert (built.seed, built.folds) == (7, 4)


def test_a_named_choice_goes_before_that_of_params() -> None:
    built = configuration.build(composition.compose(["search=optuna", "dataset=stones", "seed=5"]))
    assert built.dataset.name == "stones"
    assert isinstance(built.search, configuration.OptunaSearch)
    assert built.seed == 5


def test_keys_can_be_set_and_added() -> None:
    words = [
        "dataset=stones",
        "model=ridge",
        "model.params.alpha=3",
        "model.params.tol=0.1",
        "dataset.features.cut.optional=true",
        "dataset.gate.mae.max=9",
        "model.drop=[cut,facets]",
        "dataset.source='some file.csv'",
    ]
    built = configuration.build(composition.compose(words))
    assert built.model.params == {"alpha": 3, "tol": 0.1}
    assert built.dataset.features["cut"].optional
    assert built.dataset.gate["mae"].max == 9
    assert built.model.drop == ["cut", "facets"]
    assert built.dataset.source == "some file.csv"


def test_what_differs_for_one_pair_is_taken_for_that_pair_only() -> None:
    pair = Path("conf/dataset_model/stones_ridge.yaml")
    pair.write_text("# @package _global_\nmodel: {drop: [cut]}\n")
    words = ["dataset=stones", "model=ridge"]
    assert configuration.build(composition.compose(words)).model.drop == ["cut"]
    assert (
        configuration.build(composition.compose(["dataset=stones", "model=lasso"])).model.drop == []
    )
    assert configuration.build(composition.compose([*words, "model.drop=[facets]"])).model.drop == [
        "facets"
    ]


@pytest.mark.parametrize(
    ("word", "near", "other"),
    [
        ("dataset=diamnds", "diamonds", "stones"),
        ("model=xgbost", "xgboost", "ridge"),
        ("search=optun", "optuna", "none"),
    ],
)
def test_an_unknown_choice_lists_the_choices(word: str, near: str, other: str) -> None:
    error = refused(word)
    group, _, name = word.partition("=")
    assert error.what == f"Unknown {group} '{name}'."
    assert {near, other} <= set(error.choices or [])
    assert error.fix == f"did you mean '{near}'?"


def test_an_unknown_choice_with_nothing_near_tells_how_to_add_it() -> None:
    fix = refused("dataset=zzzzzz").fix or ""
    assert fix.startswith("add conf/dataset/zzzzzz.yaml: python -m src.describe name=zzzzzz ")


@pytest.mark.parametrize(
    ("word", "given"), [("two words", "two words"), ("model.drop=[", "model.drop=["), ("@", "@")]
)
def test_what_is_no_override_is_told_with_what_is(word: str, given: str) -> None:
    error = refused(word)
    assert error.what == "This is not an override."
    assert error.given == given
    assert "key=value" in (error.choices or [])
    assert "quote" in (error.fix or "")


def test_blanks_around_a_key_do_not_count() -> None:
    words = ["dataset=stones", "model = ridge", " seed = 7", "model.params. alpha =3"]
    built = configuration.build(composition.compose(words))
    assert (built.seed, built.model.name, built.model.params["alpha"]) == (7, "ridge", 3)


def test_several_values_are_told_to_be_a_sweep() -> None:
    error = refused("dataset=stones", "model=ridge", "seed=1,2")
    assert error.given == "seed=1,2"
    assert "-m seed=1,2" in (error.fix or "")
    assert "'seed=[1,2]', a list" in (error.choices or [])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model=ridge", "seeed=1"], "Unknown key 'seeed'"),
        (["model=ridge", "model.parms.alpha=1"], "Unknown key 'model.parms'"),
        (
            ["model=ridge", "dataset.features.carat.mim=1"],
            "Unknown key 'dataset.features.carat.mim'",
        ),
        (["model=ridge", "search=optuna", "search.trials=0"], "'search.trials' is not valid"),
        (["model=ridge", "search=optuna", "search.trails=9"], "did you mean 'trials'?"),
        (["model=ridge", "dataset.gate.maee.max=1"], "Unknown metric"),
        (["model=ridge", "dataset.derived.v=carrat"], "did you mean 'carat'?"),
        (["model=naive_bayes"], "does not serve the task 'regression'"),
        (["model=ridge", "dataset.features.carat.type=numbr"], "number, integer, category, text"),
        (["model=ridge", "dataset.features.carat.type=timestamp"], "did you mean 'datetime'?"),
    ],
)
def test_a_typo_on_the_command_line_is_told(words: list[str], told: str) -> None:
    assert told in str(refused("dataset=stones", *words))


def test_a_reference_to_nothing_is_a_clear_error() -> None:
    error = refused("dataset.about=${nothing}")
    assert "nothing" in error.what


@pytest.mark.parametrize("text", ["costs ${now} of it", "costs ${now", "costs ${made:up}"])
def test_text_that_looks_like_a_reference_is_told_how_to_be_written(
    project: Path, text: str
) -> None:
    path = project / "conf/dataset/stones.yaml"
    before = path.read_text()
    assert "about:" not in before
    path.write_text(f"{before}about: '{text}'\n")
    error = refused("dataset=stones")
    assert "about' has a ${...} that refers to nothing: " in error.what
    assert (error.given, error.fix) == (
        text,
        "where it is text write \\${ for ${, in single quotes or none",
    )
    path.write_text(f"{before}about: '{text.replace('${', chr(92) + '${')}'\n")
    assert composition.compose(["dataset=stones"])["dataset"]["about"] == text


def test_a_file_that_asks_for_one_that_is_absent_is_a_clear_error() -> None:
    for name in ("/nowhere/else", "/nothing", "ridge"):
        Path("conf/dataset/asking.yaml").write_text(f"defaults: [{name}]\nname: asking\n")
        assert name.strip("/") in refused("dataset=asking").what


def test_a_file_that_is_no_yaml_is_a_clear_error() -> None:
    Path("conf/dataset/broken.yaml").write_text("name: [")
    assert "valid YAML" in str(refused("dataset=broken"))


def test_outside_a_project_nothing_is_composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UserError, match="not the root of a project"):
        composition.prepare()


@pytest.mark.parametrize(
    ("word", "opened"),
    [
        ("seed=1", "++seed=1"),
        ("model.params.alpha=1", "++model.params.alpha=1"),
        ("dataset.source=a=b", "++dataset.source=a=b"),
        ("dataset=stones", "dataset=stones"),
        ("hydra.sweep.dir=x", "hydra.sweep.dir=x"),
        ("+seed=1", "+seed=1"),
        ("~seed", "~seed"),
        ("-m", "-m"),
        ("--cfg=job", "--cfg=job"),
    ],
)
def test_only_a_value_is_opened_to_our_own_check(word: str, opened: str) -> None:
    assert composition.open_override(word) == opened


def test_what_differs_for_a_pair_is_not_chosen_by_hand() -> None:
    with pytest.raises(UserError, match="names of the two"):
        composition.open_override("dataset_model=a")


def params(*groups: str) -> list[str]:
    chosen = configuration.read_params()
    return [f"{group}={getattr(chosen, group)}" for group in groups]


def test_missing_choices_stand_beside_the_overrides() -> None:
    added = params("dataset", "search")
    assert composition.complete(["-m", "model=a,b", "seed=1"]) == [
        "-m",
        *added,
        "model=a,b",
        "seed=1",
    ]
    assert composition.complete(["model=a", "-m"]) == [*added, "model=a", "-m"]
    assert composition.complete(["--help"]) == [*params("dataset", "model", "search"), "--help"]
    assert composition.complete(["--info"]) == [*params("dataset", "model", "search"), "--info"]
    assert composition.complete([]) == params("dataset", "model", "search")


def test_only_the_groups_that_are_asked_for_are_completed() -> None:
    assert composition.complete([], ("dataset",)) == params("dataset")
    assert composition.complete(["dataset=stones"], ("dataset",)) == ["dataset=stones"]


def test_other_errors_pass_through() -> None:
    with pytest.raises(ValueError, match="mine"), composition.errors():
        raise ValueError("mine")


def test_a_file_that_has_the_name_of_another_is_told(project: Path) -> None:
    ridge = project / "conf/model/ridge.yaml"
    (project / "conf/model/mine.yaml").write_text(ridge.read_text())
    composition.prepare()
    with pytest.raises(UserError, match="another name") as caught:
        composition.compose(["model=mine"])
    assert caught.value.given == "name: ridge"
    assert caught.value.choices == ["name: mine"]


def test_a_file_in_another_encoding_is_told(project: Path) -> None:
    (project / "conf/model/mine.yaml").write_bytes("about: Größe".encode("latin-1"))
    composition.prepare()
    with pytest.raises(UserError, match="not valid YAML"):
        composition.compose(["model=mine"])


@pytest.mark.parametrize("group", ["dataset", "model", "search"])
def test_a_choice_of_nothing_lists_the_choices(project: Path, group: str) -> None:
    with pytest.raises(UserError, match=f"Unknown {group} ''") as caught:
        composition.open_override(f"{group}=")
    assert caught.value.choices == configuration.choices(group)
