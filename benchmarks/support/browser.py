"""Debian's Chromium, driven by Playwright, on a service that has the sample data."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.peers.lab import PATH, Lab
from src.config import paths
from src.support.errors import UserError

try:
    from playwright.sync_api import Browser, sync_playwright
except ImportError:  # pragma: no cover
    raise SystemExit("Error: playwright is missing; make test installs it") from None

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]


@contextmanager
def service() -> Iterator[str]:
    """Run the service on what the pipeline made, with some labels and requests; yield its URL."""
    with (
        tempfile.TemporaryDirectory(prefix="pages-", dir=paths.BUNDLES.parent) as folder,
        closing(Lab(Path(folder).resolve(), sys.executable)) as lab,
    ):
        server = lab.service("pages", LAPIDARY_JOBS="0")
        server.wait(PATH, lab.records[0])
        with closing(server.connect()) as client:
            for at, record in enumerate(lab.records[:60]):
                client.request("POST", f"{PATH}?explain=true", record, {"Content-Type": JSON})
                told = json.loads(client.getresponse().read())
                if at % 2:
                    truth = json.dumps({"price": round(told["price"] * (1 + (at % 5 - 2) / 20), 2)})
                    path = f"{PATH}/{told['id']}/label"
                    client.request("PUT", path, truth, {"Content-Type": JSON})
                    client.getresponse().read()
        yield f"http://127.0.0.1:{server.port}"


JSON = "application/json"


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium; raise UserError where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise UserError("There is no chromium here.", fix="apt-get install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()
