"""A dataset as its operations are described: with its fields, served or not."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def name(self) -> str:
        """Return the dataset's name."""
        return self.dataset.name

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


def is_served(context: DatasetContext) -> bool:
    """Tell whether a version answers for a dataset."""
    return context.serving is not None
