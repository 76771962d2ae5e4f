"""Run commands in a root file system of their own, with what is mounted for them alone.

Every mount is made in a mount namespace that ends with the command: nothing of it is seen outside,
and a folder that was removed afterwards never takes what was mounted in it along.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

# Of a proxy, as Docker passes it to every build.
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale")
# What makes a slim image of a plain Debian: no documents, no archives kept, no wait for the disk.
SLIM = {
    "etc/dpkg/dpkg.cfg.d/slim": "force-unsafe-io\n"
    + "".join(f"path-exclude /{folder}/*\n" for folder in LEFT_OUT),
    "etc/apt/apt.conf.d/slim": 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
    'DPkg::Post-Invoke {"rm -f /var/cache/apt/archives/*.deb";};\n',
}


@dataclass(frozen=True)
class Bind:
    """A file or folder of outside, and where it is seen inside."""

    source: Path
    target: str
    is_writable: bool = False


@dataclass(frozen=True)
class Cell:
    """A root file system and what is mounted into it."""

    root: Path
    binds: Sequence[Bind] = ()
    is_writable: bool = False  # the root itself; without it, /tmp and /dev/shm are of memory

    def start(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        user: str = "0:0",
        out: IO[Any] | int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a command as the first process of its own; no right can be gained in it."""
        for bind in self.binds:
            _make_place(self.root, bind)
        inside = ["chroot", f"--userspec={user}", "--groups=", str(self.root)]
        # chroot knows no working folder; env does, and becomes the command itself.
        inside += ["/usr/bin/env", "-i", f"--chdir={folder}"]
        inside += [f"{name}={value}" for name, value in environment.items()]
        inside += words
        script = "\n".join([*self._mounts(), f"exec setpriv --no-new-privs {shlex.join(inside)}"])
        outside = ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", script]
        return subprocess.Popen(
            outside, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )

    def _mounts(self) -> list[str]:
        root = shlex.quote(str(self.root))
        lines = [f"mount --bind {root} {root}", f"mount -t proc proc {root}/proc"]
        for bind in self.binds:
            source, target = shlex.quote(str(bind.source)), f"{root}{shlex.quote(bind.target)}"
            lines.append(f"mount --bind {source} {target}")
            if not bind.is_writable:
                lines.append(f"mount -o remount,bind,ro {target}")
        if not self.is_writable:
            memory = "size=64m,mode=1777,nosuid,nodev"
            lines += [f"mount -t tmpfs -o {memory} tmpfs {root}{at}" for at in ("/tmp", "/dev/shm")]
            lines.append(f"mount -o remount,bind,ro {root}")
        return lines


def first_process(started: subprocess.Popen[bytes]) -> int:
    """Return the command's own process id, as it is seen from outside."""
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    if not children:
        raise ProcessLookupError("the command has ended")
    return int(children[0])


def end(started: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started; one that has ended stays as it is."""
    # unshare could pass the word on, but the kernel forgets that where the user changes.
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(first_process(started), signal.SIGKILL)
    started.wait()


def bootstrap(root: Path, release: str) -> None:
    """Make the root file system of a Debian release, as its slim image has it."""
    sources = _sources(release)
    for name, text in SLIM.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    words = ["debootstrap", "--variant=minbase", release, str(root), sources[0][0]]
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    lines = [f"deb {uri} {suite} main\n" for uri, suite in sources]
    (root / "etc/apt/sources.list").write_text("".join(lines))
    # What debootstrap unpacks without dpkg, and what it leaves.
    for folder in (*LEFT_OUT, "var/cache/apt", "var/lib/apt/lists"):
        subprocess.run(["find", str(root / folder), "-mindepth", "1", "-delete"], check=True)


def environment() -> dict[str, str]:
    """Return the machine's proxies, which a build is told."""
    found = {name: os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES}
    return {name: value for name, value in found.items() if value}


def _sources(release: str) -> list[tuple[str, str]]:
    """Return where this machine takes the release from, the base first."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    suites = [release, f"{release}-updates", f"{release}-security"]
    pairs = {tuple(line.split()) for line in done.stdout.splitlines()}
    found = [(uri, suite) for suite in suites for uri, of in sorted(pairs) if of == suite]
    if not found or found[0][1] != release:
        raise RuntimeError(
            f"apt of this machine knows no source of Debian's {release}; "
            "add one to /etc/apt/sources.list.d, and apt-get update"
        )
    return found


def _make_place(root: Path, bind: Bind) -> None:
    place = root / bind.target.lstrip("/")
    if bind.source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
