"""Compose conf/ with overrides by Hydra, and convert its errors to UserErrors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    GrammarParseError,
    InterpolationResolutionError,
    OmegaConfBaseException,
)

from src.config import configuration, members
from src.support.errors import UserError, did_you_mean, unknown

GROUPS = ("dataset", "model", "search", "dataset_model")
_VALUE_OVERRIDE = re.compile(r"^(?P<key>[A-Za-z_][\w.]*)=")

_WITH_BLANKS = re.compile(r"\s*[+~]{0,2}[A-Za-z_]\w*(?:\s*\.\s*\w+)*\s*=\s*(?=\S)")


def prepare() -> None:
    """Check params.yaml, and let `${params:key}` refer to its keys."""
    configuration.find_root()
    params = configuration.read_params()
    OmegaConf.register_new_resolver("params", lambda key: getattr(params, key), replace=True)


def open_override(word: str) -> str:
    """Let `key=value` set a key that the YAML leaves out.

    Hydra would refuse it without listing the choices; with ++ it leaves the check to us. Blanks
    around `=` and around the dots of a key do not count.
    """
    before = _WITH_BLANKS.match(word)
    if before is not None:
        word = re.sub(r"\s+", "", before[0]) + word[before.end() :]
    if word.startswith("dataset_model="):
        raise UserError(
            "What differs for a pair is found by the names of the two.",
            given=word,
            fix="dataset=... model=...",
        )
    group = word.removesuffix("=")
    if word.endswith("=") and group in GROUPS:
        raise unknown(group, "", configuration.choices(group))
    match = _VALUE_OVERRIDE.match(word)
    if match is None or match["key"] in GROUPS or match["key"].split(".")[0] == "hydra":
        return word
    return f"++{word}"


def complete(
    words: list[str], groups: tuple[str, ...] = ("dataset", "model", "search")
) -> list[str]:
    """Add the choices of params.yaml that a command line leaves out.

    conf/dataset_model is chosen by `${dataset}_${model}`, and Hydra resolves that only from
    explicit choices. They go before the first override, since argparse wants all overrides side by
    side, whether -m comes before or after them. Without an override they come first, because an
    option such as --info would take what follows it as its value.
    """
    params = configuration.read_params()
    chosen = {word.split("=")[0] for word in words}
    added = [f"{group}={getattr(params, group)}" for group in groups if group not in chosen]
    is_override = ["=" in word and not word.startswith("-") for word in words]
    at = is_override.index(True) if True in is_override else 0
    return [*words[:at], *added, *words[at:]]


def compose(overrides: list[str]) -> dict[str, Any]:
    """Compose conf/config.yaml with overrides, outside of any command line."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    words = complete([open_override(word) for word in overrides])
    chosen = dict(word.split("=", 1) for word in words if word.split("=")[0] in GROUPS)
    with errors(), initialize_config_dir(str(configuration.CONF.resolve()), version_base="1.3"):
        return plain(hydra_compose("config", overrides=words), chosen)


def plain(composed: DictConfig, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Convert composed configuration to plain dicts and lists.

    `chosen` holds the file chosen from each group. Raises UserError if its `name` is that of
    another file, whose results it would overwrite.
    """
    values = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(values, dict)
    for group in ("dataset", "model"):
        group_values = values.get(group)
        name = group_values.get("name") if isinstance(group_values, dict) else None
        if group in chosen and name is not None and name != chosen[group]:
            raise UserError(
                f"The {group} in conf/{group}/{chosen[group]}.yaml has another name.",
                given=f"name: {name}",
                choices=[f"name: {chosen[group]}"],
            )
    named = {str(key): value for key, value in values.items()}
    return members.complete(named, lambda model: _member(model, chosen))


def _member(model: str, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Compose the model of a blend's member for the dataset that is chosen."""
    from hydra import compose as hydra_compose

    words = [f"dataset={chosen['dataset']}", f"model={model}", "search=none"]
    values = plain(hydra_compose("config", overrides=words), {"model": model})
    own: dict[str, Any] = values["model"]
    return own


@contextmanager
def errors() -> Iterator[None]:
    """Convert the errors of Hydra and OmegaConf to UserErrors."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException

    try:
        yield
    except MissingConfigException as error:
        raise _missing(error) from None
    except OverrideParseException as error:
        raise UserError(
            "This is not an override.",
            given=error.override.removeprefix("++"),
            choices=["group=name", "key=value", "key=[a,b]", "-m key=a,b"],
            fix="quote what holds spaces, commas or brackets: 'key=\"a, b\"'",
        ) from None
    except (InterpolationResolutionError, GrammarParseError) as error:
        raise _unresolved(error) from None
    except (HydraException, OmegaConfBaseException) as error:
        if isinstance(error.__cause__, GrammarParseError):  # Hydra's own says nothing
            raise _unresolved(error.__cause__) from None
        if str(error).startswith("Ambiguous value"):
            raise _sweep(str(error)) from None
        raise UserError(str(error).strip().replace("\n", "\n  ")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError("A file in conf/ is not valid YAML.", given=error) from None


def _sweep(text: str) -> UserError:
    """Return the error for several values of a key where one run was asked for."""
    found = re.search(r"argument '(?:\+\+)?(.*)'$", text.partition("\n")[0])
    given = found[1] if found else text
    key, _, values = given.partition("=")
    return UserError(
        "Several values with commas are several runs, and -m is needed for them.",
        given=given,
        choices=[
            f"-m {key}={values}",
            f"'{key}=[{values}]', a list",
            f"{key}='\"{values}\"', a text",
        ],
        fix=f"add -m for a run of each: -m {key}={values}",
    )


def _unresolved(error: OmegaConfBaseException) -> UserError:
    """Return the error for a value in which ${...} refers to nothing."""
    text = error.child_node if error.value is None else error.value
    reason = str(error.msg).partition("\n")[0]
    return UserError(
        f"'{error.full_key}' has a ${{...}} that refers to nothing: {reason}.",
        given=text,
        choices=["${key}, the value of another key", "\\${, which stays ${"],
        fix="where it is text write \\${ for ${, in single quotes or none",
    )


def _missing(error: Any) -> UserError:
    missing = str(error.missing_cfg_file or "")
    group, _, name = missing.partition("/")
    if not name or not (configuration.CONF / group).is_dir():
        return UserError(str(error).strip().replace("\n", "\n  "))
    names = configuration.choices(group)
    add = f"add {Path('conf') / group / name}.yaml"
    if group == "dataset":
        add += f": python -m src.describe name={name} source=<file> target=<column> writes one"
    return UserError(
        f"Unknown {group} '{name}'.",
        choices=names,
        fix=did_you_mean(name, names) or add,
    )
