"""How a dataset's YAML changes with its file: shown as a diff, written where that is asked for."""

from __future__ import annotations

import difflib
import shlex
from datetime import UTC, datetime
from pathlib import Path

from src.config import composition, composition_cache, tables
from src.config import configuration as configs
from src.data.schema import Dataset
from src.description import next_steps
from src.description import update as updates
from src.description.update import Proposal
from src.runs.folders import RUNS
from src.support import files, git
from src.support.errors import UserError, unknown
from src.support.progress import Bar
from src.support.structs import convert


def update(name: str, source: str = "", *, is_written: bool = False) -> None:
    """Print how the YAML of a dataset changes, and write it where that is asked for.

    Without a source the dataset's own is read. The old YAML stays in git, or where git has none in
    runs/. Raises UserError where what is proposed does not hold by itself.
    """
    composition.prepare()
    if name not in configs.choices("dataset"):
        raise unknown("dataset", name, configs.choices("dataset"))
    composed = composition_cache.compose(composition_cache.dataset_words(name))
    dataset: Dataset = convert(composed["dataset"], Dataset, "dataset")
    path = configs.CONF / "dataset" / f"{name}.yaml"
    before = path.read_text(encoding="utf-8")
    from_where = source or _own_source(dataset)
    with Bar(f"describe {from_where}") as bar:
        bar.stage("reading", 2)
        table, options = updates.read(from_where, dataset)
        bar.step("looking at the columns")
        proposal = updates.proposed(before, dataset, table, options)
    _show(path, before, proposal, from_where)
    if proposal.text == before:
        return
    if not is_written:
        words = [f"name={name}", *([f"source={source}"] if source else [])]
        next_steps.show(f"python -m src.describe update=true write=true {shlex.join(words)}")
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
    _show_next(dataset, source, proposal)


def _own_source(dataset: Dataset) -> str:
    own = tables.path(dataset)
    return str(own) if own.is_file() and not tables.is_elsewhere(dataset) else dataset.source


def _show(path: Path, before: str, proposal: Proposal, source: str) -> None:
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


def _show_next(dataset: Dataset, source: str, proposal: Proposal) -> None:
    """Say what to type for the rows to come in; all of them where features are new."""
    if not source:
        next_steps.show(f"python -m src.train dataset={dataset.name}")
        return
    is_kept = proposal.is_as_before and tables.path(dataset).is_file()
    mode = "" if is_kept else " mode=replace"
    word = next_steps.override("source", source)
    next_steps.show(f"python -m src.ingest dataset={dataset.name} {word}{mode}")
    if not proposal.is_as_before:
        print("  (from a file that has all rows: those so far are not read by it any more)")
