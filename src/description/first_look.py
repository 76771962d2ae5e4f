"""What is trained at once on a dataset that was just described, as conf/describe.yaml says."""

from __future__ import annotations

from typing import Any, Literal

from src.config import blends
from src.config import configuration as configs
from src.data.features import Text
from src.data.schema import Dataset, Task
from src.support.structs import Checked, convert

PATH = configs.CONF / "describe.yaml"
Kind = Literal["plain", "mixed", "text"]


class Trees(Checked, frozen=True):
    """How many trees a large table has time for: of models that have a number and a rate.

    `cells` are trees by cells of the table. A model that grows fewer trees than its YAML says, but
    at `least` so many, learns faster by as much, up to `fastest`.
    """

    number: list[str]
    rate: str
    cells: float
    least: int
    fastest: float
    words: dict[str, Any] = {}  # how trees take text

    def fewer(self, params: dict[str, Any], cells: int) -> dict[str, Any]:
        """Return the parameters that change where each round of trees goes through `cells`."""
        name = next(name for name in self.number if name in params)
        own, rate = params[name], params[self.rate]
        number = max(self.least, int(self.cells / cells))
        if number >= own:
            return {}
        return {name: number, self.rate: min(self.fastest, round(rate * own / number, 4))}


class Large(Checked, frozen=True):
    """From how many cells on a table is large, and how it is looked at.

    A text counts as `text` cells.
    """

    cells: int
    text: int
    folds: int
    trees: Trees


class FirstLook(Checked, frozen=True):
    """The models by what the features are and by task, and how a large table is looked at."""

    models: dict[Kind, dict[Task, list[str]]]
    large: Large

    def is_large(self, dataset: Dataset, rows: int) -> bool:
        """Tell whether a table is looked at by less."""
        return self._cells(dataset, rows) > self.large.cells

    def _cells(self, dataset: Dataset, rows: int) -> int:
        kinds = [isinstance(feature, Text) for feature in dataset.features.values()]
        return rows * sum(self.large.text if is_text else 1 for is_text in kinds)

    def trainings(self, dataset: Dataset, rows: int) -> dict[str, list[str]]:
        """Return the command line of each training, by its model."""
        names = self.models[_kind(dataset)][dataset.task]
        return {
            name: [
                *(f"dataset={dataset.name}", f"model={name}", "search=none"),
                *(self._less(name, dataset, rows) if self.is_large(dataset, rows) else []),
            ]
            for name in names
        }

    def _less(self, model: str, dataset: Dataset, rows: int) -> list[str]:
        """Return what a large table changes; of a blend, for each of its members."""
        values = configs.read_yaml(configs.CONF / "model" / f"{model}.yaml")
        words = [f"folds={self.large.folds}"]
        members = blends.of_task(values.get(blends.KEY), dataset.task)
        if not members:
            return words + [f"model.{word}" for word in self._fewer(values, dataset, rows)]
        for name in members:
            own = configs.read_yaml(configs.CONF / "model" / f"{name}.yaml")
            words += [f"model.each.{name}.{word}" for word in self._fewer(own, dataset, rows)]
        return words

    def _fewer(self, values: dict[str, Any], dataset: Dataset, rows: int) -> list[str]:
        """Return what a large table changes of a model that has trees."""
        trees, params = self.large.trees, values.get("params", {})
        if trees.rate not in params or not params.keys() & set(trees.number):
            return []
        classes = dataset.target.listed() if dataset.task == "multiclass" else None
        cells = self._cells(dataset, rows) * len(classes or [dataset.target])
        words = [f"params.{key}={at}" for key, at in trees.fewer(params, cells).items()]
        if "text" in dataset.kinds():
            words += [f"encoding.text.{key}={at}" for key, at in trees.words.items()]
        return words


def read() -> FirstLook:
    """Read conf/describe.yaml."""
    return convert(configs.read_yaml(PATH), FirstLook, str(PATH))


def _kind(dataset: Dataset) -> Kind:
    kinds = dataset.kinds()
    if "text" not in kinds:
        return "plain"
    return "text" if kinds == {"text"} else "mixed"
