"""The labels that a training failed by: of numbers that can be computed, and in a story."""

from __future__ import annotations

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from app.store import ids
from app.trainings.judging import influence
from app.trainings.judging.influence import Subject
from app.trainings.result import Contest
from app.trainings.schema import LabelInfluence, TrainingResult
from src.data import cleaning, splitting
from src.data.rules import Gates
from src.data.schema import Dataset
from src.evaluation import measures
from src.evaluation.bootstrap import Comparison
from src.evaluation.decision import LIKELIEST
from src.evaluation.judged import Judged
from src.runs.comparison import Paired
from src.support.structs import convert
from tests.app import project
from tests.app.conftest import MakeService
from tests.app.trainings.jobs import train

TRUTH = np.linspace(1000, 9000, 100)
WIDE = {"edges": [], "low": [-500.0], "high": [500.0], "log": False, "least": None, "most": None}
SURE = {"threshold": 0.5}


def dataset(name: str = "stones") -> Dataset:
    return convert({"stones": project.STONES, "debts": project.DEBTS}[name], Dataset, "dataset")


def gates(**values: Any) -> Gates:
    return convert({**project.STONES, "gate": values}, Dataset, "dataset").gate


def subject(rows: Judged, labels: dict[int, str], name: str = "stones", **more: Any) -> Subject:
    """Return a training whose rows are all held out; `labels` are named by their positions."""
    count = len(rows.truth)
    classes = None if name == "stones" else ["0", "1"]
    index = pd.Index([labels.get(at, "") for at in range(count)])
    outcome = SimpleNamespace(
        held_out=rows,
        decision=LIKELIEST,
        fitted=SimpleNamespace(classes=classes),
        interval=WIDE if classes is None else SURE,
        suspects=[],
        **more,
    )
    gathered, test = (
        SimpleNamespace(frame=pd.DataFrame(index=index)),
        pd.DataFrame(index=range(count)),
    )
    words: Any = (dataset(name), gathered, SimpleNamespace(test=test), outcome, 7)
    return Subject(*words)


def absurd(*places: int) -> Judged:
    """Return predictions that are 10 too high, and truths of 400 in some places."""
    truth = TRUTH.copy()
    truth[list(places)] = 400
    return Judged(truth, TRUTH + 10)


def find(it: Subject, limits: Gates, missed: list[str]) -> list[LabelInfluence]:
    named = influence.find(it, limits, missed, None)
    assert named is not None
    return named


def test_one_label_that_the_gate_is_missed_by_is_named_with_what_would_be() -> None:
    labels = {5: "small", 50: "fine", 99: "absurd"}
    (one,) = find(subject(absurd(99), labels), gates(r2={"min": 0.98}), ["r2"])
    r2 = measures.rounded(measures.regression(TRUTH[:99], TRUTH[:99] + 10, ["r2"])["r2"])
    assert (one.label, one.part, one.truth, one.predicted) == ("absurd", "test", 400.0, 9010.0)
    assert one.says == (
        f"without label absurd (price 400, predicted 9,010) r2 would be {r2}, which passes"
    )


def test_a_row_of_the_file_is_not_named() -> None:
    assert find(subject(absurd(99), {50: "fine"}), gates(r2={"min": 0.98}), ["r2"]) == []


def test_of_two_the_second_is_named_without_the_first() -> None:
    it = subject(absurd(90, 99), {90: "b", 99: "a", 7: "fine"})
    one, two = find(it, gates(mae={"max": 12}), ["mae"])
    was = (98 * 10 + abs(TRUTH[90] + 10 - 400) + 8610) / 100
    alone = (98 * 10 + abs(TRUTH[90] + 10 - 400)) / 99
    assert one.says.endswith(f"predicted 9,010) mae would be {alone:,.6g}, in place of {was:,.6g}")
    assert two.says.startswith(
        "without label b (price 400, predicted 8,282.73) too mae would be 10,"
    )
    assert two.says.endswith("which passes")


def test_where_the_gate_says_more_it_is_not_said_to_pass() -> None:
    (one,) = find(subject(absurd(99), {99: "a"}), gates(mae={"max": 12}), ["mae", "leaks: carat"])
    assert one.says.endswith("mae would be 10, which the limits allow")


def test_coverage_and_weights_count_as_in_the_gate() -> None:
    rows = absurd(99)
    rows = Judged(rows.truth, rows.output, np.where(np.arange(100) == 99, 50.0, 1.0))
    limits = gates(coverage={"min": 0.9}, mae={"max": 20})
    (one,) = find(subject(rows, {99: "a", 4: "b"}), limits, ["coverage", "mae"])
    assert one.says.endswith("coverage would be 1 and mae would be 10, which passes")


def test_where_it_fails_without_them_too_only_what_moves_it_much_is_named() -> None:
    it = subject(absurd(99), {at: f"l{at}" for at in range(100)})
    (one,) = find(it, gates(mae={"max": 5}), ["mae"])
    assert one.label == "l99"
    assert one.says.endswith("mae would be 10, in place of 96")
    fine = subject(absurd(), {at: f"l{at}" for at in range(100)})
    assert find(fine, gates(mae={"max": 5}), ["mae"]) == []


def test_of_classes_the_figure_of_a_class_counts() -> None:
    truth = np.array([1] * 10 + [0] * 50)
    chance = np.where(truth == 1, 0.9, 0.1)
    chance[4] = 0.2
    it = subject(Judged(truth, np.column_stack([1 - chance, chance])), {4: "x", 20: "y"}, "debts")
    values = {**project.DEBTS, "gate": {"recall": {"classes": {1: {"min": 0.95}}}}}
    limits = convert(values, Dataset, "dataset").gate
    (one,) = find(it, limits, ["recall of 1"])
    assert one.says == (
        "without label x (late 1, predicted 0) recall of 1 would be 1, which passes"
    )


def test_of_many_labels_only_those_with_the_largest_loss_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(influence, "TRIED_EACH", 20)
    monkeypatch.setattr(influence, "TRIED", 3)
    held_out = influence._HeldOut(subject(absurd(99, 98), dict.fromkeys(range(60, 100), "x")))
    assert held_out.tried(np.arange(100))[:2] == [99, 98]
    assert len(held_out.tried(np.arange(100))) == 3
    assert len(held_out.tried(np.arange(50, 70))) == 10
    # The last row is a label, and a row of the file that judges beside has no place here.
    assert held_out.tried(np.array([-1, 99, -1])) == [1]


def suspect(row: int, actual: Any, predicted: Any) -> dict[str, Any]:
    return {"row": row, "record": {}, "actual": actual, "predicted": predicted, "surprise": 12.345}


def test_labels_that_taught_it_and_are_denied_are_named() -> None:
    it = subject(absurd(), {at: f"l{at}" for at in range(40, 100)})
    it.outcome.suspects.extend(suspect(at, 400.0, 8000.0) for at in range(38, 50))
    named = find(it, gates(mae={"max": 5}), ["mae"])
    assert [one.label for one in named] == [f"l{at}" for at in range(40, 45)]
    assert (named[0].part, named[0].truth, named[0].predicted) == ("train", 400.0, 8000.0)
    assert named[0].says == (
        "models that did not learn from label l40 (price 400) predict 8,000, "
        "12.3 times as far away as their range reaches"
    )


def test_of_classes_it_is_said_how_much_likelier_another_is() -> None:
    truth = np.array([0, 1] * 20)
    it = subject(Judged(truth, np.eye(2)[truth]), {3: "x"}, "debts")
    it.outcome.suspects.append(suspect(3, "1", "0"))
    (one,) = influence._denied(it)
    assert one.says.endswith("label x (late 1) predict 0, 12.3 times as likely")


def beside(rows: Judged, theirs: np.ndarray, difference: float) -> Contest:
    paired = Paired(np.arange(len(rows.truth)), rows.truth, rows.output, theirs, (LIKELIEST,) * 2)
    result = Comparison(1.0, 1.0, difference, -1.0, 1.0, False)
    return Contest(len(rows.truth), 0, "mae", result, paired=paired, champion=3)


def test_a_label_that_it_lost_to_the_champion_by_is_named() -> None:
    rows = absurd(99)
    theirs = np.where(np.arange(100) == 99, 400.0, TRUTH + 20)  # who learnt it by heart
    it = subject(rows, {99: "a", 4: "b"})
    (one,) = influence.find(it, {}, [], beside(rows, theirs, -76.2)) or []
    assert one.says == (
        "without label a (price 400, predicted 9,010) "
        "mae would be 10 against 20 of version 3, which is no worse"
    )


def test_a_label_is_named_once_by_the_gate_first() -> None:
    rows = absurd(99)
    contest = beside(rows, np.where(np.arange(100) == 99, 400.0, TRUTH + 20), -76.2)
    limits = gates(mae={"max": 12})
    (one,) = influence.find(subject(rows, {99: "a"}), limits, ["mae"], contest) or []
    assert one.says.endswith("which passes")


def test_a_label_that_tips_the_scales_of_two_that_are_alike_is_not_named() -> None:
    rows = absurd()
    theirs = TRUTH + np.where(np.arange(100) % 2, 9.0, 11.0)
    theirs[99] -= 1
    it = subject(rows, dict.fromkeys(range(100), "x"))
    assert influence.find(it, {}, [], beside(rows, theirs, -0.01)) == []


@pytest.mark.parametrize("difference", [0.0, 0.5, None])
def test_where_nothing_failed_nothing_is_looked_for(difference: Any) -> None:
    rows = absurd(99)
    it = subject(rows, {99: "a"})
    assert influence.find(it, {}, [], beside(rows, rows.output, difference)) is None
    assert influence.find(it, {}, [], None) is None


def stones(count: int) -> list[dict[str, Any]]:
    """Return labels of stones whose price follows their weight."""
    return [
        {"carat": 0.3 + at / 50, "facets": at, "cut": "Good", "depth": None, "price": 930 + 60 * at}
        for at in range(count)
    ]


def on_the_test_side(row: dict[str, Any], of: Dataset) -> dict[str, Any]:
    """Return a stone like another, such that it stands among the held-out rows."""
    every = [{**row, "facets": facets} for facets in range(100)]
    texts = pd.DataFrame(every).astype("str")
    return every[splitting.split(cleaning.clean(texts, of).rows, of, 7).test.index[0]]


def test_the_result_names_exactly_the_label_that_made_it_fail(
    home: Path, make_service: MakeService
) -> None:
    values = {**project.STONES, "gate": {"r2": {"min": 0.95}}, "review": "never"}
    project.dump(home / "conf/dataset/stones.yaml", values)
    service = make_service()
    of = convert(values, Dataset, "dataset")
    slip = {"carat": 19.0, "facets": 1, "cut": "Ideal", "depth": 3.5, "price": 400}
    rows = [*stones(60), on_the_test_side(slip, of)]
    posted = service.post("/v1/stones/labels", rows).json
    assert (posted["stored"], "to_review" in posted) == (61, False), "none waits for a person"
    ask = functools.partial(train, service.database, service.settings, dataset="stones")

    failed = ask(model="linear")
    told = service.ask(f"/v1/stones/trainings/{failed['id']}").json["kpis"]
    assert told["decision"].startswith("it fails the gate: r2 ")
    assert msgspec.to_builtins(msgspec.convert(told, TrainingResult)) == told
    (one,) = told["influence"]
    assert ids.is_one(one["label"])
    assert (one["part"], one["truth"]) == ("test", 400.0)
    assert one["predicted"] > 30_000
    assert one["says"].startswith(f"without label {one['label']} (price 400, predicted ")
    assert one["says"].endswith(", which passes")

    label = service.ask(f"/v1/stones/labels/{one['label']}").json
    assert (label["record"]["carat"], label["price"]) == (19.0, 400.0)
    assert service.ask(f"/v1/stones/labels/{one['label']}", "DELETE").status_code == 200
    passed = ask(model="linear")
    told = service.ask(f"/v1/stones/trainings/{passed['id']}").json["kpis"]
    assert told["gate"] == {"passed": True, "missed": []}
    r2 = f"{told['metrics']['test']['r2']:.6g}"
    assert f"r2 would be {r2}, which passes" in one["says"], "the same rows taught both"
    assert "influence" not in told
