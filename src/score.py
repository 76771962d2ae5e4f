"""Score a source of any size by a dataset's champion: python -m src.score dataset=... to=..."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, to_builtins

from src.config import configuration as configs
from src.config import paths
from src.data import sources
from src.data.sources import Raw, addresses, several
from src.description import reading
from src.runs import verdicts
from src.runs.folders import BUNDLE
from src.scoring import receipts, run, slices, summary
from src.scoring import version as versions
from src.scoring.parts import Done
from src.scoring.places import Place
from src.scoring.receipts import Job, Told
from src.scoring.typed import Reader
from src.scoring.version import Version
from src.support.cli import guarded, key_values, words_of
from src.support.errors import UserError, unknown
from src.support.progress import Bar
from src.support.structs import Checked, convert

KEYS = {
    "dataset": "whose champion answers",
    "source": "a file, a folder, a pattern, an address or a database, of any kind that is read",
    "to": "a folder for parts, or one file: <name>.parquet or <name>.csv; never replaced unasked",
    "model": "in place of the champion: another model that the pipeline trained",
    "bundle": "in place of the champion: the folder of any bundle, such as runs/<dataset>/<run>",
    "format": "of the parts of a folder: parquet or csv",
    "explain": "true adds a sentence of reasons to each answer, which takes much longer",
    "rows": "of a part",
    "processes": "that score parts beside each other; as many as there are cores by default",
    "max_rejected": "share of refused rows from which on the command ends with 1; the dataset's",
    "replace": "true scores anew what is there of another input, bundle or settings",
    "separator": "of a CSV, where it is not the dataset's",
    "sheet": "of a workbook",
    "table": "of a database",
    "query": "of a database, in place of a table",
}
TEXTS = ("", ".csv", ".tsv", ".txt", ".gz", ".zst", ".zip")  # endings of sources of text
READING = ("separator", "sheet", "table", "query")
NO_CHAMPION = "dvc repro (make run), which trains and judges; or model=<name>, bundle=<folder>"


class Request(Checked, frozen=True):
    """A command line of src.score."""

    dataset: str
    source: str
    to: str
    model: str = ""
    bundle: str = ""
    format: str | None = None
    explain: bool = False
    rows: Annotated[int, Meta(ge=1)] = sources.BATCH
    processes: Annotated[int, Meta(ge=1)] | None = None
    max_rejected: Annotated[float, Meta(ge=0, le=1)] | None = None
    replace: bool = False
    separator: str | None = None
    sheet: str | None = None
    table: str | None = None
    query: str | None = None


def main() -> None:
    """Run the command line."""
    words = words_of(
        "src.score",
        "Score a source of any size: its rows as they were written and, beside each, "
        "the answer that the service gives, in files with a receipt each. Started again after it "
        "was stopped, it goes on where it was.",
        KEYS,
        "dataset=houses source=houses/*.csv to=scored/",
    )
    guarded(lambda: score(request(words)))


def request(words: list[str]) -> Request:
    """Read the command line."""
    pairs = key_values(words, KEYS)
    for key in ("dataset", "source", "to"):
        if not pairs.get(key):
            raise UserError(f"No {key} is named.", fix=f"{key}=<{KEYS[key]}>")
    if pairs.get("model") and pairs.get("bundle"):
        raise UserError("A model is named, and a bundle, too.", fix="name one of the two")
    return convert(pairs, Request, is_text=True)


def score(request: Request) -> None:
    """Score the rows, and say what they came to; raise UserError where too many were refused."""
    place = Place.of(request.to, request.format, is_replaced=request.replace)
    version = versions.load(_bundle(request))
    source = _source(request.source)
    options = _reading(request, version)
    told, kept, written = Told(), 0, place.folder
    with reading.quietly(), Bar(f"score {addresses.shown(request.source)}") as bar:
        bar.stage("hashing the source", 1)
        job = _job(request, version, place, source, options)
        bar.stage("rows", 0)

        def tell(done: Done) -> None:
            nonlocal kept
            told.add(done.receipt.told)
            kept += done.is_kept
            bar.step(f"{told.rows:,} rows, {told.refused:,} refused")

        with place.held(job) as had:
            if had is not None:
                told, written = had.told, place.file or place.folder
            else:
                needed = Reader(version.dataset, version.past).needed()
                stream = sources.Stream(source, columns=needed, rows=request.rows, **options)
                cut = slices.of(_of_one_spelling(stream, version), request.rows)
                processes = request.processes or os.cpu_count() or 1
                done = run.run(
                    version, job, cut, place.folder, processes, tell, is_replaced=request.replace
                )
                written = place.finish(job, done, told)
    if had is not None:
        print(f"{written} is there already, of the same rows by the same bundle, and is kept.")
    if kept:
        print(f"{kept} of {len(done)} parts were there already and are kept.")
    for line in summary.lines(version, told, written):
        print(line)
    _check_refused(told, request, version, written)


def _bundle(request: Request) -> Path:
    """Return the folder of the bundle that answers."""
    if request.bundle:
        named = Path(request.bundle)  # that of a run is a folder within it
        return named / BUNDLE if (named / BUNDLE).is_dir() else named
    configs.find_root()
    judged = verdicts.read()
    if request.dataset not in judged:
        known = configs.choices("dataset")
        if request.dataset not in known:
            raise unknown("dataset", request.dataset, known)
        raise _no_champion(request.dataset, "the pipeline has not judged it")
    verdict = judged[request.dataset]
    model = request.model or verdict.champion
    if model is None:
        raise _no_champion(request.dataset, "no model passes its gate")
    if model not in verdict.bundles:
        raise unknown("model", model, verdict.bundles, of=request.dataset)
    path = paths.BUNDLES / request.dataset / model
    if not request.model:
        verdicts.check_seal(path, verdict.bundles[model])
    return path


def _no_champion(dataset: str, why: str) -> UserError:
    return UserError(f"'{dataset}' has no champion: {why}.", code="no_champion", fix=NO_CHAMPION)


def _source(source: str) -> str:
    """Return a source; a folder is the pattern of its files."""
    return str(Path(glob.escape(source)) / "*") if Path(source).is_dir() else source


def _reading(request: Request, version: Version) -> dict[str, Any]:
    """Return how the source is read: as the dataset's, but for what is asked for otherwise."""
    options = version.dataset.reading()
    asked = {key: value for key in READING if (value := getattr(request, key)) is not None}
    if {"table", "query"} & {*asked}:
        options = {key: value for key, value in options.items() if key not in ("table", "query")}
    return {**options, **asked}


def _of_one_spelling(stream: sources.Stream, version: Version) -> Iterator[Raw]:
    """Yield what is read; raise UserError where its numbers are written otherwise than is read.

    Numbers of Parquet, JSON, workbooks and databases are written as programs do (1.125), which in a
    dataset whose text has 1.125 for a thousand would be another number without a word.
    """
    dataset = version.dataset
    ways = {name: dataset.written(name) for name in dataset.features}
    odd = [name for name, how in ways.items() if how.decimal != "." or how.thousands]
    own = addresses.scheme(dataset.source) or Path(dataset.source).suffix
    for raw in stream:
        if odd and raw.kind != "csv" and own in TEXTS:
            raise UserError(
                "The source holds numbers as programs write them, and the dataset reads text.",
                given=f"{raw.kind}; {odd[0]} has decimal {ways[odd[0]].decimal!r} and thousands "
                f"{ways[odd[0]].thousands!r}",
                fix="give a CSV that is written as the one the model learnt from",
            )
        yield raw


def _job(
    request: Request, version: Version, place: Place, source: str, options: dict[str, Any]
) -> Job:
    if version.dataset.name != request.dataset:
        raise UserError(
            f"The bundle is of '{version.dataset.name}', and not of '{request.dataset}'.",
            given=version.path,
            fix=f"dataset={version.dataset.name}",
        )
    names = several.paths(source)
    if names is None:
        names = [] if addresses.scheme(source) else [source]
    return Job(
        source=addresses.shown(source),
        files={name: receipts.sha256(Path(name)) for name in names if Path(name).is_file()},
        reading=to_builtins(options),
        bundle=version.identity(),
        written=place.written,
        rows=request.rows,
        explain=request.explain,
    )


def _check_refused(told: Told, request: Request, version: Version, written: Path) -> None:
    most = version.dataset.max_rejected if request.max_rejected is None else request.max_rejected
    if told.refused <= most * told.rows:
        return
    raise UserError(
        f"{told.refused:,} of {told.rows:,} rows were refused, more than max_rejected ({most:.1%}) "
        "allows.",
        given=f"{written}, which is complete: its column `refused` says why",
        fix="mend those rows, or where they are right say so with max_rejected=<share>",
    )


if __name__ == "__main__":
    main()
