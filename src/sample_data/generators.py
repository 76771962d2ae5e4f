"""Sample data: diamonds, payments and resumes, the same bytes on every machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from src.sample_data.careers import careers
from src.support import files

SEED = 20240229
PAYMENTS = 24_871
# Codes of NACE divisions and of ISO 3166 countries.
SECTORS = (10, 25, 41, 43, 46, 47, 49, 56, 62, 68, 71, 86)
COUNTRIES = (40, 56, 203, 250, 276, 380, 528, 616, 620, 724, 752, 826)


def payments() -> bytes:
    """Return invoices, three in ten of them paid late, with a few faults of real data."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    table = _invoices(rng, PAYMENTS - 12)
    table = _with_faults(table, rng)
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()


def _invoices(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Draw clean invoices and whether each was paid late."""
    late = rng.random(rows) < 0.3
    # Two kinds of late payers, out of cash or in dispute, are the part a straight line misses.
    dispute = late & (rng.random(rows) < 0.35)
    broke = late & ~dispute
    z = rng.standard_normal((6, rows))
    # Customers make up for one weakness by another strength, so that no single number tells much.
    signs = np.array([[1], [1], [1], [-1], [-1], [1]])
    z -= 0.47 * signs * (signs * z).mean(axis=0)
    z[0] = z[0] + 0.3 * broke + 1.6 * dispute
    z[1] = z[1] * (1 - 0.2 * broke) + 1.35 * broke + 0.4 * dispute
    z[2] = z[2] * (1 + 0.2 * late) + 0.9 * late
    # New customers pay late, and so do a few of the oldest.
    z[3] = 0.8 * z[3] + np.where(late, rng.choice([-1.15, 1.6], rows, p=[0.78, 0.22]), 0)
    z[4] = z[4] - 1.35 * broke - 0.4 * dispute
    z[5] = z[5] + 2.0 * dispute
    invoices = rng.poisson(rng.gamma(4.0, 0.9, rows) + 2.0 * late)
    reminders = rng.poisson(rng.gamma(3.0, 0.25, rows) + 1.1 * broke + 0.6 * dispute)
    shares = np.array(
        [[9, 6, 7, 10, 16, 14, 8, 7, 9, 4, 6, 4], [7, 3, 14, 18, 11, 12, 11, 12, 4, 3, 3, 2]]
    )
    sector = _codes(rng, late, shares)
    shares = np.array(
        [[5, 6, 5, 15, 24, 9, 8, 6, 3, 7, 4, 8], [2, 6, 7, 18, 12, 18, 4, 6, 7, 12, 1, 7]]
    )
    country = _codes(rng, late, shares)
    late ^= rng.random(rows) < 0.01
    return pd.DataFrame(
        {
            "amount": np.exp(6.9 + 0.6 * z[0]).round(2),
            "credit_used": (0.45 + 0.16 * z[1]).clip(0, 1.4).round(3),
            "mean_delay_days": (14 + 6.5 * z[2]).clip(0, None).round(1),
            "account_years": np.exp(1.6 + 0.4 * z[3]).round(2),
            "cash_ratio": np.exp(-0.1 + 0.35 * z[4]).round(3),
            "disputed_percent": np.exp(0.9 + 0.5 * z[5]).round(2),
            "sector": np.array(SECTORS)[sector],
            "country": np.array(COUNTRIES)[country],
            "open_invoices": invoices,
            "reminders": reminders,
            "label": late.astype(int),
        }
    )


def _codes(rng: np.random.Generator, late: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Draw places in a list of codes, by one row of shares if paid in time, else by the other."""
    edges = np.cumsum(shares, axis=1) / 100
    places: np.ndarray = rng.random(len(late))[:, None] > edges[late.astype(int)][:, :-1]
    return np.asarray(places.sum(axis=1))


def _with_faults(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Plant missing values, impossible values and exact duplicates in separate rows."""
    rows = rng.permutation(len(table))[:40]
    for column, at in (
        ("amount", rows[0:3]),
        ("credit_used", rows[3:6]),
        ("mean_delay_days", rows[6:8]),
        ("cash_ratio", rows[8:10]),
    ):
        table.loc[at, column] = np.nan
    table.loc[rows[10:16], "amount"] *= -1
    table.loc[rows[16:20], "credit_used"] = 9.999
    table.loc[rows[20:23], "account_years"] = -1.0
    # The copies keep away from the rows above, so that each fault is counted once.
    table = pd.concat([table, table.loc[rows[28:40]]], ignore_index=True)
    return table.loc[rng.permutation(len(table))]


def diamonds() -> bytes:
    """Return the 53,940 diamonds that plotnine carries."""
    # Finding the package is enough: importing it would load matplotlib.
    spec = importlib.util.find_spec("plotnine")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("diamonds.csv comes with plotnine", name="plotnine")
    source = Path(spec.submodule_search_locations[0]) / "data" / "diamonds.csv"
    return source.read_bytes().replace(b"\r\n", b"\n")


def resumes() -> bytes:
    """Return invented resumes with the present role of each."""
    return files.csv_text([["text", "role"], *careers()], end="\n").encode()


SAMPLES: dict[str, Callable[[], bytes]] = {
    "diamonds.csv": diamonds,
    "payments.csv": payments,
    "resumes.csv": resumes,
}
