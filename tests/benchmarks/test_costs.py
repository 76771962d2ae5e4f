"""The costs in docs/cloud.md are computed, and behave as costs do."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from benchmarks import costs
from benchmarks.cloud import book as books
from benchmarks.cloud import cells, costing, machines
from benchmarks.cloud.book import Book, Price, Prices
from src.support.errors import UserError
from src.support.structs import convert

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/cloud.md").read_text(encoding="utf-8")
RATES = [1, 10, 99, 100, 1_000, 2_999, 3_000, 10_000, 29_000, 100_000]


@pytest.fixture(scope="module")
def book() -> Book:
    return books.read()


def dearer(book: Book, *names: str, times: float = 2) -> Book:
    prices = {
        name: structs.replace(one, price=one.price * times) if name in names else one
        for name, one in book.prices.prices.items()
    }
    return replace(book, prices=structs.replace(book.prices, prices=prices))


def test_the_document_has_what_is_computed(book: Book) -> None:
    assert cells.filled(DOCUMENT, costs.tables(book)) == DOCUMENT, (
        "python -m benchmarks.costs write"
    )


def test_the_document_changes_with_a_price(book: Book) -> None:
    assert cells.filled(DOCUMENT, costs.tables(dearer(book, "pod_vcpu"))) != DOCUMENT


def test_a_table_without_a_place_is_an_error(book: Book) -> None:
    without = DOCUMENT.replace("<!-- costs: log -->", "")
    with pytest.raises(UserError, match="no place for a table"):
        cells.filled(without, costs.tables(book))


def test_every_price_says_of_what_and_of_which_day(book: Book) -> None:
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", book.prices.read)
    assert book.prices.region
    for name, one in book.prices.prices.items():
        assert one.price > 0, name
        assert one.unit, name
        assert one.service, name
        assert one.source, name
        # A day or a month, or the plain word that there is none.
        is_dated = re.fullmatch(r"20\d\d(-\d\d){0,2}", one.page)
        assert (
            is_dated
            or one.page == ("undated" if one.seen else "not found")
            or (not one.seen and one.page == "undated")
        ), name


@pytest.mark.parametrize("key", ["unit", "page", "source", "price", "seen"])
def test_a_price_without_one_of_these_is_refused(key: str) -> None:
    price = {
        "price": "1", "unit": "hour", "service": "s", "source": "s", "page": "2026", "seen": "true"
    }  # fmt: skip
    del price[key]
    stated = {"region": "r", "currency": "USD", "read": "2026-01-01", "prices": {"one": price}}
    with pytest.raises(UserError, match=key):
        convert(stated, Prices, "prices", is_text=True)


@pytest.mark.parametrize("streamed", [True, False])
def test_more_requests_never_cost_less(book: Book, streamed: bool) -> None:
    found = [sum(costing.serving(book, rate, streamed=streamed).values()) for rate in RATES]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_prices_twice_as_high_cost_twice_as_much(book: Book) -> None:
    doubled = dearer(book, *book.prices.prices)
    for rate in costs.RATES:
        once, twice = costing.serving(book, rate), costing.serving(doubled, rate)
        assert twice == pytest.approx({name: 2 * cost for name, cost in once.items()})
    assert machines.training(doubled, 1e6).cost == pytest.approx(
        2 * machines.training(book, 1e6).cost
    )


def test_a_price_moves_its_own_line_alone(book: Book) -> None:
    prices = set(book.prices.prices)
    assert {name for names in costs.USED.values() for name in names} == prices
    for line, names in costs.USED.items():
        if line == "what is left out":
            continue
        changed = dearer(book, *names)
        for rate in costs.RATES:
            before, after = costing.serving(book, rate), costing.serving(changed, rate)
            moved = {name for name in before if after[name] != before[name]}
            assert moved <= {line}, (line, rate)
            assert line in moved or before[line] == 0, (line, rate)


def test_every_price_is_in_a_figure(book: Book) -> None:
    shown = costs.tables(book)
    for name in book.prices.prices:
        # A thousand times, for what is small beside the rest is rounded away in a bill.
        other = costs.tables(dearer(book, name, times=1000))
        others = [table for table in shown if table != "prices" and other[table] != shown[table]]
        assert others, name


def test_every_assumption_is_in_a_figure(book: Book) -> None:
    shown = costs.tables(book)
    for name, one in book.figures.assumed.items():
        moved = set()
        for times in (50, 1 / 50):
            other = structs.replace(one, value=one.value * times)
            figures = structs.replace(book.figures, assumed={**book.figures.assumed, name: other})
            changed = costs.tables(replace(book, figures=figures))
            moved |= {table for table in shown if changed[table] != shown[table]}
        assert moved - {"figures"}, name


def assuming(book: Book, **values: float) -> Book:
    assumed = dict(book.figures.assumed)
    for name, value in values.items():
        assumed[name] = structs.replace(assumed[name], value=value)
    return replace(book, figures=structs.replace(book.figures, assumed=assumed))


@pytest.mark.parametrize("streamed", [True, False])
def test_a_zone_may_fail(book: Book, streamed: bool) -> None:
    for rate in [*RATES, 123, 4_567, 89_012]:
        made = costing.pods(book, rate, streamed=streamed)
        assert made.number % 3 == 0, "as many in each zone"
        assert made.number * 2 / 3 * made.rate * book.get("utilisation") >= rate * 0.999


def test_no_more_pods_than_are_needed(book: Book) -> None:
    for rate in (1_000, 10_000, 100_000):
        made = costing.pods(book, rate, streamed=True)
        left = (made.number - 3) * 2 / 3  # with a pod less in each zone, and without a zone
        assert left * made.rate * book.get("utilisation") < rate


def test_workers_beside_each_other_do_less_than_alone(book: Book) -> None:
    alone = costing.pods(book, 10, streamed=True)
    beside = costing.pods(book, 100_000, streamed=True)
    assert (alone.vcpu, beside.vcpu) == (0.5, 4.0)
    assert beside.rate / 4 == pytest.approx(book.get("worker_beside") * alone.rate / 0.5)


def test_every_row_is_in_a_piece_and_paid_for(book: Book) -> None:
    for rate in RATES:
        found = costing.pieces(book, rate)
        assert found.number * found.rows == pytest.approx(rate)
        assert found.rows >= 1
        assert found.billed > found.written
        assert found.billed >= found.number * costing.STEP


def test_rows_that_wait_longer_are_fewer_and_cheaper_records(book: Book) -> None:
    once, longer = costing.pieces(book, 100_000), costing.pieces(assuming(book, flush=40), 100_000)
    assert longer.number == pytest.approx(once.number / 2)
    assert longer.written < once.written
    assert longer.billed < once.billed
    # A piece of 4.7 KB is billed as 5 or 10, one of 9.1 KB as 10 or 15.
    assert once.billed / once.number == pytest.approx(once.size + 2_500)


def test_small_records_are_billed_as_a_whole_step(book: Book) -> None:
    found = costing.pieces(assuming(book, flush=1), 1_000)
    assert found.rows == 1
    assert found.billed == 1_000 * 5_000


def test_the_stream_has_an_endpoint_in_each_zone(book: Book) -> None:
    line = "between zones, endpoints"
    without = dearer(book, "between_zones", times=0)
    more, less = (costing.serving(without, 10, streamed=way)[line] for way in (True, False))
    assert more - less == pytest.approx(3 * 730 * book.cost("endpoint", 1))


def test_a_second_region_costs_less_than_the_first(book: Book) -> None:
    for rate in costs.RATES:
        assert 1 < costing.second_region(book, rate) < sum(costing.serving(book, rate).values())


def test_copies_are_kept_as_long_as_their_originals(book: Book) -> None:
    longer = assuming(book, keep_cold=2 * book.get("keep_cold"))
    here, there = (
        cost(longer, 100_000) - cost(book, 100_000)
        for cost in (costing.stream, costing.second_region)
    )
    assert here == pytest.approx(there)
    assert here > 1


def test_a_price_that_falls_is_taken_by_its_tiers(book: Book) -> None:
    whole = book.tiered(costing.EGRESS, 200_000)
    assert whole == pytest.approx(10_000 * 0.09 + 40_000 * 0.085 + 100_000 * 0.07 + 50_000 * 0.05)
    assert book.tiered(costing.GATEWAY, 1_000) == pytest.approx(300 * 1.0 + 700 * 0.9)


def test_one_database_comes_to_an_end(book: Book) -> None:
    first = min(costing.ends(book).values())
    assert math.isfinite(costing.database(book, first * 0.99))
    assert math.isinf(costing.database(book, first * 1.01))


def test_the_largest_machine_is_the_last_that_is_enough(book: Book) -> None:
    most = machines.largest(book)
    assert math.isfinite(machines.training(book, most * 0.99).cost)
    assert math.isinf(machines.training(book, most * 1.01).cost)


def test_a_training_costs_more_with_more_rows(book: Book) -> None:
    found = [machines.training(book, rows).cost for rows in costs.TRAINED]
    assert found == sorted(found)


def test_what_is_said_of_prices_is_what_they_say(book: Book) -> None:
    one = Price(1.5, "hour", "a service", "a page", "not found", seen=False)
    prices = {**book.prices.prices, "pod_vcpu": one}
    changed = replace(book, prices=structs.replace(book.prices, prices=prices))
    line = next(
        line for line in costs.tables(changed)["prices"].splitlines() if line.startswith("| pods")
    )
    assert "1.5 / hour" in line
    assert "a service, 1.5" in line.rsplit("|", 2)[1]


def test_metrics_that_the_document_names_exist() -> None:
    told = set(re.findall(r"lapidary_\w+", DOCUMENT))
    made = set(
        re.findall(
            r'"(lapidary_\w+)"', (ROOT / "app/http/prometheus.py").read_text(encoding="utf-8")
        )
    )
    assert len(told) >= 3
    for name in told:
        assert re.sub(r"_(total|count|sum|bucket)$", "", name) in made, name


def test_files_that_the_document_names_exist() -> None:
    named = set(re.findall(r"`((?:app|src|benchmarks|conf|container)/[\w./]+)`", DOCUMENT))
    linked = set(re.findall(r"\]\((?!http|#)([^)#]+)", DOCUMENT))
    assert len(named) > 5
    for path in named:
        assert (ROOT / path).exists(), path
    for path in linked:
        assert (ROOT / "docs" / path).exists(), path
