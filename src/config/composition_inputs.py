"""The files that a composition of conf/ reads, and a key for their content."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from src.config import configuration as configs

FORMAT = 1  # of what is kept under a key
LIBRARIES = ("hydra-core", "omegaconf", "pyyaml")
CONFIG = configs.CONF / "config.yaml"
GROUPS = ("dataset", "model", "search")
MORE = {"defaults", "members"}  # keys that name other files: of Hydra, and of a blend
COMPOSERS = ("src.config.composition", "src.config.members")

_NAME = re.compile(r"[\w-]+")
_VALUE = re.compile(r"(?!hydra\b)[A-Za-z_][\w.]*=[^$]*")  # without a reference to anything
_PAIR = "${dataset}_${model}"
# What else a reference may ask is no file's: the environment, the time, the folder.
_REFERENCE = re.compile(r"\$\{(params:\w+|(?!hydra\b)[\w.]+)\}")


@dataclass(frozen=True)
class Inputs:
    """The overrides of a composition, and a snapshot of the files that it may read."""

    words: tuple[str, ...]
    files: dict[str, bytes | None]  # None where there is none
    stamps: dict[str, tuple[int, ...]]  # a file that was replaced by an equal one has another
    is_all: bool  # of conf/, and not only what the words name

    def key(self) -> str:
        """Return a key for these overrides, these bytes and the code that composes them."""
        contents = [
            [name, None if data is None else hashlib.sha256(data).hexdigest()]
            for name, data in sorted(self.files.items())
        ]
        return hashlib.sha256(json.dumps([_code(), self.words, contents]).encode()).hexdigest()

    def is_complete(self) -> bool:
        """Tell whether no other file is read, since none has a defaults list, or members."""
        others = [data for name, data in self.files.items() if name != str(CONFIG)]
        return _asks_for_groups_only(self.files.get(str(CONFIG))) and not any(
            MORE & _scalars(data) for data in others
        )

    def is_constant(self) -> bool:
        """Tell whether the files alone determine what they compose to."""
        return not any(
            scalar == "searchpath" or len(_REFERENCE.findall(scalar)) != scalar.count("${")
            for data in self.files.values()
            for scalar in _scalars(data)
        )

    def is_current(self) -> bool:
        """Tell whether the files are unchanged since they were read."""
        return self == (everything if self.is_all else chosen)(self.words)


def chosen(words: Iterable[str]) -> Inputs | None:
    """Read the files that the overrides choose; None if only Hydra can tell which they are."""
    words = tuple(words)
    names = _choices(words)
    if names is None:
        return None
    pair = f"{names['dataset']}_{names['model']}"
    named = [*names.items(), ("dataset_model", pair)]
    files = [configs.CONF / group / f"{name}.yaml" for group, name in named]
    hydras = (configs.CONF / "hydra").rglob("*.yaml")  # they come before Hydra's own
    return _read(words, [configs.PARAMS, CONFIG, *files, *hydras], is_all=False)


def everything(words: Iterable[str]) -> Inputs | None:
    """Read all of conf/, for overrides that `chosen` understands."""
    words = tuple(words)
    if _choices(words) is None:
        return None
    return _read(words, [configs.PARAMS, *configs.CONF.rglob("*.yaml")], is_all=True)


def basis(words: Iterable[str]) -> Inputs | None:
    """Return the inputs that determine the composition; None if it depends on more than bytes."""
    try:
        inputs = chosen(words)
        if inputs is not None and not inputs.is_complete():
            inputs = everything(words)
        return inputs if inputs is not None and inputs.is_constant() else None
    except (yaml.YAMLError, ValueError):  # whoever composes says what is wrong
        return None


def _choices(words: tuple[str, ...]) -> dict[str, str] | None:
    """Return the file chosen from each group; None if the overrides do anything else."""
    names: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key in GROUPS and key not in names and _NAME.fullmatch(value):
            names[key] = value
        elif key in GROUPS or not _VALUE.fullmatch(word):
            return None
    return names if len(names) == len(GROUPS) else None


def _read(words: tuple[str, ...], paths: Iterable[Path], *, is_all: bool) -> Inputs | None:
    files: dict[str, bytes | None] = {}
    stamps: dict[str, tuple[int, ...]] = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                files[str(path)] = file.read()
        except FileNotFoundError:
            files[str(path)] = None
        except OSError:  # whoever composes says what is wrong with it
            return None
        else:
            stamps[str(path)] = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return Inputs(words, files, stamps, is_all)


@functools.cache
def _code() -> list[str]:
    """Return a key of the code and libraries that compose."""
    # They are not imported, for that takes a while.
    digest = hashlib.sha256()
    for name in COMPOSERS:
        composer = importlib.util.find_spec(name)
        assert composer is not None
        assert composer.origin is not None
        digest.update(Path(composer.origin).read_bytes())
    return [str(FORMAT), digest.hexdigest(), *(metadata.version(library) for library in LIBRARIES)]


@functools.lru_cache(maxsize=64)
def _scalars(data: bytes | None) -> frozenset[str]:
    """Return every key and value of a YAML file as text."""
    events = yaml.parse(data or b"", Loader=yaml.SafeLoader)
    return frozenset(event.value for event in events if isinstance(event, yaml.ScalarEvent))


def _asks_for_groups_only(config: bytes | None) -> bool:
    """Tell whether the defaults of conf/config.yaml name the files of `chosen` and no others."""
    values: Any = yaml.safe_load(config or b"")
    defaults = values.get("defaults") if isinstance(values, dict) else None
    return isinstance(defaults, list) and all(_is_plain(default) for default in defaults)


def _is_plain(default: Any) -> bool:
    if not isinstance(default, dict) or len(default) != 1:
        return bool(default == "_self_")
    ((key, value),) = default.items()
    if key == "optional dataset_model":
        return bool(value == _PAIR)
    is_known = key in GROUPS or re.fullmatch(r"override hydra/\w+", str(key)) is not None
    return is_known and isinstance(value, str) and _NAME.fullmatch(value) is not None
