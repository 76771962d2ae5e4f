"""How the target of the training rows was distributed, to hold answers beside it."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyarrow import parquet

from src.inference import bundle
from src.scoring.version import Version

BINS = 100


@dataclass(frozen=True)
class Learnt:
    """The edges of bins with as many training values each, or how many there are of each class."""

    edges: np.ndarray
    classes: dict[str, int]

    @classmethod
    def of(cls, version: Version) -> Learnt:
        """Read the target of a bundle's training rows."""
        data = bundle.verified(version.path, bundle.ROWS, version.manifest)
        name = version.dataset.target.name
        file = parquet.ParquetFile(io.BytesIO(data), pre_buffer=False)
        values = file.read([name], use_threads=False).column(0)
        if version.classes is not None:
            return cls(np.empty(0), dict(Counter(map(str, values.to_pylist()))))
        shares = np.linspace(0, 1, BINS + 1)
        edges = np.quantile(values.to_numpy().astype(np.float64), shares, method="nearest")
        return cls(edges, {})

    def counts(self, answers: Any) -> dict[str, int]:
        """Count answers by class, or by bin: 0 is below all that was learnt."""
        if self.classes:
            return dict(Counter(map(str, answers)))
        places = np.searchsorted(self.edges, answers, side="right")
        return {str(at): int(count) for at, count in enumerate(np.bincount(places)) if count}

    def quantile(self, share: float) -> float:
        """Return a quantile of the training values."""
        return float(self.edges[round(share * BINS)])
