"""Read a Dockerfile: its stages and their instructions, as far as ours uses the language."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

KNOWN = (
    *("FROM", "ARG", "ENV", "LABEL", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE"),
    *("STOPSIGNAL", "HEALTHCHECK", "CMD"),
)
FLAGS = {
    "COPY": {"from", "link"},
    "RUN": {"mount"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
}


class DockerfileError(ValueError):
    """What is written cannot be played, or is not a Dockerfile."""


@dataclass(frozen=True)
class Instruction:
    """One instruction: `words` of a list or of its exec form, `text` as it is written."""

    name: str
    flags: dict[str, str]
    text: str
    is_exec: bool
    words: list[str]

    def __str__(self) -> str:
        return f"{self.name} {self.text}"


@dataclass(frozen=True)
class Stage:
    """What stands between one FROM and the next."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def last(self, name: str) -> Instruction | None:
        """Return the last instruction of a name, which is the one that counts."""
        found = [one for one in self.instructions if one.name == name]
        return found[-1] if found else None


def read(text: str) -> list[Stage]:
    """Read the stages in their order; raise DockerfileError for what we could not play."""
    stages: list[Stage] = []
    for line in _lines(text):
        instruction = _instruction(line)
        if instruction.name == "FROM":
            stages.append(_stage(instruction, len(stages)))
        elif not stages:
            raise DockerfileError(f"before the first FROM: {line}")
        else:
            stages[-1].instructions.append(instruction)
    if not stages:
        raise DockerfileError("there is no FROM")
    return stages


def needed(stages: list[Stage], target: str) -> list[Stage]:
    """Return the stages that a target is made from, in their order, itself at the end."""
    known = {stage.name: stage for stage in stages}
    if target not in known:
        raise DockerfileError(f"no stage is called {target}; there are: {', '.join(known)}")
    names, waiting = {target}, [known[target]]
    while waiting:
        stage = waiting.pop()
        sources = {stage.base, *(one.flags.get("from", "") for one in stage.instructions)}
        fresh = (sources & known.keys()) - names
        names |= fresh
        waiting += [known[name] for name in fresh]
    return [stage for stage in stages if stage.name in names]


def _lines(text: str) -> list[str]:
    """Join what a backslash continues; comments may stand between."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n\s*", " ", "\n".join(kept))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _instruction(line: str) -> Instruction:
    name, _, rest = line.partition(" ")
    if name not in KNOWN:
        raise DockerfileError(f"{name} is not an instruction that we can play: {line}")
    flags, text = _flags(name, rest.strip())
    shown = text
    if name == "HEALTHCHECK":
        kind, _, shown = text.partition(" ")
        if kind != "CMD":
            raise DockerfileError(f"a health check is a CMD: {line}")
    is_exec, words = _words(shown.strip())
    return Instruction(name, flags, text, is_exec, words)


def _flags(name: str, rest: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    while found := re.match(r"--([a-z-]+)(?:=(\S+))?\s+", rest):
        flag, value = found.groups()
        if flag not in FLAGS.get(name, set()) or flag in flags:
            raise DockerfileError(f"{name} --{flag} is not what we can play")
        flags[flag] = value or ""
        rest = rest[found.end() :]
    return flags, rest


def _words(text: str) -> tuple[bool, list[str]]:
    """Return whether it is the exec form (a JSON array of texts), and the words."""
    if text.startswith("["):
        try:
            words = json.loads(text)
        except ValueError as error:
            # Docker would take it for a shell's words, and start a shell.
            raise DockerfileError(f"this is no JSON array: {text}") from error
        if not all(isinstance(word, str) for word in words):
            raise DockerfileError(f"these are not texts: {text}")
        return True, words
    return False, shlex.split(text)


def _stage(instruction: Instruction, at: int) -> Stage:
    match instruction.words:
        case [base]:
            return Stage(str(at), base)
        case [base, "AS", name]:
            return Stage(name, base)
    raise DockerfileError(f"not a stage: {instruction}")
