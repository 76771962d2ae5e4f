"""A bundle's boosters alone: batches of numbers -> scores, which nobody gets."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from src.inference.tree_models.xgboost_library import Booster


def main(place: Path, folder: Path) -> None:
    """Score the batches of a folder by each member of a bundle."""
    members = [Booster(path.read_bytes()) for path in sorted(place.glob("member*.ubj"))]
    for path in sorted(folder.glob("batch-*.npy")):
        matrix = np.load(path)
        np.mean([member.dense(matrix) for member in members], axis=0)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
