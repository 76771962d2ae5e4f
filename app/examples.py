"""Records that work when they are pasted, and what is answered to them: the model's golden ones."""

from __future__ import annotations

from typing import Any

from app import answers, ids
from app.serving import Serving

SOME = 5


def example(serving: Serving, at: int = 0) -> dict[str, Any]:
    """Return a held-out record of the version, as it can be posted."""
    golden = serving.golden
    return {key: value for key, value in golden[at % len(golden)].items() if value is not None}


def several(serving: Serving) -> list[dict[str, Any]]:
    """Return some records, the first one first."""
    return [example(serving, at) for at in range(min(SOME, len(serving.golden)))]


def prediction(serving: Serving) -> dict[str, Any]:
    """Return the answer to the first example."""
    values = tuple(serving.golden[0][name] for name in serving.records.names)
    return answers.answer(serving, [values], ids.new())[0]
