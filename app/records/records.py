"""Convert JSON to records of a dataset, checked by its YAML, and back.

There are two ways. msgspec parses and checks valid bodies in microseconds. What it refuses, or what
may have a duplicate key, is parsed again more slowly, to find and describe every fault. Tests check
that both agree.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.records import fields, references
from app.records.fields import Field, FieldDescription, FieldError
from app.records.invalid import Invalid
from app.records.references import Reference
from app.records.strict_json import MalformedError, Object, TooManyError, parse
from app.records.values import clipped, nearest, shown
from src.data.features import Past, outward
from src.data.schema import Dataset
from src.support.errors import Fault

MOST_FAULTS = 20
LEAST_VALUES = 10_000  # objects and numbers that are read in search of faults
BLANK = b" \t\n\r"
KEY = re.compile(rb'"[ \t\n\r]*:')  # the end of each key, and of texts that have one within
REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, FieldError)


@dataclass(frozen=True)
class Decoded:
    """Records in the order of the features, None for what is missing; `many` if it was an array.

    Numbers are floats, even whole ones, categories and text are str, as in training. `ignored`
    holds the positions of records that included the target; `references` has the caller's own of
    each record, and is empty where none has one. `unsaid` has the windows of the past that each
    record does not speak of, by their places, and is empty where the dataset has none.
    """

    values: list[tuple[Any, ...]]
    many: bool
    ignored: tuple[int, ...] = ()
    references: tuple[str | None, ...] = ()
    unsaid: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class _Beside:
    """What stood beside the features of records, and how often each field of it did."""

    counts: tuple[int, ...] = ()
    ignored: tuple[int, ...] = ()
    references: tuple[str | None, ...] = ()


class Records:
    """The records of a dataset: at most `most` in a body, texts of at most `longest_text`."""

    def __init__(self, dataset: Dataset, *, most: int, longest_text: int) -> None:
        self.names = tuple(dataset.features)
        self.markers = dataset.markers
        self.written = dataset.written
        target = dataset.target.name
        # What is asked about may come with its truth, which is ignored; of labels it is a field.
        self.target = None if target in dataset.features else target
        # The caller's own name for what is asked; a dataset's column of this name goes before it.
        is_taken = self.target is None or references.is_column(dataset)
        self.reference = None if is_taken else Reference()
        self._dataset = dataset
        self._most = most
        self.by_name: Mapping[str, Field] = {
            name: fields.field(name, dataset, longest_text) for name in self.names
        }
        own = {} if self.reference is None else {references.NAME: self.reference}
        self._checked: dict[str, Field | Reference] = {**self.by_name, **own}
        self._reads = [
            (at, field.read or _as_is)
            for at, field in enumerate(self.by_name.values())
            if field.read or not field.required
        ]
        self.past = [
            at for at, one in enumerate(dataset.features.values()) if isinstance(one, Past)
        ]
        every = {name: outward(feature) for name, feature in dataset.features.items()}
        self._outward = [(name, convert) for name, convert in every.items() if convert is not None]
        self._needed = [name for name, field in self.by_name.items() if field.required]
        self._beside = self._fields_beside()
        self._quoted_beside = [f'"{name}"'.encode() for name in self._beside]
        self._type = self._struct({})
        self._type_beside = self._struct(self._beside)
        self._make_decoders()

    @property
    def warning(self) -> str:
        """Return the warning for a record that includes the target."""
        return f"{self.target} is ignored: it is what is predicted"

    def at_most(self, most: int) -> Records:
        """Return the same records with another limit for arrays."""
        other = copy.copy(self)
        other._most = most
        other._make_decoders()
        return other

    def decode(self, body: bytes) -> Decoded:
        """Decode one record or an array of them; raise Invalid if any is not valid."""
        decoded, refusal = self.quick(body)
        return self._explained(body, refusal) if decoded is None else decoded

    def quick(self, body: bytes) -> tuple[Decoded | None, Exception | None]:
        """Decode an ordinary body; return None and msgspec's reason, if any, otherwise."""
        many = body.lstrip(BLANK)[:1] == b"["
        has_beside = any(name in body for name in self._quoted_beside)
        decoder = (self._decoders_beside if has_beside else self._decoders)[many]
        if decoder is None:
            return None, None
        beside = _Beside()
        try:
            decoded = decoder.decode(body)
            values = list(map(msgspec.structs.astuple, decoded if many else [decoded]))
            if has_beside:
                values, beside = self._apart(values)
            keys = len(self.names) * len(values)
            unsaid = tuple(map(self._unsaid, values)) if self.past else ()
            if self._reads:
                keys -= sum(value is UNSET for record in values for value in record)
                values = [self._read(record) for record in values]
        except REFUSALS as error:
            return None, error
        # Of two equal keys msgspec takes the last. A text that looks like a key is told apart on
        # the other way.
        if _has_keys(body, keys + sum(beside.counts)):
            return Decoded(values, many, beside.ignored, beside.references, unsaid), None
        return None, None

    def parsed(self, body: bytes) -> Any:
        """Parse a body to one record or a list of them, unchecked; raise Invalid.

        There is at least one, there are not too many, and the body is JSON.
        """
        try:
            value = parse(body, max(LEAST_VALUES, 2 * self._most * (len(self.names) + 1)))
        except MalformedError as error:
            raise self._invalid([Fault(error.what, fix=error.fix)], code=error.code) from None
        except TooManyError:
            raise self._too_many("more values than so many can hold") from None
        self._check_count(value if isinstance(value, list) else [value])
        return value

    def taken(self, record: Any) -> tuple[Any, ...]:
        """Check one record that `parsed` returned; raise Invalid."""
        faults: list[Fault] = []
        values = self._check(record, None, self._needed, faults)
        if faults:
            raise self._invalid(faults)
        return tuple(values.get(name) for name in self.names)

    def has_target(self, record: Object) -> bool:
        """Tell whether a record includes the target, which is ignored."""
        return self.target is not None and self.target in dict(record.pairs)

    def as_object(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """Return a record by name, as JSON has its values."""
        record = dict(zip(self.names, values, strict=True))
        for name, convert in self._outward:
            if record[name] is not None:
                record[name] = convert(record[name])
        return record

    def encode(self, values: tuple[Any, ...]) -> bytes:
        """Write a record as JSON."""
        return msgspec.json.encode(self.as_object(values))

    def partial(self, value: Any, needed: Sequence[str]) -> dict[str, Any]:
        """Check an object that is decoded already, in which only `needed` must be given.

        Returns the features that were given, as the model would see them; raises Invalid.
        """
        whole = Object(list(value.items())) if isinstance(value, dict) else value
        faults: list[Fault] = []
        record = self._check(whole, None, needed, faults)
        if faults:
            raise self._invalid(faults)
        return record

    def fields(self) -> list[FieldDescription]:
        """Describe each feature for people."""
        return [field.description() for field in self.by_name.values()]

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of one record, which accepts what `decode` accepts."""
        properties = {name: field.schema() for name, field in self.by_name.items()}
        if self.target is not None:
            ignored = {"title": self.target, "description": "ignored: it is what is predicted"}
            properties[self.target] = ignored
        if self.reference is not None:
            properties[references.NAME] = self.reference.schema()
        return {
            **({"description": self._dataset.about} if self._dataset.about else {}),
            "type": "object",
            "properties": properties,
            "required": [name for name, field in self.by_name.items() if field.required],
            "additionalProperties": False,
        }

    def _fields_beside(self) -> dict[str, Any]:
        """Return msgspec's types of what may stand beside the features, by name."""
        beside: dict[str, Any] = {}
        if self.target is not None:
            # One that is nested goes the other way, which counts its values.
            beside[self.target] = str | float | bool
        if self.reference is not None:
            beside[references.NAME] = self.reference.wire
        return beside

    def _struct(self, beside: Mapping[str, Any]) -> Any:
        """Make msgspec's type of a record; what stands beside its features comes last.

        There is none where a feature has a name that msgspec cannot take.
        """
        members: list[Any] = [
            (f"f{at}", field.wire)
            if field.required
            else (f"f{at}", field.wire | None | UnsetType, UNSET)
            for at, field in enumerate(self.by_name.values())
        ]
        members += [
            (f"b{at}", wire | None | UnsetType, UNSET) for at, wire in enumerate(beside.values())
        ]
        names = {f"f{at}": name for at, name in enumerate(self.names)}
        names |= {f"b{at}": name for at, name in enumerate(beside)}
        try:
            return msgspec.defstruct(
                "Record",
                members,
                rename=names,
                forbid_unknown_fields=True,
                kw_only=True,
                gc=False,
            )
        except ValueError:
            return None

    def _make_decoders(self) -> None:
        """Make msgspec's decoders of one record and of an array."""
        self._decoders = self._decoders_of(self._type)
        self._decoders_beside = self._decoders_of(self._type_beside)

    def _decoders_of(self, record: Any) -> tuple[Any, Any]:
        if record is None:
            return None, None
        array = Annotated[list[record], Meta(min_length=1, max_length=self._most)]
        return msgspec.json.Decoder(record), msgspec.json.Decoder(array)

    def _apart(self, records: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], _Beside]:
        """Return records with their features alone, and what stood beside these."""
        many = len(self.names)
        targets, *others = zip(*(record[many:] for record in records), strict=True)
        places = tuple(at for at, value in enumerate(targets) if value is not UNSET)
        counts = [len(places)]
        own: tuple[str | None, ...] = ()
        if self.reference is not None:
            (asked,) = others
            own = references.of_records(
                self.reference.check(None if one is UNSET else one) for one in asked
            )
            counts.append(sum(one is not UNSET for one in asked))
        beside = _Beside(tuple(counts), places, own)
        return [record[:many] for record in records], beside

    def _unsaid(self, record: tuple[Any, ...]) -> tuple[int, ...]:
        """Return the places of the windows of the past that a record does not have."""
        return tuple(at for at in self.past if record[at] is UNSET)

    def _read(self, record: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(record)
        for at, read in self._reads:
            value = values[at]
            values[at] = read(None if value is UNSET else value)
        return tuple(values)

    def _explained(self, body: bytes, refusal: Exception | None) -> Decoded:
        """Decode a body slowly; raise Invalid with all its faults."""
        body_value = self.parsed(body)
        many = isinstance(body_value, list)
        records = body_value if many else [body_value]
        faults: list[Fault] = []
        values, own, unsaid = [], [], []
        for at, record in enumerate(records):
            checked = self._check(record, at if many else None, self._needed, faults)
            if len(faults) >= MOST_FAULTS:
                break
            values.append(tuple(checked.get(name) for name in self.names))
            own.append(checked.get(references.NAME) if self.reference is not None else None)
            unsaid.append(tuple(at for at in self.past if self.names[at] not in checked))
        if faults:
            raise self._invalid(faults)
        ignored = tuple(at for at, record in enumerate(records) if self.has_target(record))
        if refusal and not ignored:  # no body is known to come here
            raise self._invalid([Fault(f"The body is refused: {refusal}.")])
        told = tuple(unsaid) if self.past else ()
        return Decoded(values, many, ignored, references.of_records(own), told)

    def _check_count(self, records: list[Any]) -> None:
        if len(records) > self._most:
            raise self._too_many(str(len(records)))
        if not records:
            allowed = [f"1 to {self._most} records"]
            raise self._invalid([Fault("There is no record.", given="0", allowed=allowed)])

    def _too_many(self, given: str) -> Invalid:
        fault = Fault(
            "There are too many records.",
            given=given,
            allowed=[f"1 to {self._most} records"],
            fix="send them in parts",
        )
        return self._invalid([fault], code="too_many_records")

    def _invalid(self, faults: Sequence[Fault], *, code: str = "invalid_record") -> Invalid:
        return Invalid(faults[:MOST_FAULTS], self._dataset.name, code=code)

    def _check(
        self, record: Any, at: int | None, needed: Sequence[str], faults: list[Fault]
    ) -> dict[str, Any]:
        """Return a record's values by name, and append what is wrong to the faults."""
        if not isinstance(record, Object):
            what = f"The {self._dataset.noun} is not an object."
            allowed = ["an object of " + ", ".join(self.names)]
            faults.append(Fault(what, record=at, given=shown(record), allowed=allowed))
            return {}
        faults += itertools.islice(self._wrong_keys(record, at), MOST_FAULTS)
        cells = dict(record.pairs)
        checked = {}
        for name, field in self._checked.items():
            if name not in cells and name not in needed:
                continue
            try:
                checked[name] = field.check(cells.get(name))
            except FieldError as error:
                value = shown(cells[name]) if name in cells else None
                faults.append(
                    Fault(
                        f"{error.what}.",
                        record=at,
                        field=name,
                        given=value,
                        allowed=[field.allowed],
                        fix=error.fix,
                    )
                )
        return checked

    def _wrong_keys(self, record: Object, at: int | None) -> Iterator[Fault]:
        seen: set[str] = set()
        for key, value in record.pairs:
            name = clipped(key)
            if key not in self._checked and key != self.target:
                yield Fault(
                    f"There is no field '{name}'.",
                    record=at,
                    field=name,
                    given=shown(value),
                    allowed=list(self.names),
                    fix=nearest(name, self.names) or _unwrapped(value),
                )
            elif key in seen:
                yield Fault(
                    f"Duplicate field '{name}'.",
                    record=at,
                    field=name,
                    given=shown(value),
                    allowed=["each field once"],
                    fix="keep one",
                )
            seen.add(key)


def _unwrapped(value: Any) -> str | None:
    """Say how records are sent, where they come in an envelope, as other services want them."""
    if not isinstance(value, list | Object):
        return None
    return "send the record itself, or an array of records, with nothing around it"


def _has_keys(body: bytes, count: int) -> bool:
    """Tell whether a body has so many keys, if it is JSON: a text may make it say no, never yes."""
    colons = body.count(b":")
    return colons == count or (colons > count and len(KEY.findall(body)) == count)


def _as_is(value: Any) -> Any:
    return value
