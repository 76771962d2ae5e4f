"""From a file to a champion: write a dataset's YAML by looking at the file, and train on it.

When the file has changed: propose what its YAML has to say now.
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from src import ingest, train
from src.card import schema as card_schema
from src.config import composition, composition_cache, tables
from src.config import configuration as configs
from src.data import schema
from src.data.schema import Dataset
from src.description import analysis, document, first_look, reading, verdict
from src.description import update as updates
from src.description.analysis import Wish
from src.description.draft import Draft
from src.description.update import Proposal
from src.description.verdict import Candidate
from src.runs import training
from src.runs.folders import RUNS
from src.runs.training import Trained
from src.support import files, git
from src.support.cli import guarded, key_values, show_error
from src.support.errors import UserError, unknown
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
    parser = argparse.ArgumentParser(
        prog="python -m src.describe",
        description="Write conf/dataset/<name>.yaml by looking at a file, say what is unsure, and "
        "with train=true train a few models on it at once. A file that is there is never "
        "replaced, unless update=true proposes how it changes, and write=true says to.",
        epilog="python -m src.describe source=customers.csv target=left train=true",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="key=value",
        help="; ".join(f"{key}: {about}" for key, about in KEYS.items()),
    )
    words = parser.parse_args().words
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
        update(request)
    else:
        describe(request)


def describe(request: Request) -> None:
    """Write the YAML; raise UserError, with nothing written, where there is one already."""
    composition.prepare()
    draft = _draft(request)
    path = configs.CONF / "dataset" / f"{draft.name}.yaml"
    _check_new(path, draft)
    dataset = convert(document.values(draft), Dataset, "dataset")
    schema.check(dataset)
    if request.train:  # before anything is written: it refuses where there is other data
        ingest.copy(request.source, dataset)
    files.write(path, document.text(draft).encode())
    _show(draft, path)
    if not request.train:
        source = f" {_override('source', request.source)}" if draft.is_plain else ""
        models = ",".join(first_look.read().trainings(dataset, draft.rows))
        _next(
            f"python -m src.ingest dataset={draft.name}{source} mode=replace",
            f"python -m src.train -m dataset={draft.name} model={models}",
        )
        return
    finished = _trained(dataset, draft.rows)
    train.show([(one, []) for one in finished])
    _show_best(finished, dataset)


def update(request: Request) -> None:
    """Print how the YAML changes, and write it where that is asked for.

    The old one stays in git, or where git has none in runs/.
    """
    composition.prepare()
    name = request.name or analysis.slug(request.source)
    if name not in configs.choices("dataset"):
        raise unknown("dataset", name, configs.choices("dataset"))
    composed = composition_cache.compose(composition_cache.dataset_words(name))
    dataset: Dataset = convert(composed["dataset"], Dataset, "dataset")
    path = configs.CONF / "dataset" / f"{name}.yaml"
    before = path.read_text(encoding="utf-8")
    source = request.source or _own_source(dataset)
    with Bar(f"describe {source}") as bar:
        bar.stage("reading", 2)
        table, options = updates.read(source, dataset)
        bar.step("looking at the columns")
        proposal = updates.proposed(before, dataset, table, options)
    _show_proposal(path, before, proposal, source)
    if proposal.text == before:
        return
    if not request.write:
        words = [f"name={name}", *([f"source={request.source}"] if request.source else [])]
        _next(f"python -m src.describe update=true write=true {shlex.join(words)}")
        return
    if proposal.fault:
        raise UserError(
            "What is proposed does not hold by itself; nothing was written.",
            given=proposal.fault,
            fix=f"mend that in {path} by hand, and try again",
        )
    _keep(path, name)
    files.write(path, proposal.text.encode())
    print(f"{path} is written.")
    _next_of_data(dataset, request.source, proposal)


def _own_source(dataset: Dataset) -> str:
    own = tables.path(dataset)
    return str(own) if own.is_file() and not tables.is_elsewhere(dataset) else dataset.source


def _show_proposal(path: Path, before: str, proposal: Proposal, source: str) -> None:
    if proposal.text == before:
        print(f"{path}: nothing in it changes by {source}")
    lines = difflib.unified_diff(
        before.splitlines(), proposal.text.splitlines(), f"a/{path}", f"b/{path}", lineterm=""
    )
    print("\n".join(lines))
    for note in proposal.notes:
        print(f"  {'unsure' if note.is_unsure else 'because'}: {note.says}")
    if proposal.fault:
        print(f"  does not hold by itself: {proposal.fault}")


def _keep(path: Path, name: str) -> None:
    """Keep a YAML that git does not have as it stands."""
    if git.ask("diff", "--quiet", "HEAD", "--", str(path)) is not None and git.ask(
        "ls-files", "--error-unmatch", str(path)
    ):
        return
    kept = RUNS / name / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-described.yaml"
    files.write(kept, path.read_bytes())
    print(f"The one before, which git does not have, is kept: {kept}")


def _next_of_data(dataset: Dataset, source: str, proposal: Proposal) -> None:
    """Say what to type for the rows to come in; all of them where features are new."""
    if not source:
        _next(f"python -m src.train dataset={dataset.name}")
        return
    is_kept = proposal.is_as_before and tables.path(dataset).is_file()
    mode = "" if is_kept else " mode=replace"
    word = _override("source", source)
    _next(f"python -m src.ingest dataset={dataset.name} {word}{mode}")
    if not proposal.is_as_before:
        print("  (from a file that has all rows: those so far are not read by it any more)")


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
    _next(
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


def _override(key: str, value: str) -> str:
    """Write key=value as it is typed: what Hydra would read otherwise is quoted for it, too."""
    if re.fullmatch(r"[\w./:-]+", value):
        return f"{key}={value}"
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return shlex.quote(f'{key}="{quoted}"')


def _next(*lines: str) -> None:
    print("Next:")
    for line in lines:
        print(f"  {line}")


if __name__ == "__main__":
    main()
