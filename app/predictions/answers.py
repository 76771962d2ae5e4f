"""Records -> answers: the prediction, the range it is likely in, and why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.registry.loaded import LoadedVersion
from app.store import ids
from src.inference import guard
from src.inference.reasons import causes
from src.inference.reasons.sentence import sentence
from src.support.errors import UserError

# Of a request or its version; the others are of a record and its answer.
GATE_BREACHED, TARGET_IGNORED = "gate_breached", "target_ignored"
CODES = (*guard.CODES, GATE_BREACHED, TARGET_IGNORED)


def answer(
    serving: LoadedVersion,
    records: list[tuple[Any, ...]],
    number: str,
    *,
    is_explained: bool = False,
) -> list[dict[str, Any]]:
    """Return an answer per record, the first one with this id.

    Raises UserError where the model has no finite answer.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # it is seen by what comes out
        output = serving.predictor.output(records)
        numbers = [number, *(ids.new() for _ in records[1:])]
        make = _values if serving.classes is None else _classes
        answers = make(serving, output, records, numbers)
        warned = serving.guard.warnings(records, output)
        for answer, warnings in zip(answers, warned, strict=True):
            answer["warnings"] = warnings
        if is_explained:
            for at, (record, answer) in enumerate(zip(records, answers, strict=True)):
                answer["why"] = _why(serving, record, at, answer)
    return answers


def example(serving: LoadedVersion, record: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to an example of a version; raise UserError where there is none."""
    return answer(serving, serving.values(record), ids.new())[0]


def _values(
    serving: LoadedVersion, output: Any, records: list[tuple[Any, ...]], numbers: list[str]
) -> list[dict[str, Any]]:
    """Answer with numbers and the range that each is likely in."""
    key, interval, model = serving.predicted, serving.interval, serving.model
    coverage = interval.coverage
    answers: list[dict[str, Any]] = []
    for at, value in enumerate(output.tolist()):
        low, high = interval.around_one(value, records[at])
        if not (math.isfinite(value) and math.isfinite(low) and math.isfinite(high)):
            raise _not_finite(at)
        answers.append(
            {
                "id": numbers[at],
                key: value,
                "interval": {"low": low, "high": high, "coverage": coverage},
                "model": model,
            }
        )
    return answers


def _classes(
    serving: LoadedVersion, output: Any, _: list[tuple[Any, ...]], numbers: list[str]
) -> list[dict[str, Any]]:
    """Answer with the chosen class, all probabilities and the classes that are likely."""
    key, interval, model = serving.predicted, serving.interval, serving.model
    decision = serving.decision
    classes = serving.classes
    assert classes is not None
    names = [str(known) for known in classes]
    answers = []
    for at, row in enumerate(output.tolist()):
        best = decision.called_one(row)
        if not math.isfinite(sum(row)):
            raise _not_finite(at)
        answers.append(
            {
                "id": numbers[at],
                key: classes[best],
                "probability": row[best],
                "probabilities": dict(zip(names, row, strict=True)),
                "interval": {
                    "classes": [classes[known] for known in interval.likely(row)],
                    "coverage": interval.coverage,
                },
                "model": model,
            }
        )
        if decision.threshold is not None:
            answers[-1]["threshold"] = decision.threshold
        if decision.band is not None:
            answers[-1]["abstains"] = decision.abstains_from(row)
    return answers


def _why(
    serving: LoadedVersion, record: tuple[Any, ...], at: int, answer: dict[str, Any]
) -> dict[str, Any]:
    """Give the reasons for an answer: of a class, those for the one that was chosen."""
    chosen = None
    if serving.classes is not None:
        chosen = str(answer[serving.predicted])
    explanation = serving.predictor.explain(record, chosen)
    if not math.isfinite(sum(part.contribution for part in explanation.contributions)):
        raise _not_finite(at)
    document: dict[str, Any] = {
        "sentence": sentence(explanation, serving.dataset, serving.causes),
        "base": explanation.base,
        "contributions": [
            {
                "feature": part.feature,
                **({"word": part.word} if part.word is not None else {"value": part.value}),
                "contribution": part.contribution,
            }
            for part in explanation.contributions
        ],
        "method": explanation.method,
    }
    joint = [one for one in causes.of(explanation.contributions, serving.causes) if one.is_joint]
    if joint:
        document["causes"] = [
            {
                "cause": one.name,
                "features": [part.feature for part in one.parts],
                "contribution": one.contribution,
            }
            for one in joint
        ]
    return document


def _not_finite(at: int) -> UserError:
    return UserError(
        "The model has no finite answer for this record.",
        code="no_finite_answer",
        given=f"record {at + 1}",
        fix="check its values: they may lie far from all that the model has seen",
    )
