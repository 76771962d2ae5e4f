"""Tables of keys: which there are, what each takes and its default are read from the structs.

What a key means stands in the table itself, is written by hand, and stays.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import inspect

from app.settings import PREFIX, Settings
from manual import takes
from manual.markdown import code, table
from src.config import configuration
from src.data import decide, features, rules, schema
from src.support.errors import UserError
from src.support.structs import Checked

STRUCTS: dict[str, type[Checked]] = {
    struct.__name__: struct
    for struct in (
        *(Settings, configuration.Params, configuration.Pair),
        *(schema.Dataset, schema.Target, features.Number, features.Integer, features.Category),
        *(features.Text, features.Date, features.Datetime, features.Time, features.Boolean),
        *(schema.Split, schema.Similar, rules.Gate, rules.Limits, rules.Retrain),
        *(rules.Review, rules.Promotion, rules.Trust),
        *(decide.Decide, decide.Costs, decide.Abstain),
        *(
            configuration.Model,
            configuration.Encoding,
            configuration.Words,
            configuration.Space,
            configuration.EarlyStopping,
        ),
        configuration.OptunaSearch,
    )
}
HEAD = ("key", "takes", "default", "meaning")
_TABLE = re.compile(r"<!-- keys: (?P<name>\w+) -->\n(?P<rows>(?:\|.*\n)*)")


def renewed(text: str) -> str:
    """Write the tables of a page anew, with the meanings that they have."""
    return _TABLE.sub(_table, text)


def _table(found: re.Match[str]) -> str:
    name, meanings = found["name"], _meanings(found["rows"])
    rows = [(code(key), *told, meanings.get(key, "")) for key, *told in _keys(STRUCTS[name])]
    for key in meanings.keys() - {row[0].strip("`") for row in rows}:
        raise UserError(
            f"'{key}' is no key of {name} any more; its meaning would be lost.",
            given=meanings[key],
            fix="take its line out of the table, or give it the key's new name",
        )
    return f"<!-- keys: {name} -->\n{table(HEAD, rows)}\n"


def _keys(struct: type[Checked]) -> list[tuple[str, str, str]]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    types = {field.encode_name: field.type for field in info.fields}
    return [
        (_shown(struct, field.encode_name), takes.taken(types[field.encode_name]), default)
        for field in msgspec.structs.fields(struct)
        for default in [takes.default(field)]
    ]


def _shown(struct: type[Checked], name: str) -> str:
    """Return the name that a person types; a setting's is a variable of the environment."""
    if struct is not Settings:
        return name
    return name.upper() if name == "database_url" else f"{PREFIX}{name.upper()}"


def _meanings(rows: str) -> dict[str, str]:
    """Read the last column of a table by its first."""
    found = {}
    for line in rows.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[0].startswith("`"):
            found[cells[0].strip("`")] = cells[-1]
    return found
