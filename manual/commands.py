"""The page of commands: what each says of itself, read without running it."""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import yaml

from manual.markdown import GENERATED, code, table
from src.checked import Checked

HYDRA = {"train": "config", "ingest": "ingest"}  # command -> the file that has its help
HEAD = f"""# Commands

{GENERATED}

All of them are typed in the project's folder. `python -m src.<name>` work on the project's files,
`python -m app.<name>` on the service's database, `python -m benchmarks.<name>` measure. Errors say
what was wrong, what is allowed and what to do; nothing is done by halves.
"""


def page(root: Path) -> str:
    """Write the page."""
    parts = [HEAD, "## make", _targets((root / "Makefile").read_text(encoding="utf-8"))]
    for package, tell in (("src", _of_pipeline), ("app", _of_service), ("benchmarks", _measuring)):
        for path in sorted((root / package).glob("*.py")):
            source = path.read_text(encoding="utf-8")
            if '__name__ == "__main__"' in source:
                parts += [f"## python -m {package}.{path.stem}", tell(root, path.stem, source)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _targets(makefile: str) -> str:
    found = re.findall(r"^([a-z-]+):.*?## (.*)$", makefile, re.MULTILINE)
    return table(["target", ""], [(code(f"make {name}"), about) for name, about in found])


def _of_pipeline(root: Path, name: str, _source: str) -> str:
    """Tell of a command of the pipeline by its parser, or by what Hydra shows as its help."""
    if name in HYDRA:
        values = yaml.safe_load((root / f"conf/{HYDRA[name]}.yaml").read_text(encoding="utf-8"))
        told = values["hydra"]["help"]["template"].partition("== Choices ==")[0]
        keys = ", ".join(code(f"{key}={_plain(values[key])}") for key in _own_keys(values))
        more = f"\n\nKeys beside those of the [configuration](configuration.md): {keys}."
        return _described(told) + (more if keys else "")
    parser = _parser(f"src.{name}")
    parts = [_described(parser.description or ""), _arguments(parser)]
    if parser.epilog:
        parts.append(f"```text\n{parser.epilog.strip()}\n```")
    return "\n\n".join(filter(None, parts))


def _own_keys(values: dict[str, Any]) -> list[str]:
    return [
        key for key, value in values.items() if key not in ("defaults", "hydra", "seed", "folds")
    ]


def _plain(value: Any) -> str:
    return "null" if value is None else str(value)


class _Met(Exception):
    """The command's parser, before it reads anything."""


def _parser(module: str) -> argparse.ArgumentParser:
    """Run a command as far as its parser."""

    def stop(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        raise _Met(parser)

    main = import_module(module).main
    with mock.patch.object(argparse.ArgumentParser, "parse_args", stop):
        try:
            main()
        except _Met as met:
            parser: argparse.ArgumentParser = met.args[0]
            return parser
    raise AssertionError(f"{module} reads no command line")


def _arguments(parser: argparse.ArgumentParser) -> str:
    rows = []
    for action in parser._actions:
        if action.dest == "help":
            continue
        name = ", ".join(action.option_strings) or action.metavar or action.dest
        is_value = action.option_strings and action.nargs != 0
        default = action.default if is_value and action.default is not None else ""
        rows.append((code(str(name)), str(default), action.help or ""))
    return table(["argument", "default", ""], rows) if rows else ""


def _of_service(_root: Path, name: str, source: str) -> str:
    """Tell of a command of the service by its words, which are fields of structs."""
    module = import_module(f"app.{name}")
    structs = {
        kind.__name__.lower(): kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Checked)
        and kind.__module__ == module.__name__
    }
    rows = []
    for action in getattr(module, "ACTIONS", [""] if structs else []):
        # What 'list' asks for is read into a struct named Listed.
        kind = next((one for known, one in structs.items() if known.startswith(action)), None)
        fields = msgspec.structs.fields(kind) if kind else ()
        rows.append((code(action), " ".join(map(_word, fields)), _first(kind) if kind else ""))
    told = table(["action", "words", ""], rows) if rows else ""
    return "\n\n".join(filter(None, [_described(_docstring(source)), told]))


def _word(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return code(f"{field.name}=<{field.name}>")
    default = field.default
    given = {None: f"<{field.name}>", "": f"<{field.name}>", False: "false"}.get(default, default)
    return f"[{code(f'{field.name}={given}')}]"


def _first(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n\n")[0]


def _measuring(_root: Path, _name: str, source: str) -> str:
    return _described(_docstring(source))


def _docstring(source: str) -> str:
    return ast.get_docstring(ast.parse(source)) or ""


def _described(text: str) -> str:
    """Write a help text: its first paragraph as prose, what is set out below it as it stands."""
    first, _, rest = text.strip().partition("\n\n")
    first = re.sub(r"<(?=[a-z])", r"\<", first) if "python -m" not in first else first
    first = re.sub(r": (python -m [^:]*?)\.?$", r": `\1`", " ".join(first.split()))
    return f"{first}\n\n```text\n{textwrap.dedent(rest).strip()}\n```" if rest.strip() else first
