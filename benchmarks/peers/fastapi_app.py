"""FastAPI as it is commonly written for a model: pydantic in, a DataFrame, a pipeline, no log.

BUNDLE=<folder> python -m uvicorn benchmarks.peers.fastapi_app:api
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from fastapi import FastAPI  # type: ignore[import-not-found]
from pydantic import BaseModel

from benchmarks.peers.pipeline import make


class Diamond(BaseModel):
    """A record."""

    carat: float
    cut: str
    color: str
    clarity: str
    depth: float
    table: float
    x: float
    y: float
    z: float


api = FastAPI()
model = make(Path(os.environ["BUNDLE"]))


@api.post("/v1/diamonds/predictions")
def predict(record: Diamond) -> dict[str, float]:
    """Answer a record."""
    return {"price": float(model.predict(pd.DataFrame([record.model_dump()]))[0])}
