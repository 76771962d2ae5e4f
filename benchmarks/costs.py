"""What the cloud design costs: measured figures times stated prices, as tables of docs/cloud.md.

    python -m benchmarks.costs            print the tables
    python -m benchmarks.costs write      put them into docs/cloud.md, between its markers

Prices stand in benchmarks/prices.yaml, figures and assumptions in benchmarks/figures.yaml.
Nothing is measured here, and nothing is asked of a network.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import book as books
from benchmarks import costing
from benchmarks.book import Book, Price
from benchmarks.costing import LARGE, million
from src.command import guarded
from src.errors import UserError

DOCUMENT = Path(__file__).parents[1] / "docs/cloud.md"
RATES = (10, 1_000, 100_000)
LOGGED = (10, 100, 1_000, 10_000, 100_000)  # at which the two ways to keep the log are compared
TRAINED = (50_000, 1_000_000, 10_000_000, 100_000_000, 500_000_000)  # rows
# Which prices each line of the bill is made of.
USED = {
    "pods": ("pod_vcpu", "pod_memory"),
    "load balancer": ("balancer", "balancer_unit"),
    "answers to the internet": ("egress_1", "egress_2", "egress_3", "egress_4"),
    "database": (
        *("database_small", "database_vcpu"),
        *("database_storage", "database_iops", "database_backup"),
    ),
    "log stream and objects": (
        *("stream", "endpoint_data"),
        *("objects", "objects_cold", "objects_put", "objects_cold_put"),
    ),
    "between zones, endpoints": ("between_zones", "endpoint"),
    "metrics, alarms, own words": ("samples", "alarm", "logs"),
    "secrets, keys, images": ("secret", "key", "images"),
    "retraining": ("machine_vcpu", "cluster"),
    "what is left out": ("firewall", "gateway"),
}
# The assumptions that move the bill most.
DECISIVE = ("core", "utilisation", "peak", "keep_rows", "packet", "spot", "memory_margin")
ACCESS = 300  # bytes of a line of an access log


def tables(book: Book) -> dict[str, str]:
    """Return every table of the document, by the name in its markers."""
    return {
        "monthly": _monthly(book),
        "capacity": _capacity(book),
        "log": _log(book),
        "refused": _refused(book),
        "training": _training(book),
        "prices": _prices(book),
        "figures": _figures(book),
    }


def _monthly(book: Book) -> str:
    found = {rate: costing.serving(book, rate) for rate in RATES}
    totals = {rate: sum(lines.values()) for rate, lines in found.items()}
    rows = []
    for name in found[RATES[0]]:
        cells = [_share(found[rate][name], totals[rate]) for rate in RATES]
        rows.append([name, *cells])
    rows.append(["**a month**", *(f"**{_money(totals[rate])}**" for rate in RATES)])
    each = [f"{totals[rate] / million(rate):.3f}" for rate in RATES]
    rows.append(["a million requests", *each])
    return _table(["USD a month at a mean of", *(f"{rate:,} req/s" for rate in RATES)], rows)


def _share(cost: float, total: float) -> str:
    return "-" if not cost else f"{_money(cost)} ({cost / total:.0%})"


def _capacity(book: Book) -> str:
    rows = []
    for rate in RATES:
        streamed = costing.is_streamed(rate)
        made = costing.pods(book, rate, streamed=streamed)
        target = made.rate * book.get("utilisation")
        rows.append(
            [
                f"{rate:,}",
                "stream" if streamed else "rows in PostgreSQL",
                f"{made.number} x {made.vcpu:g} vCPU",
                f"{made.rate:,.0f}",
                f"{target:,.0f}",
                f"{million(rate):,.0f}",
                _gigabytes(million(rate) * book.get("packed" if streamed else "row") / 1000),
            ]
        )
    columns = ["req/s", "log", "pods", "a pod's rate", "scale at", "million a month", "log a month"]
    return _table(columns, rows)


def _log(book: Book) -> str:
    rows = []
    for rate in LOGGED:
        in_rows, streamed = costing.database(book, rate), costing.stream(book, rate)
        streamed += costing.database(book, rate * book.get("sampled"))
        rest = sum(costing.serving(book, rate, streamed=True).values()) - streamed
        rows.append(
            [
                f"{rate:,}",
                _gigabytes(costing.rows_kept(book, rate)),
                _money(in_rows),
                _money(streamed),
                _money(rest),
                "-" if math.isinf(in_rows) else f"{in_rows / million(rate):.3f}",
                f"{streamed / million(rate):.3f}",
            ]
        )
    columns = ["req/s", "rows of 30 days", "all rows in PostgreSQL", "stream and a sample"]
    columns += ["all else", "rows, a million", "stream, a million"]
    ends = ", ".join(f"{rate:,.0f} req/s by {what}" for what, rate in costing.ends(book).items())
    return f"{_table(columns, rows)}\n\nOne PostgreSQL that has every row ends at {ends}."


def _refused(book: Book) -> str:
    lines = {"firewall": 1.0, "gateway": 1.0, "logs": ACCESS / 1000}
    names = {
        "firewall": "WAF looks at each request",
        "gateway": "API Gateway in front",
        "logs": f"an access log in CloudWatch, {ACCESS} bytes a request",
    }
    rows = [
        [names[name], *(_money(book.cost(name, million(rate) * unit)) for rate in RATES)]
        for name, unit in lines.items()
    ]
    return _table(["USD a month", *(f"{rate:,} req/s" for rate in RATES)], rows)


def _training(book: Book) -> str:
    rows = []
    for number in TRAINED:
        found = costing.training(book, number)
        size = f"{found.vcpu} vCPU, {found.vcpu * LARGE} GB" if found.vcpu else "none is enough"
        rows.append(
            [
                f"{number:,}",
                _gigabytes(number * book.get("csv_row") / 1e9),
                _gigabytes(found.memory),
                size,
                "-" if math.isinf(found.hours) else f"{found.hours:.1f}",
                "-" if math.isinf(found.cost) else f"{found.cost:.3g}",
            ]
        )
    most = costing.largest(book)
    size = _gigabytes(most * book.get("csv_row") / 1e9)
    whole = costing.pipeline(book)
    end = (
        f"All of `dvc repro` takes {whole.hours * 60:.0f} minutes on {whole.vcpu} vCPU, and "
        f"{whole.cost:.3f} USD on spot. The largest machine holds {most / 1e6:,.0f} million rows, "
        f"{size} of CSV. An hour of a Dask cluster of {book.get('workers'):g} machines is "
        f"{costing.cluster_hour(book):.2f} USD on spot."
    )
    return f"{_table(['rows', 'CSV', 'memory', 'machine', 'hours', 'USD on spot'], rows)}\n\n{end}"


def _prices(book: Book) -> str:
    rows = []
    for line, names in USED.items():
        stated = [book.prices.prices[name] for name in names]
        rows.append([line, "; ".join(f"{_price(one)} / {one.unit}" for one in stated)])
        rows[-1] += [", ".join(dict.fromkeys(one.page for one in stated if one.seen)) or "-"]
        rows[-1] += ["; ".join(_short(one) for one in stated if not one.seen) or "-"]
    return _table(["line", "USD", "pages of", "no page found for"], rows)


def _price(one: Price) -> str:
    return f"{one.price:.6f}".rstrip("0").rstrip(".")


def _short(one: Price) -> str:
    return f"{one.service.split(' (')[0]}, {_price(one)}"


def _figures(book: Book) -> str:
    stated = [book.figures.assumed[name] for name in DECISIVE]
    return "Assumed: " + "; ".join(f"{one.value:g} {one.unit}" for one in stated) + "."


def _money(cost: float) -> str:
    if math.isinf(cost):
        return "not possible"
    return f"{cost:,.0f}" if cost >= 1 else "under 1"


def _gigabytes(amount: float) -> str:
    if amount < 1:
        return f"{amount * 1000:,.0f} MB"
    return f"{amount:,.0f} GB" if amount < 10_000 else f"{amount / 1000:,.0f} TB"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def filled(text: str, found: dict[str, str]) -> str:
    """Return a document with the tables between their markers; raise UserError without a place."""
    for name, table in found.items():
        marked = rf"(<!-- costs: {name} -->\n).*?(<!-- end -->)"
        text, number = re.subn(marked, rf"\g<1>{table}\n\g<2>", text, flags=re.DOTALL)
        if number != 1:
            raise UserError(
                "The document has no place for a table, or two.",
                given=f"{name}: {number}",
                fix=f"<!-- costs: {name} --> and <!-- end --> in docs/cloud.md",
            )
    return text


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.costs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=["print", "write"], default="print")
    what = parser.parse_args().what
    guarded(lambda: run(what))


def run(what: str) -> None:
    """Print the tables, or write them into the document."""
    found = tables(books.read())
    if what == "write":
        text = filled(DOCUMENT.read_text(encoding="utf-8"), found)
        DOCUMENT.write_text(text, encoding="utf-8")
        return
    for name, table in found.items():
        print(f"{name}\n\n{table}\n")


if __name__ == "__main__":
    main()
