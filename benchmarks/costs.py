"""What the cloud design costs: measured figures times stated prices, as tables of docs/cloud.md.

    python -m benchmarks.costs            print the tables
    python -m benchmarks.costs write      put them into docs/cloud.md, between its markers

Prices stand in benchmarks/cloud/prices.yaml, figures and assumptions in figures.yaml beside it.
Nothing is measured here, and nothing is asked of a network.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from benchmarks.cloud import book as books
from benchmarks.cloud import cells, costing, machines
from benchmarks.cloud.book import Book, Price
from benchmarks.cloud.costing import million
from src.support.cli import guarded

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
    "what is left out": ("firewall", "gateway", "gateway_above", "copied", "copied_soon"),
}
# The assumptions that move the bill most.
DECISIVE = (
    *("core", "worker_streams", "worker_beside", "utilisation", "peak", "keep_rows", "flush"),
    *("packet", "spot", "memory_margin"),
)
MEBIBYTE = 2**20
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
    rows = [
        [name, *(_share(found[rate][name], totals[rate]) for rate in RATES)]
        for name in found[RATES[0]]
    ]
    rows.append(["**a month**", *(f"**{cells.money(totals[rate])}**" for rate in RATES)])
    each = [f"{totals[rate] / million(rate):.3f}" for rate in RATES]
    rows.append(["a million requests", *each])
    return cells.table(["USD a month at a mean of", *(f"{rate:,} req/s" for rate in RATES)], rows)


def _share(cost: float, total: float) -> str:
    return "-" if not cost else f"{cells.money(cost)} ({cost / total:.0%})"


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
                cells.gigabytes(million(rate) * _weight(book, rate, streamed=streamed) / 1000),
                *_busiest(book, rate, streamed=streamed),
            ]
        )
    columns = ["req/s", "log", "pods", "a pod's rate", "scale at", "million a month", "log a month"]
    columns += ["vCPU at the peak", "units of the balancer", "into the stream"]
    return cells.table(columns, rows)


def _busiest(book: Book, rate: float, *, streamed: bool) -> list[str]:
    """Write what the provider limits unless asked, in the busiest hour."""
    peak = book.get("peak")
    made = costing.pods(book, rate * peak, streamed=streamed)
    # Pods grow with the rate, so that as many rows as ever wait together in each.
    found = costing.pieces(book, rate)
    sent = f"{peak * found.written / MEBIBYTE:,.0f} MiB/s, {peak * found.number:,.0f} calls/s"
    units = costing.balancer_units(book, rate * peak)
    return [f"{made.all_vcpu:g}", f"{units:,.0f}" if units > 1 else "1", sent if streamed else "-"]


def _weight(book: Book, rate: float, *, streamed: bool) -> float:
    """Return the bytes that a request leaves in the log."""
    return costing.pieces(book, rate).written / rate if streamed else book.get("row")


def _log(book: Book) -> str:
    rows = []
    for rate in LOGGED:
        in_rows, streamed = costing.database(book, rate), costing.stream(book, rate)
        streamed += costing.database(book, rate * book.get("sampled"))
        rest = sum(costing.serving(book, rate, streamed=True).values()) - streamed
        rows.append(
            [
                f"{rate:,}",
                cells.gigabytes(costing.rows_kept(book, rate)),
                cells.money(in_rows),
                cells.money(streamed),
                cells.money(rest),
                "-" if math.isinf(in_rows) else f"{in_rows / million(rate):.3f}",
                f"{streamed / million(rate):.3f}",
            ]
        )
    columns = ["req/s", "rows of 30 days", "all rows in PostgreSQL", "stream and a sample"]
    columns += ["all else, with the stream", "rows, a million", "stream, a million"]
    ends = (
        f"{cells.rounded(rate):,.0f} req/s by {what}" for what, rate in costing.ends(book).items()
    )
    found = costing.pieces(book, LOGGED[-1])
    told = (
        f"One PostgreSQL that has every row ends at {', '.join(ends)}. At {LOGGED[-1]:,} req/s a "
        f"piece has {found.rows:.0f} rows and {found.size / 1000:.1f} KB, and {found.number:,.0f} "
        f"of them go to the stream in a second: {found.written / 1e6:.1f} MB, of which "
        f"{found.billed / 1e6:.1f} MB are billed."
    )
    return f"{cells.table(columns, rows)}\n\n{told}"


def _refused(book: Book) -> str:
    lines = {
        "WAF looks at each request": lambda rate: book.cost("firewall", million(rate)),
        "API Gateway in front": lambda rate: book.tiered(costing.GATEWAY, million(rate)),
        f"an access log in CloudWatch, {ACCESS} bytes a request": (
            lambda rate: book.cost("logs", million(rate) * ACCESS / 1000)
        ),
        "log and backups in a second region": lambda rate: costing.second_region(book, rate),
    }
    rows = [[name, *(cells.money(cost(rate)) for rate in RATES)] for name, cost in lines.items()]
    return cells.table(["USD a month", *(f"{rate:,} req/s" for rate in RATES)], rows)


def _training(book: Book) -> str:
    rows = []
    for number in TRAINED:
        found = machines.training(book, number)
        size = (
            f"{found.vcpu} vCPU, {found.vcpu * machines.LARGE} GB"
            if found.vcpu
            else "none is enough"
        )
        rows.append(
            [
                f"{number:,}",
                cells.gigabytes(number * book.get("csv_row") / 1e9),
                cells.gigabytes(found.memory),
                size,
                "-" if math.isinf(found.hours) else f"{found.hours:.1f}",
                "-" if math.isinf(found.cost) else f"{found.cost:.3g}",
            ]
        )
    most = machines.largest(book)
    size = cells.gigabytes(most * book.get("csv_row") / 1e9)
    whole = machines.pipeline(book)
    end = (
        f"All of `dvc repro` takes {whole.hours * 60:.0f} minutes on {whole.vcpu} vCPU, and "
        f"{whole.cost:.3f} USD on spot. The largest machine holds {most / 1e6:,.0f} million rows, "
        f"{size} of CSV. An hour of a Dask cluster of {book.get('workers'):g} machines is "
        f"{machines.cluster_hour(book):.2f} USD on spot."
    )
    columns = ["rows", "CSV", "memory", "machine", "hours", "USD on spot"]
    return f"{cells.table(columns, rows)}\n\n{end}"


def _prices(book: Book) -> str:
    rows = []
    for line, names in USED.items():
        stated = [book.prices.prices[name] for name in names]
        rows.append([line, "; ".join(f"{_price(one)} / {one.unit}" for one in stated)])
        rows[-1] += [", ".join(dict.fromkeys(one.page for one in stated if one.seen)) or "-"]
        rows[-1] += ["; ".join(_short(one) for one in stated if not one.seen) or "-"]
    return cells.table(["line", "USD", "pages of", "no page found for"], rows)


def _price(one: Price) -> str:
    return f"{one.price:.6f}".rstrip("0").rstrip(".")


def _short(one: Price) -> str:
    return f"{one.service.split(' (')[0]}, {_price(one)}"


def _figures(book: Book) -> str:
    stated = [book.figures.assumed[name] for name in DECISIVE]
    return "Assumed: " + "; ".join(f"{one.value:g} {one.unit}" for one in stated) + "."


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
        text = cells.filled(DOCUMENT.read_text(encoding="utf-8"), found)
        DOCUMENT.write_text(text, encoding="utf-8")
        return
    for name, table in found.items():
        print(f"{name}\n\n{table}\n")


if __name__ == "__main__":
    main()
