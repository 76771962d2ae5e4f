"""A dataset as its operations are described: with its fields, served or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.http.exchange import Caller
from app.registry.loaded import LoadedVersion
from app.settings import Settings
from src.data.schema import Dataset


@dataclass(frozen=True)
class DatasetContext:
    """What the description of a dataset's operations is derived from."""

    dataset: Dataset
    serving: LoadedVersion | None
    classes: list[str] | None
    settings: Settings
    is_real: bool = False  # who asks may see rows of the data as examples

    @property
    def name(self) -> str:
        """Return the dataset's name."""
        return self.dataset.name

    def example(self, at: int = 0) -> dict[str, Any]:
        """Return an example record of the version that serves."""
        assert self.serving is not None
        return self.serving.example(at, is_real=self.is_real)

    @property
    def words(self) -> dict[str, str]:
        """Return what the placeholders of summaries stand for."""
        how = self.dataset.similar
        return {
            "noun": self.dataset.noun,
            "target": self.dataset.target.name,
            "same": ", ".join(how.same) if how and how.same else "(any)",
            "nearest": how.nearest if how else "(none)",
        }


def shows_rows(dataset: Dataset, caller: Caller | None) -> bool:
    """Tell whether a caller sees rows of the data as examples: where the YAML says so, with a key.

    The YAML is conf/'s of now, and not the one that a version was trained by.
    """
    return dataset.examples == "real" and caller is not None and caller.may("predict")


def is_served(context: DatasetContext) -> bool:
    """Tell whether a version answers for a dataset."""
    return context.serving is not None
