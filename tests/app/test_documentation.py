"""What README.md and docs/serving.md show is what happens when it is pasted."""

from __future__ import annotations

import contextlib
import random
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml
from falcon import testing

from app.factory import create_api
from app.settings import PREFIX, Settings
from src import champion, compose, paths, prepare, running
from tests.app import project

ROOT = Path(__file__).parents[2]
SERVING = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
TEXTS = {"README.md": (ROOT / "README.md").read_text(encoding="utf-8"), "serving.md": SERVING}
CURLS = [
    (name, command)
    for name, text in TEXTS.items()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    for command in re.findall(r"^\$ (curl (?:.*\\\n)*.*)$", block, re.MULTILINE)
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the dataset that the documentation asks, on rows drawn at random."""
    folder = tmp_path_factory.mktemp("documented")
    shutil.copytree(ROOT / "conf", folder / "conf")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    run = {"dataset": "diamonds", "model": "linear", "plot": "scatter"}
    params.update(datasets=["diamonds"], runs={"diamonds-linear": run}, folds=3)
    project.dump(folder / "params.yaml", params)
    values = yaml.safe_load((folder / "conf/dataset/diamonds.yaml").read_text(encoding="utf-8"))
    project.dump(folder / "conf/dataset/diamonds.yaml", {**values, "gate": {}})
    (folder / "data").mkdir()
    (folder / "data/diamonds.csv").write_text("\n".join(rows(values["features"])) + "\n")
    with contextlib.chdir(folder):
        compose.compose()
        prepare.prepare("diamonds")
        running.tracked("diamonds-linear")
        champion.crown()
        assert paths.CHAMPIONS.is_file()
    return folder


def rows(features: dict) -> list[str]:
    draw = random.Random(4)
    lines = [",".join([*features, "price"])]
    for _ in range(200):
        weight = draw.uniform(0.3, 2)
        cells = [
            draw.choice(feature["order"]) if "order" in feature else f"{weight * (at + 1):.3f}"
            for at, feature in enumerate(features.values())
        ]
        lines.append(",".join([*cells, f"{4000 * weight:.0f}"]))
    return lines


@pytest.fixture
def client(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> testing.TestClient:
    monkeypatch.chdir(home)
    api = create_api(Settings(var=str(tmp_path / "var")), is_watching=False)
    return testing.TestClient(api)


def test_there_are_examples() -> None:
    assert len(CURLS) > 5


@pytest.mark.parametrize(("name", "command"), CURLS)
def test_every_curl_works_when_pasted(client: testing.TestClient, name: str, command: str) -> None:
    words = shlex.split(command.replace("\\\n", " "))
    method, body, headers, url = "GET", None, {}, ""
    it = iter(words[1:])
    for word in it:
        if word == "-X":
            method = next(it)
        elif word == "-H":
            key, _, value = next(it).partition(": ")
            headers[key] = value
        elif word == "-d":
            body = next(it)
        elif not word.startswith("-"):
            url = word
    parts = urlsplit(url)
    assert parts.netloc == "127.0.0.1:8000"
    done = client.simulate_request(
        method, parts.path, query_string=parts.query, body=body, headers=headers
    )
    assert done.status_code == 200, done.text


def test_every_setting_is_described_with_its_default() -> None:
    cells = re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\|", SERVING, re.MULTILINE)
    described = {name: cell.strip() for name, cell in cells}
    for field in msgspec.structs.fields(Settings):
        name = "DATABASE_URL" if field.name == "database_url" else f"{PREFIX}{field.name.upper()}"
        default = field.default
        assert name in described, name
        if isinstance(default, int | float):
            assert float(described[name]) == default, name
        elif isinstance(default, str) and default:
            assert default in described[name], name
        described.pop(name)
    assert not described


def test_every_route_is_described(client: testing.TestClient) -> None:
    for path in client.simulate_get("/openapi.json").json["paths"]:
        general = path.replace("/v1/diamonds", "/v1/{dataset}")
        assert f"{general}`" in SERVING or f"{general}," in SERVING, general


def test_every_command_is_there() -> None:
    for text in TEXTS.values():
        for name in re.findall(r"python -m app\.(\w+)", text):
            assert (ROOT / f"app/{name}.py").is_file()
