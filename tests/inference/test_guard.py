from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.inference import guard
from src.inference.guard import Guard
from src.learning import exporting, learnt
from src.support.structs import convert


def dataset(task: str = "regression") -> Dataset:
    target: dict[str, Any] = {"name": "price", "unit": "USD", "above": 0}
    if task == "binary":
        target = {"name": "sold", "values": ["no", "yes"], "positive": "yes"}
    if task == "multiclass":
        target = {"name": "kind", "values": ["a", "b", "c"]}
    values = {
        "name": "stones",
        "noun": "stone",
        "task": task,
        "source": "data/stones.csv",
        "target": target,
        "features": {
            "carat": {"type": "number", "unit": "carat"},
            "length": {"type": "number", "unit": "mm", "optional": True},
            "shop": {"type": "category", "optional": True},
        },
        "metric": {"regression": "mae", "binary": "f1", "multiclass": "accuracy"}[task],
    }
    return convert(values, Dataset)


def stones(count: int = 2000, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    carat = draw.lognormal(-0.5, 0.5, count).round(2) + 0.01
    length = 6.4 * carat ** (1 / 3) * draw.normal(1, 0.01, count)
    shop = draw.choice(["north", "south"], count)
    price = 4000 * carat**1.7 * draw.lognormal(0, 0.2, count)
    rows = pd.DataFrame({"carat": carat, "length": length, "shop": shop, "price": price})
    rows.loc[draw.random(count) < 0.1, "length"] = np.nan
    rows.loc[draw.random(count) < 0.1, "shop"] = None
    return rows


@pytest.fixture(scope="module")
def made() -> Guard:
    return Guard(dataset(), learnt.measure(dataset(), stones(), 7))


def warned(made: Guard, record: tuple[Any, ...], value: float = 4000.0) -> dict[str, Any]:
    """Return the warnings of a record by their codes."""
    (found,) = made.warnings([record], np.array([value]))
    assert len({one["code"] for one in found}) == len(found)
    return {one["code"]: one for one in found}


def test_an_ordinary_record_has_none(made: Guard) -> None:
    assert warned(made, (1.0, 6.4, "north")) == {}
    assert warned(made, (1.0, None, None)) == {}


def test_a_number_beyond_all_that_was_learnt_from(made: Guard) -> None:
    rows = stones()
    low, high = rows["carat"].min(), rows["carat"].max()
    found = warned(made, (19.0, None, "north"), 40_000.0)
    assert found[guard.OUTSIDE_RANGE] == {
        "code": "outside_learnt_range",
        "feature": "carat",
        "message": f"carat is 19; the rows it learnt from have {low:g} to {high:g}.",
    }
    assert guard.OUTSIDE_RANGE not in warned(made, (high, None, "north"), 40_000.0)
    assert guard.OUTSIDE_RANGE not in warned(made, (low, None, "north"), 100.0)
    assert guard.OUTSIDE_RANGE in warned(made, (low - 0.001, None, "north"), 100.0)
    assert warned(made, (1.0, 60.0, "north"))[guard.OUTSIDE_RANGE]["message"].startswith(
        "length is 60 mm; "
    )


def test_a_range_is_never_said_so_roughly_that_it_holds_the_value() -> None:
    one = Guard(dataset(), {"ranges": {"carat": [0.2, 5.0100004]}})
    found = warned(one, (5.0100008, None, None))
    assert "0.2 to 5.0100004." in found[guard.OUTSIDE_RANGE]["message"]


def test_a_category_that_was_never_seen(made: Guard) -> None:
    found = warned(made, (1.0, 6.4, "moon"))
    assert found == {
        "unseen_category": {
            "code": "unseen_category",
            "feature": "shop",
            "message": "shop is 'moon', which none of the rows it learnt from has.",
        }
    }
    long = warned(made, (1.0, 6.4, "x" * 1000))["unseen_category"]["message"]
    assert len(long) < 200


def test_numbers_that_are_usual_each_and_not_together(made: Guard) -> None:
    found = warned(made, (2.5, 5.0, "north"), 20_000.0)
    assert list(found) == [guard.UNUSUAL_COMBINATION]
    one = found[guard.UNUSUAL_COMBINATION]
    assert one["feature"] in ("carat", "length")
    assert "numbers together are unlike" in one["message"]
    assert "where the others suggest about" in one["message"]


def test_an_answer_that_similar_rows_never_had(made: Guard) -> None:
    found = warned(made, (1.0, 6.4, "north"), 90_000.0)
    assert list(found) == [guard.ANSWER_UNLIKE_SIMILAR]
    message = found[guard.ANSWER_UNLIKE_SIMILAR]["message"]
    assert message.startswith("price is 90,000 USD; the ")
    assert "rows most like this stone have" in message


def test_an_answer_that_the_target_cannot_have(made: Guard) -> None:
    found = warned(made, (1.0, 6.4, "north"), -3.5)
    message = "price is -3.5 USD, which is not above 0, as each price is."
    assert found[guard.ANSWER_OUT_OF_BOUNDS] == {
        "code": "answer_out_of_bounds",
        "message": message,
    }


def of_classes(chances: list[float], decision: Decision | None = None) -> dict[str, str]:
    task = "multiclass" if len(chances) == 3 else "binary"
    known = dataset(task)
    names = [str(one) for one in known.target.values or ()]
    one = Guard(known, None, names, decision)
    alone = one.warnings([(1.0, None, None)], np.array([chances]))[0]
    many = one.warnings([(1.0, None, None)] * 20, np.array([chances] * 20))
    assert many == [alone] * 20
    return {warning["code"]: warning["message"] for warning in alone}


def test_a_best_guess_below_one_half_is_unsure() -> None:
    assert of_classes([0.5, 0.3, 0.2]) == {}
    said = "The model is not sure: its best guess has 45%."
    assert of_classes([0.45, 0.35, 0.2]) == {"unsure": said}


def test_with_a_threshold_an_unlikely_class_may_be_answered_for_a_good_reason() -> None:
    assert of_classes([0.4, 0.6], Decision(threshold=0.2)) == {}


def test_where_no_class_is_decided_a_person_is_asked() -> None:
    made = Decision(threshold=0.3, band=(0.2, 0.4))
    said = of_classes([0.7, 0.3], made)["abstained"]
    assert said.startswith("Ask a person: 0.3, the probability of yes, lies between 0.2 and 0.4")
    assert of_classes([0.9, 0.1], made) == {}


def test_a_bundle_that_says_nothing_of_it_warns_by_its_answers_alone() -> None:
    one = Guard(dataset(), None)
    assert warned(one, (1e9, 0.0, "moon"), 1e12) == {}
    assert list(warned(one, (1e9, 0.0, "moon"), 0.0)) == [guard.ANSWER_OUT_OF_BOUNDS]


def test_one_record_and_many_have_the_same_warnings(made: Guard) -> None:
    records = exporting.records(stones(300, 1), dataset())
    records += [(19.0, None, "north"), (1.0, 6.4, "moon"), (3.0, 5.0, "north"), (0.001, 99.0, "x")]
    records.append((2.5, 5.0, "north"))
    draw = np.random.default_rng(0)
    values = draw.choice([-5.0, 0.0, 100.0, 4000.0, 30_000.0, 1e6], len(records))
    values[-1] = 20_000.0  # nothing but its numbers together is odd
    alone = [made.warnings([r], v[None])[0] for r, v in zip(records, values, strict=True)]
    assert made.warnings(records, values) == alone
    assert {one["code"] for some in alone for one in some} == {
        guard.OUTSIDE_RANGE,
        guard.UNSEEN_CATEGORY,
        guard.UNUSUAL_COMBINATION,
        guard.ANSWER_UNLIKE_SIMILAR,
        guard.ANSWER_OUT_OF_BOUNDS,
    }


@pytest.mark.parametrize("length", [6.4, 60.0, None])
def test_a_range_that_is_narrower_than_the_combination_is_kept(length: float | None) -> None:
    found = learnt.measure(dataset(), stones(), 7)
    narrow = {**found, "ranges": {**found["ranges"], "carat": [0.5, 0.9]}}
    assert guard.OUTSIDE_RANGE in warned(Guard(dataset(), narrow), (1.0, 6.4, "north"))
    codes = [
        [one.get("feature") for one in made.warnings([(1.0, length, "north")], np.array([4e3]))[0]]
        for made in (Guard(dataset(), found), Guard(dataset(), narrow))
    ]
    assert ("length" in codes[0]) == (length == 60.0)
    assert codes[1][0] == "carat"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1000.4, "1000 to 1000"), (999.6, "1000 to 1000"), (900.0, "1,000 to 1,000")],
)
def test_ends_of_similar_rows_are_exact_where_the_answer_is_near(value: float, said: str) -> None:
    leaf = [50, 1000.0, 1000.0, 1000.0, 1000.0]
    one = {"feature": "carat", "fill": 1.0}
    alike = {"inputs": [one], "nodes": [[0, 0.0, ~0, ~0]], "leaves": [leaf]}
    found = warned(Guard(dataset(), {"alike": alike}), (1.0, 6.4, "north"), value)
    assert (
        f"the 50 rows most like this stone have {said}."
        in found["answer_unlike_similar"]["message"]
    )
