"""A copy of the project to serve from, and every side of the comparison, started in it."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.peers import wrk
from benchmarks.peers.servers import NotServing, Server
from src.config import paths
from src.inference import bundle
from src.support.errors import UserError

DATASET, MODEL, TARGET = "diamonds", "xgboost", "price"
PATH = f"/v1/{DATASET}/predictions"
RECORDS = 200  # different ones, asked in turn
CODE = ("app", "benchmarks", "conf", "gunicorn.conf.py", "params.yaml", "src")
OURS, UNLOGGED, TWO = "ours", "ours, no log", "ours, two workers"
HELLO, QUICK, STOCK = "hello", "hello, in the main loop", "hello, stock gthread"
FASTAPI, MLFLOW = "fastapi", "mlflow"


@dataclass(frozen=True)
class Side:
    """A server and what it is asked."""

    server: Server
    path: str
    bodies: Path

    def load(self, seconds: int) -> wrk.Load:
        """Load it."""
        url = f"http://127.0.0.1:{self.server.port}{self.path}"
        return wrk.run(url, self.bodies, seconds)


def in_turn(sides: Mapping[str, Side], rounds: int) -> Iterator[tuple[str, Side]]:
    """Yield each side once a round, and backwards every second time: a machine may slow down."""
    for side in sides.values():
        side.load(1)  # the first second is for what is set up when it is first needed
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        yield from list(sides.items())[:: 1 if number % 2 == 0 else -1]


class Lab:
    """A folder to serve from: the code is linked, what the pipeline made is copied."""

    def __init__(self, folder: Path, peers: str) -> None:
        """Take an empty folder and the interpreter that has the peers."""
        found = shutil.which(peers)
        if found is None:
            raise UserError("There is no such Python.", given=peers)
        self.folder, self._peers = folder, str(Path(found).absolute())
        self._running = ExitStack()
        self.bundle = folder / paths.BUNDLES / DATASET / MODEL
        _check(paths.BUNDLES / DATASET / MODEL)
        for name in CODE:
            (folder / name).symlink_to(Path(name).resolve())
        shutil.copytree(paths.BUNDLES, folder / paths.BUNDLES)
        for made in (paths.PROFILES, paths.COMPOSITIONS):
            if made.is_dir():
                shutil.copytree(made, folder / made)
        (folder / paths.METRICS).mkdir()
        shutil.copy(paths.VERDICTS, folder / paths.VERDICTS)
        features = bundle.read_manifest(self.bundle)["config"]["dataset"]["features"]
        self.rows = pd.read_parquet(self.bundle / bundle.ROWS)[list(features)]
        sample = self.rows.sample(RECORDS, random_state=0).to_dict("records")
        self.records = [json.dumps(record).encode() for record in sample]
        self._bodies = wrk.write(self.records, folder / "records")

    def close(self) -> None:
        """Stop all servers."""
        self._running.close()

    def sides(self) -> dict[str, Side]:
        """Start everything that is compared; say which peers are skipped, and why."""
        sides = {
            HELLO: self.own(HELLO, "benchmarks.peers.hello:api"),
            QUICK: self.own(QUICK, "benchmarks.peers.hello:quick"),
            STOCK: self._stock(),
            OURS: self.own(OURS, "app:api"),
            UNLOGGED: self.own(UNLOGGED, "benchmarks.peers.unlogged:api"),
            TWO: self.own(TWO, "app:api", workers=2),
        }
        expected = _price(sides[OURS].server.wait(PATH, self.records[0])[1])
        for name, make in {FASTAPI: self._fastapi, MLFLOW: self._mlflow}.items():
            try:
                side = make()
                with side.bodies.open("rb") as bodies:
                    answer = side.server.wait(side.path, bodies.readline())[1]
            except NotServing as error:
                print(f"{name} is skipped: {error}")
                continue
            if not math.isclose(_price(answer), expected, rel_tol=1e-4):
                raise UserError(f"{name} answers otherwise.", given=answer, choices=[expected])
            sides[name] = side
        return sides

    def service(
        self, name: str, app: str = "app:api", workers: int | None = 1, **environment: str
    ) -> Server:
        """Start the service, or what stands in its place, with its settings and its own database.

        Without a number it has as many workers as it takes by itself.
        """
        command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", app]
        command += [] if workers is None else ["--workers", str(workers)]
        return self._start(name, command, LAPIDARY_VAR=str(self.var(name)), **environment)

    def var(self, name: str) -> Path:
        """Return the folder of a service's database."""
        return self.folder / "var" / name

    def own(self, name: str, app: str, workers: int = 1) -> Side:
        """Start an application with the service's settings; raise UserError where it fails."""
        server = self.service(name, app, workers)
        try:
            server.wait(PATH, self.records[0])
        except NotServing as error:
            raise UserError(f"{name} does not serve.", given=error) from None
        return Side(server, PATH, self._bodies)

    def _stock(self) -> Side:
        (self.folder / "stock.py").touch()  # gunicorn would take our settings by itself
        command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "-c", "stock.py"]
        command += ["--worker-class", "gthread", "--threads", "4", "--workers", "1"]
        command += ["--keep-alive", "65", "--no-control-socket", "benchmarks.peers.hello:api"]
        server = self._start(STOCK, command)
        server.wait(PATH, self.records[0])
        return Side(server, PATH, self._bodies)

    def _fastapi(self) -> Side:
        self._need("fastapi", "uvicorn", "sklearn", "xgboost")
        command = [self._peers, "-m", "uvicorn", "benchmarks.peers.fastapi_app:api", "--port"]
        command += ["{port}", "--workers", "1", "--no-access-log", "--log-level", "warning"]
        return Side(self._start(FASTAPI, command, BUNDLE=str(self.bundle)), PATH, self._bodies)

    def _mlflow(self) -> Side:
        self._need("mlflow", "sklearn", "xgboost")
        folder = str(self.folder / "model")
        save = [self._peers, "-m", "benchmarks.peers.mlflow_model", str(self.bundle), folder]
        saved = subprocess.run(save, cwd=self.folder, capture_output=True, text=True, check=False)
        if saved.returncode != 0:
            raise NotServing(saved.stderr.strip().split("\n")[-1])
        command = [self._peers, "-m", "mlflow", "models", "serve", "--model-uri", folder]
        command += ["--host", "127.0.0.1", "--port", "{port}", "--workers", "1"]
        command += ["--env-manager", "local"]
        # It calls uvicorn by name.
        found = os.pathsep.join([str(Path(self._peers).parent), os.environ["PATH"]])
        server = self._start(MLFLOW, command, PATH=found, MLFLOW_DISABLE_TELEMETRY="true")
        bodies = [b'{"dataframe_records": [%b]}' % record for record in self.records]
        return Side(server, "/invocations", wrk.write(bodies, self.folder / "invocations"))

    def _start(self, name: str, command: list[str], **environment: str) -> Server:
        server = Server(name, command, self.folder, **environment)
        self._running.callback(server.stop)
        return server

    def _need(self, *packages: str) -> None:
        command = [self._peers, "-c", f"import {', '.join(packages)}"]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            raise NotServing(f"{self._peers} lacks one of {', '.join(packages)}; see --peers")


def _check(path: Path) -> None:
    """Raise UserError where the pipeline's champion is not the model that is measured."""
    bundle.read_manifest(path)
    champion = json.loads(paths.CHAMPIONS.read_bytes())[DATASET]["champion"]
    if champion != MODEL:
        raise UserError(
            f"The champion of '{DATASET}' is not of the kind that the bars are about.",
            given=champion,
            choices=[MODEL],
        )


def _price(answer: bytes) -> float:
    """Read an answer, ours or a peer's."""
    document = json.loads(answer)
    price: float = document[TARGET] if TARGET in document else document["predictions"][0]
    return price
