"""What a key takes, in words."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, inspect

from manual import takes


class Inner(msgspec.Struct, frozen=True):
    depth: int = 0


class Keys(msgspec.Struct):
    needed: str
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.5
    many: list[str] = []
    odd: Literal["\t", ","] = ","
    some: int | float | None = None
    inner: Inner = Inner()
    by_name: dict[str, Inner] = {}
    pair: tuple[int, bool] = (1, True)
    marks: tuple[str, ...] = ("", "NA")


TOLD = {
    "needed": ("text", "*needed*"),
    "share": ("a number at least 0 and below 1", "`0.5`"),
    "many": ("a list of text", "none"),
    "odd": ("`\\t` or `,`", "`,`"),
    "some": ("a number", "none"),
    "inner": ("keys, see below", "see below"),
    "by_name": ("names, each with keys, see below", "none"),
    "pair": ("a list of 2: a whole number, `true` or `false`", "`1`, `true`"),
    "marks": ("a list of text", "empty, `NA`"),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_key_is_told(name: str) -> None:
    info = inspect.type_info(Keys)
    assert isinstance(info, inspect.StructType)
    (kind,) = [field.type for field in info.fields if field.name == name]
    (field,) = [field for field in msgspec.structs.fields(Keys) if field.name == name]
    assert (takes.taken(kind), takes.default(field)) == TOLD[name]


@pytest.mark.parametrize(
    ("limit", "words"), [(0, "0"), (0.0, "0"), (2.5, "2.5"), (1e7, "10000000")]
)
def test_a_limit_is_spelt_one_way(limit: float, words: str) -> None:
    found = takes.taken(inspect.FloatType(gt=limit, ge=None, lt=None, le=None, multiple_of=None))
    assert found == f"a number above {words}"
