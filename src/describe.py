"""From a file to a champion: write a dataset's YAML by looking at the file, and train on it.

When the file has changed: propose what its YAML has to say now.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from src import ingest, train
from src.card import schema as card_schema
from src.config import composition
from src.config import configuration as configs
from src.data import schema_checks
from src.data.schema import Dataset
from src.description import (
    analysis,
    document,
    first_look,
    next_steps,
    reading,
    rewriting,
    verdict,
)
from src.description.analysis import Wish
from src.description.draft import Draft
from src.description.verdict import Candidate
from src.runs import training
from src.runs.training import Trained
from src.support import files
from src.support.cli import guarded, key_values, show_error, words_of
from src.support.errors import UserError
from src.support.progress import Bar
from src.support.structs import Checked, convert

KEYS = {
    "source": "a path, a pattern or an address: CSV, Excel, Parquet, JSON, a database",
    "target": "the column to predict",
    "name": "of the dataset; that of the file by default",
    "task": "regression, binary or multiclass; by the target's values by default",
    "group": "the column whose rows belong together, such as those of one person",
    "time": "the column in whose order the newest rows judge",
    "sheet": "of a workbook; the first one by default",
    "table": "of a database",
    "query": "of a database, in place of a table",
    "derive": "true proposes derived columns",
    "train": "true copies the file to data/ and trains a few models on it",
    "update": "true proposes what the YAML of the name has to say of a file that has changed",
    "write": "true, with update=true, writes what is proposed",
}


class Request(Checked, frozen=True):
    """A command line of src.describe."""

    source: str = ""
    target: str = ""
    name: str = ""
    task: Literal["", "regression", "binary", "multiclass"] = ""
    group: str = ""
    time: str = ""
    sheet: str = ""
    table: str = ""
    query: str = ""
    derive: bool = False
    train: bool = False
    update: bool = False
    write: bool = False


def main() -> None:
    """Run the command line."""
    words = words_of(
        "src.describe",
        "Write conf/dataset/<name>.yaml by looking at a file, say what is unsure, and "
        "with train=true train a few models on it at once. A file that is there is never "
        "replaced, unless update=true proposes how it changes, and write=true says to.",
        KEYS,
        "source=customers.csv target=left train=true",
    )
    with reading.quietly():
        guarded(lambda: run(request(words)))


def request(words: list[str]) -> Request:
    """Read the command line; a first word without a key is the source."""
    if words and "=" not in words[0]:
        words = [f"source={words[0]}", *words[1:]]
    pairs = key_values(words, KEYS)
    asked = convert(pairs, Request, is_text=True)
    needed = ["name" if not asked.source else ""] if asked.update else ["source", "target"]
    for key in needed:
        if key and not pairs.get(key):
            raise UserError(f"No {key} is named.", fix=f"{key}=<{KEYS[key]}>")
    for key in ("target", "task", "group", "time", "derive", "train"):
        if asked.update and key in pairs:
            raise UserError(
                f"With update=true the YAML says the {key}.", given=f"{key}={pairs[key]}"
            )
    if asked.write and not asked.update:
        raise UserError(
            "Only what is proposed is written so.", given="write=true", fix="update=true"
        )
    return asked


def run(request: Request) -> None:
    """Describe what is new, or propose how a description changes."""
    if request.update:
        name = request.name or analysis.slug(request.source)
        rewriting.update(name, request.source, is_written=request.write)
    else:
        describe(request)


def describe(request: Request) -> None:
    """Write the YAML; raise UserError, with nothing written, where there is one already."""
    composition.prepare()
    draft = _draft(request)
    path = configs.CONF / "dataset" / f"{draft.name}.yaml"
    _check_new(path, draft)
    dataset = convert(document.values(draft), Dataset, "dataset")
    schema_checks.check(dataset)
    if request.train:  # before anything is written: it refuses where there is other data
        ingest.copy(request.source, dataset)
    files.write(path, document.text(draft).encode())
    _show(draft, path)
    if not request.train:
        source = f" {next_steps.override('source', request.source)}" if draft.is_plain else ""
        models = ",".join(first_look.read().trainings(dataset, draft.rows))
        next_steps.show(
            f"python -m src.ingest dataset={draft.name}{source} mode=replace",
            f"python -m src.train -m dataset={draft.name} model={models}",
        )
        return
    finished = _trained(dataset, draft.rows)
    train.show([(one, []) for one in finished])
    _show_best(finished, dataset)


def _draft(request: Request) -> Draft:
    wish = Wish(
        target=request.target,
        name=request.name,
        task=request.task,
        group=request.group,
        time=request.time,
        derive=request.derive,
    )
    with Bar(f"describe {request.source}") as bar:
        bar.stage("reading", 2)
        asked = {key: getattr(request, key) for key in ("sheet", "table", "query")}
        table = reading.read(request.source, **asked)
        bar.step("looking at the columns")
        return analysis.describe(table, wish)


def _check_new(path: Path, draft: Draft) -> None:
    if path.exists():
        raise UserError(
            f"'{draft.name}' is described already; nothing was written.",
            given=path,
            fix=f"name=<another>, or move {path} away",
        )


def _show(draft: Draft, path: Path) -> None:
    role = draft.role
    of = f" of {len(role.classes)} classes" if role.task == "multiclass" else ""
    print(
        f"{path}: {role.task}{of} on {role.name} by {len(draft.features)} features, "
        f"{draft.rows:,} rows; {role.metric} tells which model is better"
    )
    for one in draft.left_out:
        print(f"  left out: {one.column.name}{' (LEAK)' if one.is_leak else ''}: {one.says}")
    if role.without:
        print(f"  skipped: {role.without:,} rows without a target")
    for doubt in draft.unsure:
        print(f"  unsure: {doubt}")


def _trained(dataset: Dataset, rows_in_all: int) -> list[Trained]:
    """Train the models one after the other; one that cannot be trained stops no other.

    What was fitted for one of them is not fitted again for a blend that it is a member of.
    """
    from src.learning.fits import Fits  # scikit-learn takes a second to import

    finished, last, rows, fits = [], None, None, Fits()
    look = first_look.read()
    if look.is_large(dataset, rows_in_all):
        print(f"A large table: {look.large.folds} folds and no more trees than there is time for.")
    for words in look.trainings(dataset, rows_in_all).values():
        try:
            config = configs.build(composition.compose(words))
            if rows is None:
                rows = training.prepare(config)
                training.tell(rows[1])
            finished.append(training.own(config, rows, fits))
        except UserError as error:
            show_error(error)
            last = error
    if not finished:
        assert last is not None
        raise last
    return finished


def _show_best(finished: list[Trained], dataset: Dataset) -> None:
    candidates = [_candidate(one, dataset.metric) for one in finished]
    rows = finished[0].manifest["metrics"]["rows"]["test"]
    print()
    for sentence in verdict.sentences(dataset.metric, candidates, dataset.target.name, rows):
        print(sentence)
    names = ",".join(one.config.model.name for one in finished)
    print(f"Read {configs.CONF}/dataset/{dataset.name}.yaml and make it yours.")
    next_steps.show(
        f"python -m src.track dataset={dataset.name} models={names}",
        "dvc repro",
    )


def _candidate(trained: Trained, metric: str) -> Candidate:
    card = msgspec.json.decode((trained.place / card_schema.NAME).read_bytes())
    (own,) = [one for one in card["metrics"] if one["name"] == metric]
    return Candidate(
        trained.config.model.name,
        trained.config.model.complexity,
        [_number(score) for score in trained.manifest["details"]["cv_scores"]],
        _number(trained.manifest["metrics"]["test"][metric]),
        own["low"],
        own["high"],
        {
            member["model"]: [_number(score) for score in member["cv_scores"]]
            for member in trained.manifest["details"].get("members", [])
        },
    )


def _number(figure: float | None) -> float:
    return math.nan if figure is None else figure


if __name__ == "__main__":
    main()
