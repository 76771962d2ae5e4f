"""conf/ and params.yaml -> one checked, frozen configuration."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, structs

from src.config import blends
from src.data import multilabel, schema, schema_checks
from src.data.schema import Dataset
from src.support.errors import UserError, did_you_mean, unknown
from src.support.structs import Checked, Slug, convert, worded

CONF = Path("conf")
PARAMS = Path("params.yaml")

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]


class Words(Checked, frozen=True):
    """How free text becomes numbers."""

    weight: Literal["count", "tf_idf"] = "tf_idf"
    ngrams: tuple[Count, Count] = (1, 1)
    min_df: Count = 1
    max_features: Count | None = None
    sublinear: bool = True
    stop_words: Literal["english"] | None = None


class Encoding(Checked, frozen=True):
    """How features become numbers."""

    numbers: Literal["keep", "standard"] = "standard"
    ordered: Literal["rank", "one_hot"] = "one_hot"
    categories: Literal["auto", "one_hot", "target"] = "auto"
    text: Words = Words()


class Space(Checked, frozen=True):
    """The values that a search may try for one key of the model."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    choices: Annotated[list[str | int | float | bool | None], Meta(min_length=1)] | None = None


class EarlyStopping(Checked, frozen=True):
    """How a search finds the number of trees: on each fold it stops after `rounds` in vain.

    Trials learn `faster` times as fast as the model, which then takes as many times more trees:
    few large steps tell parameters apart as well as many small ones, in a fraction of the time.
    """

    rounds: Count
    faster: Annotated[float, Meta(ge=1)] = 1.0


class Model(Checked, frozen=True):
    """A recipe: an estimator per task, its parameters, its encoding and its search space.

    A blend has members in place of an estimator; `recipes` are theirs, as conf/ composes them.
    """

    name: Slug
    complexity: int
    estimator: dict[schema.Task, dict[str, Any]] = {}
    about: str = ""
    extra: str = ""  # of pyproject.toml, where the estimator's library is one of its packages
    params: dict[str, Any] = {}
    inputs: list[Literal["number", "integer", "category", "text"]] = []
    encoding: Encoding = Encoding()
    drop: list[str] = []
    target_transform: Literal["none", "log"] = "none"
    average: Count = 1
    early_stopping: EarlyStopping | None = None
    space: dict[str, Space] = {}
    members: dict[schema.Task, list[Slug]] | list[Slug] = []
    weights: Literal["equal", "found"] = "found"
    each: dict[Slug, dict[str, Any]] = {}
    recipes: list[Model] = []

    @property
    def is_log(self) -> bool:
        """Tell whether answers are exponentials, so that errors are factors."""
        own = [recipe.is_log for recipe in self.recipes]
        return all(own) if own else self.target_transform == "log"

    def served(self, task: schema.Task) -> list[str]:
        """Return the tasks that it names; members for all tasks are judged one by one."""
        if self.members and isinstance(self.members, list):
            return [task]
        return list(self.members or self.estimator)

    def singles(self) -> list[Model]:
        """Return the models that have an estimator: itself, or the members of a blend."""
        return list(self.recipes) or [self]


class NoSearch(Checked, frozen=True, tag_field="name", tag="none"):
    """Train with the model's own values."""


class OptunaSearch(Checked, frozen=True, tag_field="name", tag="optuna"):
    """Try values of the model's space with Optuna's TPE, cross-validated."""

    trials: Count = 50
    jobs: Count = 2
    timeout: Positive | None = None
    folds: Annotated[int, Meta(ge=2, le=20)] = 4
    startup: Count = 10
    keep: Annotated[float, Meta(gt=0, le=1)] = 0.25


class Config(Checked, frozen=True):
    """One training: a dataset, a model, a search, and the seed of all that is random."""

    dataset: Dataset
    model: Model
    search: NoSearch | OptunaSearch
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    folds: Annotated[int, Meta(ge=2, le=20)]


class Request(Checked, frozen=True):
    """A command line of src.train: a configuration to be, a tracked run, or a stopped one."""

    dataset: dict[str, Any]
    model: dict[str, Any]
    search: dict[str, Any]
    seed: Any
    folds: Any
    run: str | None = None
    continue_from: str | None = None


# DVC's stages take these.
RunName = Annotated[
    str,
    worded(r"^[A-Za-z0-9][A-Za-z0-9_-]*$", "letters, digits, _ and -, a letter or a digit first"),
]


class Pair(Checked, frozen=True):
    """A tracked run: one dataset with one model, and its search if it has one."""

    dataset: str
    model: str
    plot: Literal["scatter", "confusion"]
    search: str = "none"


class Params(Checked, frozen=True):
    """The choices in params.yaml."""

    dataset: str
    model: str
    search: str
    seed: int
    folds: int
    datasets: list[str]
    runs: dict[RunName, Pair]


def choices(group: str) -> list[str]:
    """List the names that conf/<group> offers."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a configuration, each with its whole key, such as split.share."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def read_yaml(path: Path) -> Any:
    """Read a YAML file; raise UserError where it is absent or not YAML."""
    try:
        # Whoever asks may change what they get.
        return copy.deepcopy(_parsed(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"The file {path} does not exist.") from None
    except OSError as error:
        raise UserError(f"The file {path} cannot be read.", given=error.strerror) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"The file {path} is not valid YAML.", given=error) from None


@functools.lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    """Parse YAML; the service asks for the same files again and again."""
    return yaml.safe_load(text)


def read_params() -> Params:
    """Read and check params.yaml."""
    values = read_yaml(PARAMS)
    if values is None:
        raise UserError(f"{PARAMS} is empty.", fix="git checkout params.yaml restores it")
    return convert(values, Params, str(PARAMS))


def request(values: dict[str, Any]) -> Request:
    """Check the outermost keys of composed values."""
    return convert(values, Request)


def build(values: dict[str, Any]) -> Config:
    """Check composed values and make them a Config; raise UserError that lists the choices."""
    _check_search(values.get("search"))
    multilabel.check_task(values)
    elsewhere = ("run", "continue_from")  # what to do, not what a training is
    config = convert({k: v for k, v in values.items() if k not in elsewhere}, Config)
    schema_checks.check(config.dataset)
    _check_one(config)
    blends.check(config)
    for recipe in config.model.recipes:
        _check_member(structs.replace(config, model=recipe), config.model)
    _check_retrain(config.dataset)
    return config


def _check_one(config: Config) -> None:
    _check_task(config)
    _check_inputs(config)
    _check_model(config.model, config.dataset)
    _check_space(config.model)


def _check_member(config: Config, blend: Model) -> None:
    """Raise UserError that lists the models that a blend may have as members here."""
    try:
        _check_one(config)
    except UserError as error:
        fitting = [
            name
            for name in serving_models(config.dataset.task)
            if _takes(read_yaml(CONF / "model" / f"{name}.yaml"), config.dataset)
        ]
        raise UserError(
            f"The blend '{blend.name}' has a member that does not fit '{config.dataset.name}'. "
            f"{error.what}",
            given=error.given or f"member {config.model.name}",
            choices=fitting,
            fix=f"{blends.key(blend, config.dataset.task)}=[...], of two or more of these",
        ) from None


def _takes(values: dict[str, Any], dataset: Dataset) -> bool:
    """Tell whether a model, as its YAML says, is single and takes the kinds of a dataset."""
    allowed = values.get("inputs")
    return not values.get(blends.KEY) and (not allowed or dataset.kinds() <= set(allowed))


def _check_search(search: Any) -> None:
    if isinstance(search, dict) and search.get("name") == "none" and len(search) > 1:
        key = next(key for key in search if key != "name")
        raise UserError(
            "There is no search to set this for.",
            given=f"search.{key}={search[key]}",
            fix=f"add search=optuna, or leave out search.{key}",
        )


def resolved(config: Config) -> dict[str, Any]:
    """Return the configuration as plain values that `build` accepts."""
    return plain(config)


def plain(value: Checked) -> dict[str, Any]:
    """Return a struct as what JSON and YAML know: dicts, lists and values."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return values


def serving_models(task: str) -> list[str]:
    """List the models of conf/model that serve a task."""
    return [name for name in choices("model") if task in _tasks(name)]


def _tasks(model: str) -> set[str]:
    """Return the tasks that a model of conf/model serves; of a list of members, all of theirs."""
    values = read_yaml(CONF / "model" / f"{model}.yaml")
    named = values.get(blends.KEY) if isinstance(values, dict) else None
    if isinstance(named, list):
        known = [str(name) for name in named if name != model and name in choices("model")]
        return set.intersection(*(_tasks(name) for name in known)) if known else set()
    return set(named if isinstance(named, dict) else _estimators(values))


def check_targets(model: Model) -> None:
    """Raise UserError where a model names a class that no file in conf/model names."""
    targets = {
        str(estimator.get("_target_"))
        for name in choices("model")
        for estimator in _estimators(read_yaml(CONF / "model" / f"{name}.yaml")).values()
        if isinstance(estimator, dict)
    }
    for estimator in (one for single in model.singles() for one in single.estimator.values()):
        if estimator.get("_target_") not in targets:
            raise unknown("_target_", str(estimator.get("_target_")), sorted(targets))


def _estimators(values: Any) -> dict[str, Any]:
    """Return the estimators of a model's YAML that may not be one."""
    estimators = values.get("estimator") if isinstance(values, dict) else None
    return estimators if isinstance(estimators, dict) else {}


def _check_task(config: Config) -> None:
    task, model = config.dataset.task, config.model
    if not model.estimator and not model.members:
        raise UserError(
            f"The model '{model.name}' has no estimator.",
            fix="add estimator, a class for each task; or members, the models that it blends",
        )
    served = model.served(task)
    if task not in served:
        raise UserError(
            f"The model '{model.name}' does not serve the task '{task}' of "
            f"'{config.dataset.name}'.",
            given=f"model={model.name}, which serves {', '.join(served)}",
            choices=[f"model={name}" for name in serving_models(task)],
        )
    if not model.members and "_target_" not in model.estimator[task]:
        raise UserError(
            f"The estimator of '{model.name}' for {task} has no _target_.",
            fix="name a class, such as _target_: sklearn.linear_model.Ridge",
        )


def _check_inputs(config: Config) -> None:
    allowed = config.model.inputs
    for name, feature in config.dataset.features.items():
        kind = feature.kind
        if allowed and kind is not None and kind not in allowed and name not in config.model.drop:
            raise UserError(
                f"The model '{config.model.name}' takes no {kind}, and '{name}' is one.",
                choices=allowed,
                fix=f"choose another model, or model.drop=[{name}]",
            )


def _check_model(model: Model, dataset: Dataset) -> None:
    columns = [*dataset.features, *dataset.computed()]
    for name in model.drop:
        if name not in columns:
            raise unknown("column in model.drop", name, columns)
    if set(columns) <= set(model.drop):
        raise UserError(f"The model '{model.name}' drops every feature.", given=model.drop)
    low, high = model.encoding.text.ngrams
    if low > high:
        raise UserError("model.encoding.text.ngrams goes from low to high.", given=[low, high])
    if model.target_transform == "log":
        target = dataset.target
        if dataset.task != "regression":
            raise UserError(
                "Only a regression's target can be transformed.",
                given="model.target_transform=log",
                fix="model.target_transform=none",
            )
        if (target.above is None or target.above < 0) and (target.min is None or target.min <= 0):
            raise UserError(
                f"The logarithm needs a positive target, and '{target.name}' may be zero or less.",
                fix="add above: 0 to the dataset's target, or model.target_transform=none",
            )


def _check_space(model: Model) -> None:
    for key, space in model.space.items():
        if space.choices is not None:
            trial: list[Any] = list(space.choices)
        elif space.low is not None and space.high is not None and space.low < space.high:
            trial = [space.low, space.high]
        else:
            raise UserError(
                f"The space of '{key}' is not valid.",
                given=plain(space),
                choices=["low and high, low below high", "choices"],
            )
        if space.log and (space.low is None or space.low <= 0):
            raise UserError(f"The space of '{key}' is logarithmic and must start above 0.")
        for value in trial:
            with_values(model, {key: value})


def _check_retrain(dataset: Dataset) -> None:
    """Find a misspelt model now, and not when a thousand labels have come."""
    model = None if dataset.retrain is None else dataset.retrain.model
    if model is not None and model not in (serving := serving_models(dataset.task)):
        what = f"Unknown model '{model}' in retrain.model of '{dataset.name}', for {dataset.task}."
        raise UserError(what, choices=serving, fix=did_you_mean(model, serving))


def with_values(model: Model, values: dict[str, Any]) -> Model:
    """Return the model with other values at dotted keys such as "params.max_depth"."""
    changed = plain(model)
    for key, value in values.items():
        *path, last = key.split(".")
        inner = changed
        for step in path:
            if not isinstance(inner.get(step), dict):
                raise unknown("key", step, inner, of=f"the model, where '{key}' is to be set")
            inner = inner[step]
        inner[last] = value
    return convert(changed, Model, "model")


def find_root() -> None:
    """Stop with a UserError unless the working directory is the project's root."""
    if not CONF.is_dir() or not PARAMS.is_file():
        raise UserError(
            "This folder is not the root of a project.",
            given=Path.cwd(),
            fix="cd to the folder that holds conf/ and params.yaml",
        )
