"""Labels as they are posted: JSON, NDJSON or CSV -> checked rows, and what was refused and why.

Each upload is read in chunks, in memory that does not grow with it. A faulty row is refused for
itself and its neighbours are taken.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import msgspec

from app.labels import predicted
from app.labels.linking import Linked, Linker, Predictions
from app.labels.schema import PREDICTION_ID, Writer, by_prediction, labelled
from app.labels.store import Feedback
from app.records.csv_columns import Cells
from app.records.csv_reader import CHUNK, Batch, CsvReader
from app.records.invalid import Invalid
from app.records.line_blocks import BLOCK, Broken, Stream, blocks
from app.records.records import BLANK, LEAST_VALUES, Records
from app.records.strict_json import MalformedError, Object, TooManyError, parse
from app.registry.registry import Registry
from app.store.redaction import PASTED, holds_key
from src.data.schema import Dataset
from src.support.errors import Fault

MOST_REFUSALS = 20  # of one upload that are reported
BYTES = 12  # of one character in JSON at most: two escapes
NUL = rb"\u0000"  # as JSON writes it; or a text that looks so, which is looked at more closely
SPARE = BLOCK  # for what is no text in a line

Row = tuple[int, str, bytes]
Outcome = Linked | tuple[Any, ...] | Iterable[Fault]  # of a row: values of a label, or why not


@dataclass(frozen=True)
class Chunk:
    """Some rows of an upload, and where it stands after them.

    A row is, at the same place of three lists, its place among all rows of the upload (from 0, the
    refused ones too), its truth as in a CSV, and the JSON of its record. The refusals are those of
    this chunk, at most MOST_REFUSALS of an upload; the line of one counts from 1, in an array it is
    the position. `read`, `refused` (rows) and `digest` are of the upload so far: equal rows under
    an equal header have equal digests after each chunk. A `broken` one is the last, though there is
    more to read; its refusal says why. `features` are the rows' values by column, `truths` those of
    the target, as a model takes them; `feedback` are the predictions of rows that are their truths.
    """

    places: Sequence[int]
    values: list[str]
    records: list[bytes]
    refusals: list[Fault]
    read: int
    refused: int
    digest: str
    ignored: list[str]
    broken: bool
    features: Sequence[Sequence[Any]] = ()
    truths: Sequence[Any] = ()
    feedback: Sequence[Feedback | None] | None = None

    @property
    def rows(self) -> list[Row]:
        """Return the rows one by one."""
        return list(zip(self.places, self.values, self.records, strict=True))


@dataclass(frozen=True)
class _Truth:
    """The values of a truth whose record is that of its prediction."""

    values: tuple[Any, ...]


class LabelReaders:
    """The readers of labels: one of each dataset, made anew when it or its classes change."""

    def __init__(self, registry: Registry, *, most: int, longest_text: int) -> None:
        self._registry = registry
        self._limits = {"most": most, "longest_text": longest_text}
        self._kept: dict[str, tuple[Dataset, list[str] | None, LabelReader]] = {}

    def of(self, dataset: Dataset) -> LabelReader:
        """Return the reader of a dataset as it is now."""
        classes = self._registry.classes(dataset.name)
        kept = self._kept.get(dataset.name)
        if kept is None or kept[0] is not dataset or kept[1] != classes:
            kept = dataset, classes, LabelReader(dataset, classes, **self._limits)
            self._kept[dataset.name] = kept
        return kept[2]


class LabelReader:
    """Reads labels of a dataset: at most `most` in an array.

    A row with a prediction's id in place of the features is its truth, where predictions are given
    to look it up in, and where no column of the dataset has that name. Several threads may read by
    one at once: the state of an upload is in `_Upload`.
    """

    def __init__(
        self, dataset: Dataset, classes: list[str] | None, *, most: int, longest_text: int
    ) -> None:
        flat = labelled(dataset, classes)
        self._name = dataset.name
        self._dataset = dataset
        limits = {"most": most, "longest_text": longest_text}
        self.records = Records(flat, **limits)
        self._records_of_lines = self.records.at_most(CHUNK)
        self._cells = Cells(self.records)
        truths = by_prediction(dataset, classes)
        self._truths = None if truths is None else Records(truths, **limits)
        self._truth_cells = None if self._truths is None else Cells(self._truths)
        self._linker = Linker(dataset, longest_text=longest_text)
        self._optional = [*dataset.extra_columns(), *dataset.windows()]
        self._writer = Writer(dataset)
        self._separator = dataset.separator
        self._source = dataset.source_columns()
        self._longest_line = SPARE + BYTES * longest_text * max(self._cells.texts, 1)

    def json(self, body: bytes, predictions: Predictions | None = None) -> Chunk:
        """Read one label or an array; raise Invalid where it is not JSON, or has too many."""
        upload = _Upload(self._writer, predictions)
        decoded, _ = self.records.quick(body)
        if decoded is not None and NUL not in body and not holds_key(body):
            places = upload.take(body, len(decoded.values))
            return upload.chunk(list(zip(*decoded.values, strict=True)), places)
        document = self.records.parsed(body)
        labels = document if isinstance(document, list) else [document]
        places = upload.take(body, len(labels))
        return self._one_by_one(upload, places, enumerate(labels, 1), self._values)

    def ndjson(self, stream: Stream, predictions: Predictions | None = None) -> Iterator[Chunk]:
        """Read a label a line; blank lines are none."""
        upload = _Upload(self._writer, predictions)
        try:
            for line, block in blocks(stream, self._longest_line):
                if block is None:
                    what = f"The line has more than {self._longest_line} bytes."
                    yield upload.refused_row(line, Fault(what))
                    continue
                texts = enumerate([text.strip(BLANK) for text in block.splitlines()], line)
                full = ((at, text) for at, text in texts if text)
                while batch := list(itertools.islice(full, CHUNK)):
                    yield self._lines_of(upload, batch)
        except Broken as error:
            yield upload.broken(error)

    def csv(self, stream: Stream, predictions: Predictions | None = None) -> Iterator[Chunk]:
        """Read rows under a header; raise Invalid where it lacks a column or has one twice.

        The header says whether they are labels or truths of predictions.
        """
        sheet = CsvReader(
            stream,
            dataset=self._name,
            separator=self._separator,
            needed=lambda header: self._needed(header, predictions),
            longest=self._longest_line,
            optional=self._optional,
            source=self._source,
        )
        upload = _Upload(self._writer, predictions, ignored=sheet.extra)
        upload.take(msgspec.json.encode(sheet.header), 0)
        for batch in sheet.batches():
            if batch.rows:
                yield self._table(upload, sheet.header, batch)
            if batch.broken:
                yield upload.broken(batch.broken)

    def _needed(self, header: list[str], predictions: Predictions | None) -> list[str]:
        """Return the columns that a CSV needs; raise PredictedError for a file of answers."""
        predicted.check_header(header, self._dataset)
        records = self._kind(header, predictions)
        return [name for name in records.names if name not in self._optional]

    def _kind(self, names: Iterable[str], predictions: Predictions | None) -> Records:
        """Return what reads rows with fields of these names: as labels or as truths."""
        if self._truths is None or predictions is None or PREDICTION_ID not in names:
            return self.records
        return self._truths

    def _lines_of(self, upload: _Upload, batch: list[tuple[int, bytes]]) -> Chunk:
        """Read lines of JSON, all at once if nothing is odd about them."""
        texts = [text for _, text in batch]
        joined = b"\n".join(texts)
        places = upload.take(joined, len(texts))
        # Records are flat and texts in JSON have no line's end: each line that ends with a brace
        # ends with a record, and as many records as lines are one on each.
        if not holds_key(joined) and all(text.endswith(b"}") and NUL not in text for text in texts):
            decoded, _ = self._records_of_lines.quick(b"[" + b",\n".join(texts) + b"]")
            if decoded is not None and len(decoded.values) == len(texts):
                return upload.chunk(list(zip(*decoded.values, strict=True)), places)
        return self._one_by_one(upload, places, batch, self._line)

    def _line(self, text: bytes, predictions: Predictions | None) -> tuple[Any, ...] | _Truth:
        """Read a line for itself; raise Invalid."""
        decoded, _ = self._records_of_lines.quick(text)
        is_plain = NUL not in text and not holds_key(text)
        if decoded is not None and not decoded.many and is_plain:
            return decoded.values[0]
        try:
            return self._values(parse(text, LEAST_VALUES), predictions)
        except MalformedError as error:
            why = error.why.replace(" at line 1, column ", " at column ")
            fault = Fault(f"The line is not JSON: {why}.", fix=error.fix)
            raise Invalid([fault], self._name) from None
        except TooManyError:
            what = f"The line has more than {LEAST_VALUES} values."
            raise Invalid([Fault(what)], self._name) from None

    def _values(self, label: Any, predictions: Predictions | None) -> tuple[Any, ...] | _Truth:
        """Read a label that is parsed; raise Invalid, also for what no CSV could or should hold.

        Raises PredictedError for an answer of the service.
        """
        predicted.check_object(label, self._dataset)
        names = [name for name, _ in label.pairs] if isinstance(label, Object) else []
        records = self._kind(names, predictions)
        values = records.taken(label)
        for name, value in zip(records.names, values, strict=True):
            if isinstance(value, str) and "\0" in value:
                fault = Fault(f"{name} has a NUL character.", field=name, fix="leave it out")
                raise Invalid([fault], self._name)
            if isinstance(value, str) and holds_key(value):
                raise Invalid([_pasted(name)], self._name)
        return values if records is self.records else _Truth(values)

    def _table(self, upload: _Upload, header: list[str], batch: Batch) -> Chunk:
        """Read rows of cells by columns; those with a fault are read again, to say which."""
        content = msgspec.json.encode(batch.rows)
        places = upload.take(content, len(batch.rows))
        pasted = self._pasted(header, batch.rows) if holds_key(content) else {}
        if self._kind(header, upload.predictions) is not self.records:
            return self._table_of_truths(upload, places, header, batch, pasted)
        columns, good = self._cells.read(header, batch.rows)
        if pasted:
            clean = [at not in pasted for at in good]
            columns = [list(compress(column, clean)) for column in columns]
            good = list(compress(good, clean))
        if len(good) < len(places):
            for at in sorted(set(range(len(places))).difference(good)):
                fault = pasted.get(at)
                why = [fault] if fault else self._cells.why(header, batch.rows[at])
                upload.refuse(batch.lines[at], why)
        kept = places if len(good) == len(places) else [places[at] for at in good]
        return upload.chunk(columns, kept)

    def _pasted(self, header: list[str], rows: list[list[str]]) -> dict[int, Fault]:
        """Return what is wrong with the rows that hold an API key in what is kept of them."""
        kept = {*self.records.names, PREDICTION_ID}
        found = {}
        for at, row in enumerate(rows):
            for name, cell in zip(header, row, strict=False):
                if name in kept and holds_key(cell):
                    found[at] = _pasted(name)
        return found

    def _table_of_truths(
        self,
        upload: _Upload,
        places: Sequence[int],
        header: list[str],
        batch: Batch,
        pasted: dict[int, Fault],
    ) -> Chunk:
        """Read rows of cells whose records are those of their predictions."""
        assert self._truth_cells is not None
        columns, good = self._truth_cells.read(header, batch.rows)
        outcomes: list[Outcome | _Truth] = [
            self._truth_cells.why(header, row) for row in batch.rows
        ]
        for at, *values in zip(good, *columns, strict=True):
            outcomes[at] = [pasted[at]] if at in pasted else _Truth(tuple(values))
        return self._settled(upload, places, batch.lines, outcomes)

    def _one_by_one(
        self,
        upload: _Upload,
        places: Sequence[int],
        labels: Iterable[tuple[int, Any]],
        read: Callable[[Any, Predictions | None], tuple[Any, ...] | _Truth],
    ) -> Chunk:
        """Read labels each for itself, each with its line."""
        lines: list[int] = []
        outcomes: list[Outcome | _Truth] = []
        for line, label in labels:
            lines.append(line)
            try:
                outcomes.append(read(label, upload.predictions))
            except Invalid as error:
                outcomes.append(error.errors)
        return self._settled(upload, places, lines, outcomes)

    def _settled(
        self,
        upload: _Upload,
        places: Sequence[int],
        lines: Sequence[int],
        outcomes: Sequence[Outcome | _Truth],
    ) -> Chunk:
        """Give the truths among rows their records, refuse rows with faults, and keep the rest."""
        truths = [one.values for one in outcomes if isinstance(one, _Truth)]
        linked: Iterator[Linked | Fault] = iter(())
        if truths and upload.predictions is not None:
            linked = iter(self._linker.link(truths, upload.predictions))
        values: list[tuple[Any, ...]] = []
        feedback: list[Feedback | None] = []
        kept: list[int] = []
        for place, line, outcome in zip(places, lines, outcomes, strict=True):
            row = next(linked) if isinstance(outcome, _Truth) else outcome
            if isinstance(row, Linked | tuple):
                values.append(row.values if isinstance(row, Linked) else row)
                feedback.append(row.feedback if isinstance(row, Linked) else None)
                kept.append(place)
            else:
                upload.refuse(line, [row] if isinstance(row, Fault) else row)
        return upload.chunk(
            list(zip(*values, strict=True)), kept, feedback=feedback if any(feedback) else None
        )


def _pasted(name: str) -> Fault:
    return Fault(f"{name} holds an API key.", field=name, fix=PASTED)


class _Upload:
    """What has been read of an upload so far."""

    def __init__(
        self, writer: Writer, predictions: Predictions | None, ignored: Sequence[str] = ()
    ) -> None:
        self.predictions = predictions
        self._writer = writer
        self._ignored = list(ignored)
        self._read = 0
        self._refused = 0
        self._reported = 0
        self._fresh: list[Fault] = []
        self._digest = hashlib.sha256()

    def take(self, content: bytes, rows: int) -> range:
        """Note rows and what they say; return their places."""
        self._digest.update(content)
        self._read += rows
        return range(self._read - rows, self._read)

    def refuse(self, line: int, faults: Iterable[Fault]) -> None:
        """Refuse a row; its faults are not looked at once enough are reported."""
        self._refused += 1
        for fault in itertools.islice(faults, MOST_REFUSALS - self._reported):
            self._reported += 1
            self._fresh.append(msgspec.structs.replace(fault, line=line, see=None))

    def chunk(
        self,
        columns: Sequence[Sequence[Any]],
        places: Sequence[int],
        *,
        feedback: Sequence[Feedback | None] | None = None,
        broken: bool = False,
    ) -> Chunk:
        """Write the rows that were taken, and say where the upload stands after them."""
        values, records = self._writer.write(columns) if places else ([], [])
        fresh, self._fresh = self._fresh, []
        digest = self._digest.hexdigest()
        return Chunk(
            places,
            values,
            records,
            fresh,
            self._read,
            self._refused,
            digest,
            self._ignored,
            broken,
            columns[: self._writer.width] if places else (),
            columns[-1] if places else (),
            feedback,
        )

    def refused_row(self, line: int, fault: Fault, *, broken: bool = False) -> Chunk:
        """Refuse a row that could not be read."""
        self.take(b"", 1)
        self.refuse(line, [fault])
        return self.chunk([], [], broken=broken)

    def broken(self, error: Broken) -> Chunk:
        """Refuse the line from which on nothing can be read; this is always reported."""
        self._reported = min(self._reported, MOST_REFUSALS - 1)
        fault = Fault(error.what, given=error.given, fix=error.fix)
        return self.refused_row(error.line, fault, broken=True)
