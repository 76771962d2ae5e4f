"""Build the images and use them without a container engine: python -m tests.container.prove."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from tests.app import postgres
from tests.container import packages
from tests.container.chroots import Bind
from tests.container.container import Container, own_address
from tests.container.image import Builder, Image

ROOT = Path(__file__).parents[2]
# What the service reads of the pipeline's, as compose.yaml mounts it.
MOUNTED = ("artifacts/bundles", "artifacts/profile", "conf", "metrics")
DATA = "data"  # what it needs besides to train, as compose.learn.yaml mounts it
# What only makes other programs. `pip` is also looked for as a module.
TOOLS = ("cc", "gcc", "c++", "g++", "ld", "as", "make", "pip", "pip3", "git", "dvc", "curl")
NEEDED_ANYWAY = {"scipy"}  # xgboost does not work without it
NEEDED = 6e9  # bytes; the images and the stages on the way to them take about half
SETTINGS = {"LAPIDARY_WORKERS": "2", "LAPIDARY_DISK_FLOOR": "0"}
# What a process in the container can do, in its own words.
INSIDE = """
import errno, json, os, pathlib
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
def writes(folder):
    try:
        pathlib.Path(folder, "written").write_text("")
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"
print(json.dumps({
    "ids": [os.getuid(), os.getgid(), os.getgroups()],
    "rights": [status[name].strip() for name in ("CapEff", "CapPrm", "CapAmb", "NoNewPrivs")],
    "writes": {at: writes(at) for at in ("/", ".", "/opt/venv", "/etc", "/tmp", "/dev/shm")},
}))
"""


def lacking() -> str | None:
    """Return what this machine lacks for the proof; None where it has everything."""
    if os.getuid() != 0:
        return "only root can make a chroot"
    if shutil.which("debootstrap", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        return "no debootstrap here: apt-get install debootstrap"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False)
    return None if tried.returncode == 0 else "this machine permits no mount namespaces"


@contextmanager
def builder() -> Iterator[Builder]:
    """Give a builder of the project, whose images are removed afterwards."""
    # Whatever TMPDIR says: the images' user has to reach it. In memory where there is room, for
    # tens of thousands of files are written and removed, which takes a disk minutes.
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > NEEDED
    work = Path(tempfile.mkdtemp(prefix="image-", dir=memory if is_roomy else "/tmp"))
    work.chmod(0o755)
    try:
        secret = work / "pip.conf"
        places = packages.secret(secret)
        yield Builder(ROOT, work, {"pip": secret}, places)
    finally:
        shutil.rmtree(work)


def distributions(image: Image) -> dict[str, str]:
    """Return the installed packages of Python, and their versions."""
    folder = image.root / "opt/venv/lib"
    found = [path.name.removesuffix(".dist-info") for path in folder.glob("*/*/*.dist-info")]
    pairs = (name.rsplit("-", 1) for name in found)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def extra(name: str) -> set[str]:
    """Return the packages that pyproject.toml lists under an extra."""
    read = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = read["project"]["optional-dependencies"][name]
    names = {re.split(r"[\[<>=]", line)[0].lower() for line in lines}
    return names - {"lapidary"}


def check_contents(image: Image) -> None:
    """See that nothing is in the serving image that only builds or trains."""
    folders = [image.root / folder.lstrip("/") for folder in image.environment["PATH"].split(":")]
    found = [tool for tool in TOOLS for folder in folders if (folder / tool).exists()]
    assert not found, f"in the image: {found}"
    installed = distributions(image)
    trains = (extra("train") | extra("pipeline") | extra("samples") | extra("test")) - NEEDED_ANYWAY
    assert not trains & installed.keys(), f"in the image: {trains & installed.keys()}"
    assert "pip" not in installed, installed
    assert {"falcon", "gunicorn", "xgboost-cpu", "psycopg"} <= installed.keys(), installed


def megabytes(image: Image) -> int:
    """Return what an image's files take on a disk."""
    done = subprocess.run(
        ["du", "--summarize", "--block-size=1000000", "--one-file-system", str(image.root)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[0])


def mounts(project: Path, names: tuple[str, ...] = MOUNTED) -> list[Bind]:
    """Return folders of a project as a container gets them: to read."""
    return [Bind(project / name, f"/srv/lapidary/{name}") for name in names]


def grace() -> float:
    """Return the seconds that compose.yaml gives the service to end."""
    read = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return float(read["services"]["service"]["stop_grace_period"].removesuffix("s"))


@contextmanager
def running(container: Container) -> Iterator[float]:
    """Run a container from its first healthy moment, after the seconds told, to a good end."""
    assert container.run(*container.image.check)[0] == 1, "healthy before it was started"
    container.start()
    try:
        yield container.wait_until_healthy(60)
        assert container.stop(grace()) == 0, container.log.read_text()
        assert "Traceback" not in container.log.read_text()
    finally:
        container.kill()


def check_rights(container: Container) -> None:
    """See that a process in it is nobody, has no right of root's, and can write nowhere lasting."""
    status, said = container.run("python3", "-c", INSIDE)
    assert status == 0, said
    found = json.loads(said)
    assert found["ids"] == [10001, 10001, []], found
    assert [int(right, 16) for right in found["rights"]] == [0, 0, 0, 1], found
    memory = {"/tmp": "written", "/dev/shm": "written"}
    lasting = dict.fromkeys(("/", ".", "/opt/venv", "/etc"), "EROFS")
    assert found["writes"] == {**lasting, **memory}, found


def use(container: Container, dataset: str) -> str:
    """Predict from this machine and read it back; return the prediction's path."""
    example = container.ask("GET", f"/v1/{dataset}")[1]["example"]
    status, answer = container.ask("POST", f"/v1/{dataset}/predictions?explain=true", example)
    assert status == 200, answer
    assert answer["why"]["sentence"], answer
    path = f"/v1/{dataset}/predictions/{answer['id']}"
    assert container.ask("GET", path)[1]["answer"] == answer, answer
    logged = container.ask("GET", "/v1/requests?method=POST")[1]["requests"]
    assert [one["status"] for one in logged] == [200], logged
    return path


def let_others_in(container: Container, path: str) -> None:
    """See that another machine is refused until there is a key, and answered with it."""
    ask = partial(container.ask, "GET", host=own_address())
    status, refused = ask(path)
    assert status == 403, refused
    words = ("create", "--name", "first", "--scopes", "admin")
    status, said = container.run("python", "-m", "app", "keys", *words)
    assert status == 0, said
    header = {"Authorization": f"Bearer {said.splitlines()[0]}"}
    # Each process that answers hears of the key at its own time.
    until = time.monotonic() + 10
    while (found := [ask(path)[0], ask(path, **header)[0]]) != [401, 200]:
        assert time.monotonic() < until, f"without a key and with it: {found}"
        time.sleep(0.1)


def serve(image: Image, project: Path, dataset: str, database_url: str = "") -> float:
    """Use the serving image from its start to its end, with SQLite or a PostgreSQL.

    Returns the seconds from the start to the first healthy moment.
    """
    kind = "postgresql" if database_url else "sqlite"
    volume = image.root.with_name(f"volume-{kind}")
    settings = {**SETTINGS, "DATABASE_URL": database_url}
    container = Container(image, volume, mounts(project), settings)
    with running(container) as seconds:
        check_rights(container)
        path = use(container, dataset)
        let_others_in(container, path)
    kept = {entry.name: entry.stat() for entry in volume.iterdir()}
    assert "versions" in kept, kept
    assert ("lapidary.db" in kept) == (kind == "sqlite"), kept
    # The service's own, and for nobody else.
    assert {(found.st_uid, found.st_mode & 0o077) for found in kept.values()} == {(10001, 0)}, kept
    return seconds


def learn(image: Image, project: Path, dataset: str) -> float:
    """Train on request in the image that can; return the seconds until it was done."""
    binds = mounts(project, (*MOUNTED, DATA))
    container = Container(image, image.root.with_name("volume-learn"), binds, SETTINGS)
    with running(container):
        began = time.monotonic()
        status, asked = container.ask("POST", f"/v1/{dataset}/trainings", {"model": "dummy"})
        assert status == 202, asked
        path = f"/v1/{dataset}/trainings/{asked['id']}"
        while (found := container.ask("GET", path)[1])["state"] in ("queued", "running"):
            assert time.monotonic() < began + 120, found
            time.sleep(0.2)
        assert found["state"] == "done", found
        return time.monotonic() - began


def main() -> None:
    """Prove both images with what the pipeline made here, and print the figures."""
    if why := lacking():
        sys.exit(f"Error: {why}")
    champions = ROOT / "metrics/champions.json"
    if not (ROOT / "artifacts/bundles").is_dir():
        sys.exit("Error: there are no bundles to serve: make run")
    dataset = next(iter(json.loads(champions.read_text(encoding="utf-8"))))
    with builder() as made:
        image = made.build("serve")
        check_contents(image)
        print(f"serve: {megabytes(image)} MB, {len(distributions(image))} packages of Python")
        print(f"serve: healthy after {serve(image, ROOT, dataset):.1f} s, used, ended well")
        try:
            with postgres.running() as server:
                seconds = serve(image, ROOT, dataset, server.url("postgres"))
            print(f"serve: with PostgreSQL healthy after {seconds:.1f} s, used, ended well")
        except LookupError as error:
            print(f"serve: not tried with PostgreSQL: {error}")
        image = made.build("learn")
        print(f"learn: {megabytes(image)} MB, {len(distributions(image))} packages of Python")
        print(f"learn: trained within {learn(image, ROOT, dataset):.1f} s, ended well")
        print("\nseconds of each step that took one or more:")
        for what, seconds in made.seconds:
            if seconds >= 1:
                print(f"{seconds:6.1f}  {what}")


if __name__ == "__main__":
    main()
