"""What is trained at once on a dataset that was just described, as conf/describe.yaml says."""

from __future__ import annotations

from typing import Any, Literal

from src.config import configuration as configs
from src.data.schema import Dataset, Task
from src.support.structs import Checked, convert

PATH = configs.CONF / "describe.yaml"
Kind = Literal["plain", "mixed", "text"]


class Large(Checked, frozen=True):
    """From how many cells on a table is large, and how it is looked at."""

    cells: int
    folds: int
    params: dict[str, Any] = {}  # of models of words that have them


class FirstLook(Checked, frozen=True):
    """The models by what the features are and by task, and how a large table is looked at."""

    models: dict[Kind, dict[Task, list[str]]]
    large: Large

    def is_large(self, dataset: Dataset, rows: int) -> bool:
        """Tell whether a table is looked at by less."""
        return rows * len(dataset.features) > self.large.cells

    def trainings(self, dataset: Dataset, rows: int) -> dict[str, list[str]]:
        """Return the command line of each training, by its model."""
        names = self.models[_kind(dataset)][dataset.task]
        is_large = self.is_large(dataset, rows)
        return {name: self._words(name, dataset, is_large=is_large) for name in names}

    def _words(self, model: str, dataset: Dataset, *, is_large: bool) -> list[str]:
        words = [f"dataset={dataset.name}", f"model={model}", "search=none"]
        if not is_large:
            return words
        words.append(f"folds={self.large.folds}")
        if _kind(dataset) != "plain":
            own = configs.read_yaml(configs.CONF / "model" / f"{model}.yaml").get("params", {})
            fewer = {key: value for key, value in self.large.params.items() if key in own}
            words += [f"model.params.{key}={value}" for key, value in fewer.items()]
        return words


def read() -> FirstLook:
    """Read conf/describe.yaml."""
    return convert(configs.read_yaml(PATH), FirstLook, str(PATH))


def _kind(dataset: Dataset) -> Kind:
    kinds = dataset.kinds()
    if "text" not in kinds:
        return "plain"
    return "text" if kinds == {"text"} else "mixed"
