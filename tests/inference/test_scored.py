from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from src.inference.links import Answers
from src.inference.reasons.contributions import Added, Part
from src.inference.scored import Scored


class Sums:
    """Scores that are the sums of two numbers; of a record that has none nothing is known."""

    def scores(self, records: Sequence[Any]) -> np.ndarray:
        return np.array([[sum(record)] for record in records], dtype=np.float64)

    def added(self, record: Any) -> Added | None:
        parts = [Part(f"x{at}", np.array([float(one)])) for at, one in enumerate(record)]
        return Added(np.zeros(1), parts) if record else None


@pytest.mark.parametrize(("link", "place"), [("identity", None), ("exp", None), ("sigmoid", 0)])
def test_an_answer_is_what_its_base_and_amounts_add_up_to(link: str, place: int | None) -> None:
    scored, record = Scored(Sums(), Answers(link, 1)), (1.5, -0.25)
    found = scored.reasons(record, place)
    assert found is not None
    answer = scored.output([record])[0]
    value = answer if place is None else answer[place]
    assert found.base + sum(amount for _, amount in found.amounts) == pytest.approx(value)
    assert [part.name for part, _ in found.amounts] == ["x0", "x1"]
    assert scored.reasons((), place) is None
