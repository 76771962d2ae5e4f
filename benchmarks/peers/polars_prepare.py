"""The rules of data/diamonds.csv written by hand in Polars, for benchmarks/prepare.py.

What `src.prepare` does with the rows: types, bounds, value lists, missing cells, duplicates,
rejected rows with their reasons, the stable split by BLAKE2b, Parquet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl

MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
WORDS = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": ["J", "I", "H", "G", "F", "E", "D"],
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}
PERCENT = "above 0 and below 100"
NUMBERS = {
    "carat": "above 0 and at most 20",
    **dict.fromkeys(["depth", "table"], PERCENT),
    **dict.fromkeys(["x", "y", "z", "price"], "above 0"),
}
COLUMNS = ["carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z", "price"]
TESTED = int(0.2 * 2**64)


def main(source: str, folder: Path) -> None:
    """Prepare the source."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = pl.read_csv(source, infer_schema=False).fill_null("").select(COLUMNS)
    text = raw.select(pl.all().str.strip_chars())
    typed = text.with_columns(pl.col(list(NUMBERS)).cast(pl.Float64, strict=False))
    typed = typed.with_row_index("row")
    broken = [
        (words, mask, name) for name in COLUMNS for words, mask, name in _broken(text, typed, name)
    ]
    faulty = np.zeros(len(raw), dtype=bool)
    for _, mask, _ in broken:
        faulty |= mask
    good = typed.filter(~pl.Series(faulty))
    is_first = good.select(pl.struct(COLUMNS).is_first_distinct()).to_series()
    accepted, doubles = good.filter(is_first), good.filter(~is_first)["row"].to_numpy()
    _reject(raw, text, broken, doubles, folder / "rejected.csv")
    is_test = pl.Series(_hashes(accepted) < TESTED)
    accepted = accepted.select(*COLUMNS, pl.col("row").cast(pl.Int64).alias("__index_level_0__"))
    accepted.filter(~is_test).write_parquet(folder / "train.parquet", compression="snappy")
    accepted.filter(is_test).write_parquet(folder / "test.parquet", compression="snappy")


def _broken(
    text: pl.DataFrame, typed: pl.DataFrame, name: str
) -> Iterator[tuple[str, np.ndarray, str]]:
    missing = text[name].is_in(MISSING)
    yield f"{name} is missing", missing.to_numpy(), ""
    if name in WORDS:
        unknown = ~missing & ~text[name].is_in(WORDS[name])
        yield f"{name} is not one of its values", unknown.to_numpy(), name
        return
    value = typed[name]
    finite = value.is_finite().fill_null(value=False)
    yield f"{name} is not a number", (~missing & ~finite).to_numpy(), name
    outside = value <= 0
    if name == "carat":
        outside |= value > 20
    if name in ("depth", "table"):
        outside |= value >= 100
    yield (
        f"{name} is not {NUMBERS[name]}",
        (finite & outside).fill_null(value=False).to_numpy(),
        name,
    )


def _reject(
    raw: pl.DataFrame,
    text: pl.DataFrame,
    broken: list[tuple[str, np.ndarray, str]],
    doubles: np.ndarray,
    path: Path,
) -> None:
    reasons: dict[int, list[str]] = {}
    for words, mask, name in broken:
        for at in np.flatnonzero(mask).tolist():
            cell = f": {text[name][at]!r}" if name else ""
            reasons.setdefault(at, []).append(words + cell)
    faulty = pl.DataFrame(
        {"row": list(reasons), "reasons": ["; ".join(one) for one in reasons.values()]},
        schema={"row": pl.UInt32, "reasons": pl.String},
    )
    double = pl.DataFrame({"row": doubles.astype(np.uint32)}).with_columns(
        reasons=pl.lit("the same as an earlier row")
    )
    why = pl.concat([faulty, double]).sort("row")
    rows = raw[why["row"]].with_columns(line=why["row"] + 2, reasons=why["reasons"])
    rows.select("line", "reasons", *COLUMNS).write_csv(path)


def _hashes(rows: pl.DataFrame) -> np.ndarray:
    cells = [pl.col(name).cast(pl.String) for name in sorted(COLUMNS)]
    texts = rows.select(pl.concat_str(cells, separator="\x1f")).to_series().to_list()
    digests = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
