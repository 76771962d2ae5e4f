"""Play a Dockerfile without a container engine: each stage becomes a folder, made by chroot."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.container import chroots
from tests.container.chroots import Bind, Cell
from tests.container.ignored import Ignored
from tests.container.reader import DockerfileError, Instruction, Stage, needed, read

# What an engine gives a container that says nothing of its own.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How a name in the host's network is found, as an engine tells every container.
NAMES = [Bind(Path(f"/etc/{name}"), f"/etc/{name}") for name in ("resolv.conf", "hosts")]


@dataclass(frozen=True)
class Image:
    """A root file system, and what is known of how to run it."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"
    user: str = "0:0"
    arguments: dict[str, str] = field(default_factory=dict)  # of the stage alone
    labels: dict[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    stop: str = "SIGTERM"

    def inside(self, path: str) -> Path:
        """Return where a path of the image is outside; relative ones begin at its folder."""
        return self.root / str(Path(self.folder) / path).lstrip("/")


@dataclass
class Builder:
    """Make images: `context` is the project, `secrets` what `--secret id=,src=` would name."""

    context: Path
    work: Path
    secrets: Mapping[str, Path] = field(default_factory=dict)
    places: Sequence[Bind] = ()  # of this machine, that the secrets speak of
    seconds: list[tuple[str, float]] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)

    def build(self, target: str, **arguments: str) -> Image:
        """Make a stage and all that it needs; what is made already is not made again."""
        self._arguments = arguments
        self._ignored = Ignored((self.context / ".dockerignore").read_text(encoding="utf-8"))
        stages = read((self.context / "Dockerfile").read_text(encoding="utf-8"))
        for stage in needed(stages, target):
            if stage.name not in self.images:
                self.images[stage.name] = self._stage(stage)
        return self.images[target]

    def _stage(self, stage: Stage) -> Image:
        base = self._base(stage.base)
        began = time.monotonic()
        image = replace(base, root=self.work / stage.name, arguments={})
        # With owners and devices, which Python's own copy leaves out.
        subprocess.run(["cp", "--archive", str(base.root), str(image.root)], check=True)
        self._note(f"{stage.name}: FROM {stage.base}", began)
        for instruction in stage.instructions:
            began = time.monotonic()
            image = getattr(self, f"_{instruction.name.lower()}")(image, instruction)
            self._note(f"{stage.name}: {instruction}", began)
        return image

    def _base(self, name: str) -> Image:
        """Return an earlier stage, or what is known outside: a slim Debian."""
        if name not in self.images:
            found = re.fullmatch(r"debian:([a-z]+)-slim", name)
            if found is None:
                raise DockerfileError(f"we can only begin with debian:<release>-slim, not {name}")
            began = time.monotonic()
            root = self.work / found[0].replace(":", "-")
            chroots.bootstrap(root, found[1])
            self.images[name] = Image(root)
            self._note(f"{name}: debootstrap", began)
        return self.images[name]

    def _note(self, what: str, began: float) -> None:
        self.seconds.append((what[:100], time.monotonic() - began))

    def _run(self, image: Image, instruction: Instruction) -> Image:
        binds = [*NAMES, *self._secrets(instruction)]
        cell = Cell(image.root, binds, is_writable=True)
        shell = ["/bin/sh", "-c", instruction.text]
        words = instruction.words if instruction.is_exec else shell
        known = {**chroots.environment(), **image.arguments, **image.environment}
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}  # there is nobody to ask
        started = cell.start(words, {**quiet, **known}, image.folder, image.user, subprocess.PIPE)
        said, _ = started.communicate()
        if started.returncode:
            text = said.decode(errors="replace")[-4000:]
            raise RuntimeError(f"{instruction}\nended with {started.returncode}:\n{text}")
        return image

    def _secrets(self, instruction: Instruction) -> list[Bind]:
        if "mount" not in instruction.flags:
            return []
        mount = dict(part.split("=", 1) for part in instruction.flags["mount"].split(","))
        if mount.pop("type") != "secret" or mount.keys() != {"id", "target"}:
            raise DockerfileError(f"not a mount that we can play: {instruction.flags['mount']}")
        if mount["id"] not in self.secrets:
            return []  # an engine leaves out what it was not given
        return [Bind(self.secrets[mount["id"]], mount["target"]), *self.places]

    def _copy(self, image: Image, instruction: Instruction) -> Image:
        *sources, target = instruction.words
        place = image.inside(target)
        origin = instruction.flags.get("from")
        for source in sources:
            if origin is not None:
                _copy(self.images[origin].inside(source), place, target, ignored=None)
            else:
                _copy(self.context / source, place, target, self._ignored, self.context)
        return image

    def _workdir(self, image: Image, instruction: Instruction) -> Image:
        place = image.inside(instruction.text)
        place.mkdir(parents=True, exist_ok=True)
        return replace(image, folder=f"/{place.relative_to(image.root)}")

    def _arg(self, image: Image, instruction: Instruction) -> Image:
        name, _, default = instruction.text.partition("=")
        value = self._arguments.get(name, default)
        return replace(image, arguments={**image.arguments, name: value})

    def _env(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, environment={**image.environment, **_pairs(image, instruction)})

    def _label(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, labels={**image.labels, **_pairs(image, instruction)})

    def _user(self, image: Image, instruction: Instruction) -> Image:
        if not re.fullmatch(r"\d+:\d+", instruction.text):
            raise DockerfileError(f"a user is two numbers here: {instruction}")
        return replace(image, user=instruction.text)

    def _volume(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, volumes=(*image.volumes, *_exec(instruction)))

    def _expose(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, ports=(*image.ports, *instruction.words))

    def _stopsignal(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, stop=instruction.text)

    def _healthcheck(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, check=_exec(instruction))

    def _cmd(self, image: Image, instruction: Instruction) -> Image:
        return replace(image, command=_exec(instruction))


def _exec(instruction: Instruction) -> tuple[str, ...]:
    if not instruction.is_exec:
        raise DockerfileError(f"the exec form is what we can play: {instruction}")
    return tuple(instruction.words)


def _pairs(image: Image, instruction: Instruction) -> dict[str, str]:
    """Read NAME=value pairs; $NAME is what is known so far."""
    known = {**image.arguments, **image.environment}
    pairs = dict(word.split("=", 1) for word in instruction.words)
    return {
        name: re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), value)
        for name, value in pairs.items()
    }


def _copy(
    source: Path, place: Path, target: str, ignored: Ignored | None, context: Path | None = None
) -> None:
    """Copy a file, or what is in a folder, as COPY does; what is ignored does not exist."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        if ignored is None or context is None:
            return set()
        paths = {name: (Path(folder) / name).relative_to(context) for name in names}
        return {name for name, path in paths.items() if path in ignored}

    if left_out(str(source.parent), [source.name]):
        raise DockerfileError(f"{source.name} is kept from the build by .dockerignore")
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, ignore=left_out, dirs_exist_ok=True)
        return
    into = place / source.name if target.endswith("/") else place
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, into)
