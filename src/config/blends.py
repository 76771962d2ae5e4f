"""What a blend's own keys have to be, beside what holds for its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from src.support.errors import UserError, unknown

if TYPE_CHECKING:  # which checks a blend by this module
    from src.config.configuration import Config, Model

KEY = "members"
LEAST = 2
# Keys that are an estimator's; of a blend each member has its own.
OF_ESTIMATORS = ("estimator", "params", "encoding", "drop", "target_transform", "average",
                 "early_stopping", "space")  # fmt: skip


def check(config: Config) -> None:
    """Raise UserError where a model that is one has a blend's keys, or a blend those of one."""
    model = config.model
    if not model.members:
        if model.each or model.recipes:
            raise UserError(
                f"The model '{model.name}' is no blend, and has no members.",
                given="each" if model.each else "recipes",
                fix="add members, the names of two models or more",
            )
        return
    _check_keys(model)
    names = of_task(model.members, config.dataset.task)
    if len(names) < LEAST:
        raise UserError(
            f"The blend '{model.name}' needs {LEAST} members or more.",
            given=", ".join(names),
            fix=f"{key(model, config.dataset.task)}=[...]; or model=<name>, for one alone",
        )
    if len(set(names)) < len(names):
        raise UserError(f"The blend '{model.name}' has a member twice.", given=", ".join(names))
    every = [one for task in _lists(model) for one in task]
    for name in model.each:
        if name not in every:
            raise unknown("member", name, dict.fromkeys(every), of=f"each of '{model.name}'")
    if [recipe.name for recipe in model.recipes] != names:
        raise UserError(
            f"The members of the blend '{model.name}' are not composed.",
            given=", ".join(names),
            fix="leave out model.recipes: it is what members name in conf/model",
        )
    if getattr(config.search, "trials", 0):
        raise UserError(
            f"The blend '{model.name}' has nothing to search: its members have.",
            given="search=optuna",
            fix=f"search=none; or search for a member by itself (model={names[0]} search=optuna) "
            f"and set what is found for it: model.each.{names[0]}.params.<name>=<value>",
        )


def of_task(members: Any, task: str) -> list[str]:
    """Return the names of the members for a task, from what a YAML says that may be anything."""
    named = members.get(task) if isinstance(members, dict) else members
    return [str(name) for name in named] if isinstance(named, list) else []


def key(model: Model, task: str) -> str:
    """Return the key that says the members for a task."""
    return f"model.{KEY}.{task}" if isinstance(model.members, dict) else f"model.{KEY}"


def _lists(model: Model) -> list[list[str]]:
    return list(model.members.values()) if isinstance(model.members, dict) else [model.members]


def _check_keys(model: Model) -> None:
    plain = type(model)(name=model.name, complexity=model.complexity)
    for key in OF_ESTIMATORS:
        if getattr(model, key) != getattr(plain, key):
            raise UserError(
                f"The blend '{model.name}' takes no {key}: each of its members has its own.",
                fix=f"model.each.<member>.{key}, with a member of {_spoken(model)}",
            )


def _spoken(model: Model) -> str:
    return ", ".join(dict.fromkeys(name for names in _lists(model) for name in names))
