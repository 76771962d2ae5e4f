"""Save the pipeline as a model that `mlflow models serve` takes.

python -m benchmarks.peers.mlflow_model <bundle> <folder>
"""

from __future__ import annotations

import sys
from pathlib import Path

import mlflow.sklearn  # type: ignore[import-not-found]

from benchmarks.peers.pipeline import make

bundle, folder = sys.argv[1:]
mlflow.sklearn.save_model(
    make(Path(bundle)),
    folder,
    serialization_format="cloudpickle",
    pip_requirements=[],  # it is served by the interpreter that saves it
)
