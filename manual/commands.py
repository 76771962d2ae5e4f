"""The page of commands: what each says of itself, read without running it."""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from app import __main__ as service
from app.store.opening import PROGRAM, Parser
from manual.markdown import GENERATED, code, table

HYDRA = {"train": "config", "ingest": "ingest"}  # command -> the file that has its help
HEAD = f"""# Commands

{GENERATED}

All of them are typed in the project's folder. `python -m src.<name>` work on the project's files,
`{PROGRAM} <noun>` on the service's database, `python -m benchmarks.<name>` measure; `--help` says
more after each word. Errors say what was wrong, what is allowed and what to do; nothing is done by
halves.
"""


def page(root: Path) -> str:
    """Write the page."""
    parts = [HEAD, "## make", _targets((root / "Makefile").read_text(encoding="utf-8"))]
    for name, _ in _commands(root, "src"):
        parts += [f"## python -m src.{name}", _of_pipeline(root, name)]
    parts += _of_service()
    for name, source in _commands(root, "benchmarks"):
        parts += [f"## python -m benchmarks.{name}", _described(_docstring(source))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _commands(root: Path, package: str) -> Iterator[tuple[str, str]]:
    """Find the modules of a package that can be run, with their source."""
    for path in sorted((root / package).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if '__name__ == "__main__"' in source:
            yield path.stem, source


def _targets(makefile: str) -> str:
    found = re.findall(r"^([a-z-]+):.*?## (.*)$", makefile, re.MULTILINE)
    return table(["target", ""], [(code(f"make {name}"), about) for name, about in found])


def _of_pipeline(root: Path, name: str) -> str:
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
    rows = _rows(parser)
    return table(["argument", "default", ""], rows) if rows else ""


def _rows(parser: argparse.ArgumentParser) -> list[tuple[str, str, str]]:
    rows = []
    for action in parser._actions:
        if action.dest == "help":
            continue
        name = ", ".join(action.option_strings) or action.metavar or action.dest
        is_value = action.option_strings and action.nargs != 0
        default = action.default if is_value and action.default is not None else ""
        rows.append((code(str(name)), str(default), action.help or ""))
    return rows


def _of_service() -> list[str]:
    """Tell of the service's commands by their parsers."""
    parts = []
    for noun, (module, about, example) in service.NOUNS.items():
        parser = Parser(about=about, example=example, prog=f"{PROGRAM} {noun}")
        import_module(module).add_arguments(parser)
        verbs = _verbs(parser)
        examples = [_example(verb) for verb in verbs.values()] or [_example(parser)]
        parts += [
            f"## {parser.prog}",
            parser.description or "",
            _words(verbs) if verbs else _arguments(parser),
            "\n".join(["```text", *examples, "```"]),
        ]
    return parts


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    return next(found, {})


def _words(verbs: dict[str, argparse.ArgumentParser]) -> str:
    rows = []
    for name, verb in verbs.items():
        rows.append((code(name), "", "", verb.description or ""))
        rows += [("", *row) for row in _rows(verb)]
    return table(["verb", "argument", "default", ""], rows)


def _example(parser: argparse.ArgumentParser) -> str:
    return (parser.epilog or "").rpartition("\n")[2].strip()


def _docstring(source: str) -> str:
    return ast.get_docstring(ast.parse(source)) or ""


def _described(text: str) -> str:
    """Write a help text: its first paragraph as prose, what is set out below it as it stands."""
    first, _, rest = text.strip().partition("\n\n")
    first = re.sub(r"<(?=[a-z])", r"\<", first) if "python -m" not in first else first
    first = re.sub(r": (python -m [^:]*?)\.?$", r": `\1`", " ".join(first.split()))
    return f"{first}\n\n```text\n{textwrap.dedent(rest).strip()}\n```" if rest.strip() else first
