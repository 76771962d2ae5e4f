from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data import cleaning
from src.data.findings import Finding
from src.learning.inspection import leaks

Make = Callable[..., Any]


def found(table: Any, seed: int = 1) -> dict[str, str]:
    """Return the code of each column that was found."""
    return {one.columns[0]: one.code for one in leaks.find(table.dataset, table.rows, seed)}


def first(table: Any) -> Finding:
    return leaks.find(table.dataset, table.rows, 1)[0]


def noise(count: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.choice([*"abc"], count).astype(object)
    return pd.DataFrame({"size": rng.normal(0, 1, count), "kind": kind})


NOISE = {"size": "number", "kind": "category"}


def loans(make: Make, count: int = 900, **keys: Any) -> Any:
    """Draw loans, whose grades are ranges of the rate that they ask for."""
    rng = np.random.default_rng(1)
    step = np.sort(rng.choice(35, count, p=rng.dirichlet(np.full(35, 2.0))))
    rng.shuffle(step)
    rows = noise(count).assign(
        rate=5.3 + 0.7 * step + rng.choice([0.0, 0.11, 0.32], count),
        sub_grade=[f"{'ABCDEFG'[at // 5]}{at % 5 + 1}" for at in step],
        grade=["ABCDEFG"[at // 5] for at in step],
    )
    kinds = {**NOISE, "grade": "category", "sub_grade": "category"}
    return make(rows, "rate", kinds, **keys)


def test_a_grade_that_is_made_of_the_target_is_found(make_table: Make) -> None:
    assert found(loans(make_table)) == {"grade": "told_by_target", "sub_grade": "target_copy"}


def test_what_exists_only_in_one_class_is_found(make_table: Make) -> None:
    rng = np.random.default_rng(2)
    died = rng.random(900) < 0.28
    rows = noise(900).assign(
        death=np.where(died, "1", "0"),
        chapter=np.where(died, rng.choice(["heart", "lung", "injury"], 900), None),
    )
    table = make_table(rows, "death", {**NOISE, "chapter": "category"}, task="binary")
    assert found(table) == {"chapter": "exists_with_target"}
    one = first(table)
    assert one.says == (
        f"chapter has a value in {died.sum()} rows, and in 100.0% of them death is 1; "
        f"of all rows in {died.mean():.1%}"
    )
    assert one.figures == {"rows": died.sum(), "share": 1.0, "of_all": round(died.mean(), 4)}
    assert "take it out of features" in one.do


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_what_exists_in_some_rows_of_one_class_alone_is_found(
    make_table: Make, share: float
) -> None:
    rng = np.random.default_rng(3)
    is_paid = rng.random(1200) < 0.5
    known = is_paid & (rng.random(1200) < share)
    rows = noise(1200).assign(
        paid=np.where(is_paid, "yes", "no"), sum=np.where(known, rng.normal(50, 9, 1200), np.nan)
    )
    table = make_table(rows, "paid", {**NOISE, "sum": "number"}, task="binary")
    assert found(table) == {"sum": "exists_with_target"}


def test_what_is_missing_at_random_is_no_leak(make_table: Make) -> None:
    rng = np.random.default_rng(4)
    rows = noise(1200).assign(paid=rng.choice(["yes", "no"], 1200, p=[0.9, 0.1]))
    rows.loc[rng.random(1200) < 0.9, "size"] = np.nan
    assert found(make_table(rows, "paid", NOISE, task="binary")) == {}


def test_few_rows_of_one_class_are_luck(make_table: Make) -> None:
    rows = noise(400).assign(paid=["yes"] * 200 + ["no"] * 200)
    rows["size"] = rows["size"].where(rows.index >= 371, np.nan)
    assert found(make_table(rows, "paid", NOISE, task="binary")) == {}


def test_a_number_that_is_zero_unless_the_target_is_yes_is_found(make_table: Make) -> None:
    rng = np.random.default_rng(5)
    has_card = rng.random(1300) < 0.77
    spends = has_card & (rng.random(1300) < 0.98)
    rows = noise(1300).assign(
        card=np.where(has_card, "yes", "no"), spent=np.where(spends, rng.gamma(2, 90, 1300), 0.0)
    )
    table = make_table(rows, "card", {**NOISE, "spent": "number"}, task="binary")
    assert found(table) == {"spent": "exists_with_target"}
    assert first(table).says.startswith("spent is not 0 in ")


def test_a_flag_that_rules_one_class_out_is_none(make_table: Make) -> None:
    rng = np.random.default_rng(6)
    is_spam = rng.random(3000) < 0.1
    rows = noise(3000).assign(
        spam=np.where(is_spam, "1", "0"),
        answered=np.where(is_spam, 0.0, rng.random(3000) < 0.3),
        links=np.where(is_spam, 0.0, rng.poisson(0.5, 3000)),
    )
    kinds = {**NOISE, "answered": "integer", "links": "integer"}
    assert found(make_table(rows, "spam", kinds, task="binary")) == {}


def test_what_exists_only_where_the_target_is_not_zero_is_found(make_table: Make) -> None:
    rng = np.random.default_rng(7)
    claims = np.where(rng.random(1500) < 0.3, rng.lognormal(7, 1, 1500), 0.0)
    rows = noise(1500).assign(
        claim=claims, cause=np.where(claims > 0, rng.choice(["fire", "theft"], 1500), None)
    )
    table = make_table(rows, "claim", {**NOISE, "cause": "category"})
    assert found(table) == {"cause": "exists_with_target"}
    assert "of them claim is not 0;" in first(table).says


def test_a_finer_class_tells_the_target(make_table: Make) -> None:
    rng = np.random.default_rng(8)
    area = rng.integers(0, 9, 570)
    rows = noise(570).assign(
        region=np.array(["North", "South", "Sardinia"], object)[area // 3],
        area=[f"area {at}" for at in area],
    )
    table = make_table(rows, "region", {**NOISE, "area": "category"}, task="multiclass")
    assert found(table) == {"area": "tells_target"}
    assert first(table).figures == {"tells": 1.0}


@pytest.mark.parametrize("count", [60, 2000])
def test_the_target_in_another_unit_is_found_though_some_are_huge(
    make_table: Make, count: int
) -> None:
    rng = np.random.default_rng(9)
    price = rng.lognormal(3, 2, count)
    rows = noise(count).assign(price=price, cents=np.round(-100 * price + 7, 1))
    assert found(make_table(rows, "price", {**NOISE, "cents": "number"})) == {
        "cents": "tells_target"
    }


def test_a_strong_measure_is_none(make_table: Make) -> None:
    """Carat tells some 95 % of a diamond's price, and is what one asks with."""
    rng = np.random.default_rng(10)
    carat = rng.lognormal(-0.3, 0.6, 3000)
    petal = np.repeat([1.0, 4.3, 5.5], 50) + rng.normal(0, 0.35, 150)
    rows = noise(3000).assign(price=carat**1.7 * np.exp(rng.normal(0, 0.25, 3000)), carat=carat)
    assert found(make_table(rows, "price", {**NOISE, "carat": "number"})) == {}
    flowers = noise(150).assign(petal=petal, species=np.repeat(["a", "b", "c"], 50).astype(object))
    kinds = {**NOISE, "petal": "number"}
    assert found(make_table(flowers, "species", kinds, task="multiclass")) == {}


def test_a_file_that_is_sorted_by_the_target_is_told_by_the_number_of_the_row(
    make_table: Make,
) -> None:
    species = np.repeat([f"species {at:02}" for at in range(30)], 40).astype(object)
    rows = noise(1200).assign(species=species, rownames=np.arange(1.0, 1201))
    table = make_table(rows, "species", {**NOISE, "rownames": "integer"}, task="multiclass")
    codes = [one.code for one in leaks.find(table.dataset, table.rows, 1)]
    assert codes == ["tells_target", "id"]


@pytest.mark.parametrize(
    ("name", "values", "kind", "is_id"),
    [
        ("row", lambda at: at + 1.0, "integer", True),
        ("row", lambda at: at + 1.0, "number", True),
        ("customerID", lambda at: at * 7919.0 + 13, "integer", True),
        ("order_id", lambda at: at * 7919.0 + 13, "number", True),
        ("income", lambda at: at * 7919.0 + 13, "integer", False),
        ("code", lambda at: [f"x{one}" for one in at], "category", True),
        ("code", lambda at: [f"x{one}" for one in at], "text", True),
        ("name", lambda at: [f"Ms {one}" for one in at], "category", True),
        ("note", lambda at: [f"a note of {one}" for one in at], "text", False),
        ("code", lambda at: [f"x{one // 2}" for one in at], "category", False),
        ("year", lambda at: at // 2 * 1.0, "integer", False),
        ("weight", lambda at: at + 0.5, "number", False),
        ("valid", lambda at: at * 7919.0, "integer", False),
    ],
)
def test_a_column_that_names_the_row_is_found(
    make_table: Make, name: str, values: Callable[[Any], Any], kind: str, is_id: bool
) -> None:
    at = np.random.default_rng(11).permutation(300)
    rows = noise(300).assign(**{name: values(at), "price": np.random.default_rng(1).random(300)})
    table = make_table(rows, "price", {**NOISE, name: kind})
    assert found(table) == ({name: "id"} if is_id else {})


def visits(make: Make, **keys: Any) -> Any:
    """Draw visits of persons: the doctor's room tells who it is, and not how anybody else does."""
    rng = np.random.default_rng(12)
    person = np.repeat(np.arange(100), 12)
    rows = noise(1200).assign(
        score=rng.normal(0, 1, 100)[person] + rng.normal(0, 0.01, 1200),
        room=rng.permutation(100)[person] + rng.uniform(0, 0.1, 1200),
        person=person.astype(str),
    )
    return make(rows, "score", {**NOISE, "room": "number"}, **keys)


def test_rows_of_one_group_do_not_tell_each_other(make_table: Make) -> None:
    assert found(visits(make_table)) == {"room": "tells_target"}
    assert found(visits(make_table, group="person")) == {}


def test_later_rows_are_told_by_earlier_ones_alone(make_table: Make) -> None:
    rng = np.random.default_rng(13)
    day = np.arange(900.0)
    rows = noise(900).assign(price=np.cumsum(rng.normal(0, 1, 900)), day=day, second=day // 2)
    kinds = {**NOISE, "second": "number", "day": "integer"}
    assert found(make_table(rows.drop(columns="day"), "price", {**NOISE, "second": "number"})) == {
        "second": "tells_target"
    }
    split = {"method": "time", "column": "day"}
    assert found(make_table(rows, "price", kinds, split=split)) == {}


def test_of_too_few_rows_nothing_is_said(make_table: Make) -> None:
    assert found(loans(make_table, 29)) == {}


def test_of_twenty_tables_without_leaks_at_most_one_is_accused(make_clean: Make) -> None:
    accused = {seed: told for seed in range(20) if (told := found(make_clean(seed)))}
    assert len(accused) <= 1, accused


def test_the_same_rows_and_seed_give_the_same_findings(make_table: Make) -> None:
    table = loans(make_table, 25_000)
    one, again = (leaks.find(table.dataset, table.rows, 1) for _ in range(2))
    assert one == again
    assert {found.columns[0] for found in one} == {"grade", "sub_grade"}


@pytest.mark.slow
def test_fifty_thousand_rows_are_looked_at_in_two_seconds(make_table: Make) -> None:
    table = loans(make_table, 50_000)
    rng = np.random.default_rng(0)
    more = {f"x{at}": rng.normal(0, 1, 50_000) for at in range(6)}
    wide = make_table(
        table.rows.assign(**more),
        "rate",
        {**NOISE, "grade": "category", "sub_grade": "category", **dict.fromkeys(more, "number")},
    )
    leaks.find(wide.dataset, wide.rows.head(100), 1)
    started = time.process_time()
    leaks.find(wide.dataset, wide.rows, 1)
    assert time.process_time() - started < 2


def test_what_is_missing_with_the_target_is_found(make_table: Make) -> None:
    rng = np.random.default_rng(14)
    arrived = rng.random(1000) < 0.96
    raw = pd.DataFrame(
        {
            "delay": np.where(arrived, rng.integers(-9, 99, 1000).astype(str), "NA"),
            "air_time": np.where(arrived, rng.integers(30, 600, 1000).astype(str), ""),
            "left": np.where(rng.random(1000) < 0.9, "12", ""),
            "town": np.where(rng.random(1000) < 0.5, "a", "b"),
        }
    )
    kinds = {"air_time": "integer", "left": "integer", "town": "category"}
    dataset = make_table(raw.head(0), "delay", kinds, duplicates="keep").dataset
    (one,) = leaks.lost(dataset, cleaning.clean(raw, dataset))
    assert (one.code, one.columns) == ("exists_with_target", ["air_time"])
    assert one.figures == {"missing_without": 1.0, "missing_with": 0.0}
    few = cleaning.clean(raw[arrived | (rng.random(1000) < 0.2)], dataset)
    assert list(leaks.lost(dataset, few)) == []
