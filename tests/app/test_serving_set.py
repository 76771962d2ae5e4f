"""The service where nothing is installed but what it needs: it answers, and says what it does not.

The packages are installed as an image has them, into an environment of the test's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.support import extras
from tests.app import project, server
from tests.app.server import Server

EXTRAS = ("cpu", "postgres")
LARGEST = 600  # megabytes
TOOLS = ("hydra_plugins", "hypothesis", "matplotlib", "pip", "playwright", "pytest", "statsmodels")
# XGBoost's package asks for scipy; its library, which alone is used, does not.
KEPT_OUT = {*extras.EXTRAS["train"], "dvc", "plotnine", *TOOLS} - {"scipy"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the serving set; where it cannot be, skip, but for CI, which must not."""
    folder = tmp_path_factory.mktemp("serving-set")
    listed = tomllib.loads((project.ROOT / "pyproject.toml").read_text())["project"]
    chosen = [listed["optional-dependencies"][extra] for extra in EXTRAS]
    requirements = [*listed["dependencies"], *(one for extra in chosen for one in extra)]
    made = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(made), "install", "--no-compile", "--quiet"]
    constraints = project.ROOT / "constraints.txt"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    done = subprocess.run(
        [*pip, "--disable-pip-version-check", "-c", constraints, *requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = f"the serving set cannot be installed here: {done.stderr[-300:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return made


@pytest.fixture(scope="module")
def site(python: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the service by it, on what another environment has trained."""
    var = tmp_path_factory.mktemp("site") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(python))
        with server.running(trained, var, workers="1") as site:
            yield site


def run(python: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *words],
        cwd=project.ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_has_nothing_that_trains_or_tests_and_is_small(python: Path) -> None:
    code = "import importlib.util as i, sys; print([n for n in sys.argv[1:] if i.find_spec(n)])"
    assert run(python, "-c", code, *sorted(KEPT_OUT), "psycopg").stdout == "['psycopg']\n"
    (packages,) = python.parents[1].glob("lib/*/site-packages")
    size = sum(path.lstat().st_blocks * 512 for path in packages.rglob("*")) / 1e6
    assert 50 < size < LARGEST


def test_it_answers_with_range_and_reason_and_stores_it(site: Server) -> None:
    for name in project.MODELS:
        status, told = site.ask(
            "POST", f"/v1/{name}/predictions?explain=true", project.RECORDS[name]
        )
        assert status == 200, told
        assert told[project.TARGETS[name]] is not None
        assert told["interval"]["coverage"] == pytest.approx(0.9, abs=0.1)
        assert told["why"]["sentence"]
        stored = site.ask("GET", f"/v1/requests/{told['id']}")[1]
        assert stored["response_body"][project.TARGETS[name]] == told[project.TARGETS[name]]


@pytest.mark.parametrize(("name", "models"), project.MODELS.items())
def test_every_version_answers(site: Server, name: str, models: tuple[str, ...]) -> None:
    told = site.ask("GET", f"/v1/{name}/models")[1]["versions"]
    assert sorted(one["model"] for one in told) == sorted(models)
    records = [project.RECORDS[name]] * 300  # many go another way than one
    for version in (one["version"] for one in told):
        path = f"/v1/{name}/predictions?version={version}"
        assert site.ask("POST", path, records)[0] == 200
        assert site.ask("POST", path, records[0])[0] == 200


def test_it_finds_what_is_similar_and_takes_labels(site: Server) -> None:
    asked = {"record": project.STONE, "n": 2}
    status, told = site.ask("POST", "/v1/stones/similar", asked)
    assert (status, len(told["similar"])) == (200, 2)
    csv = b"carat,facets,cut,depth,price\n1.5,57,Ideal,3.25,6000\n"
    status, told = site.ask("POST", "/v1/stones/labels", csv, media="text/csv")
    assert (status, told["stored"]) == (200, 1)
    assert site.ask("GET", "/v1/stones/labels")[1]["labels"][0]["price"] == 6000


@pytest.mark.parametrize(
    "path",
    ["/", "/datasets/stones", "/datasets/debts/history", "/datasets/stones/predict", "/docs"],
)
def test_its_pages_are_shown(site: Server, path: str) -> None:
    assert site.ask("GET", path, Accept="text/html")[0] == 200


def test_a_training_is_refused_and_nothing_begins(site: Server) -> None:
    status, problem = site.ask("POST", "/v1/stones/trainings", {"model": "linear"})
    assert status == 501
    assert "answers and does not train" in problem["detail"]
    assert "'.[train]'" in problem["fix"]
    assert site.ask("GET", "/v1/stones/choices")[1]["refused"]["detail"] == problem["detail"]
    page = site.ask("GET", "/datasets/stones/train", Accept="text/html")[1].decode()
    assert problem["detail"] in page
    assert 'id="ask"' not in page
    assert site.ask("GET", "/v1/stones/trainings")[1]["trainings"] == []
    assert "Traceback" not in site.log.read_text()


@pytest.mark.parametrize(
    "command",
    ["app snapshot stones", "src.train", "src.ingest", "src.prepare x", "src.samples"],
)
def test_a_command_that_it_has_not_the_packages_for_says_so(python: Path, command: str) -> None:
    done = run(python, "-m", *command.split())
    assert done.returncode == 1
    assert done.stderr.startswith("Error: This installation answers and does not train.")
    assert "'.[train]'" in done.stderr


def test_the_services_commands_work(python: Path, tmp_path: Path) -> None:
    var = {"LAPIDARY_VAR": str(tmp_path)}
    assert run(python, "-m", "app", "keys", "create", "--name", "shop", **var).stdout
    listed = run(python, "-m", "app", "keys", "list", **var)
    assert "shop" in listed.stdout, listed.stderr
