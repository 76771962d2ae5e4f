"""What README.md and docs/how-to show is what happens when it is pasted."""

from __future__ import annotations

import contextlib
import json
import random
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from falcon import testing

from app import __main__ as command_line
from app.factory import create_api
from app.settings import Settings
from src import champion, compose, prepare, profile
from src.config import paths
from src.data import schema_checks
from src.data.schema import Dataset
from src.runs import training
from src.support.structs import convert
from tests.app import project

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
HOW_TO = ROOT / "docs/how-to"
# Each command of these stands for itself.
PAGES = [README, *(HOW_TO / f"{name}.md" for name in ("serve", "secure", "query-the-log"))]
PAGES += [HOW_TO / f"{name}.md" for name in ("look-at-the-data", "generate-a-client")]
PAGES += [HOW_TO / "read-a-model-card.md"]
# Commands of these need what is there: $PREDICTION, $LABEL, $TRAINING, $WAITING.
LEARNING = [HOW_TO / f"{name}.md" for name in ("label", "train", "roll-back", "gate")]
OTHER_HOSTS = {"containers.md"}
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in [README, *HOW_TO.glob("*.md")]}
REFERENCE = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")


def curls(text: str) -> list[str]:
    """Find the commands of a document, in their order."""
    return [
        command.replace("\\\n", " ")
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        for command in re.findall(r"^\$ (curl (?:.*\\\n)*.*)$", block, re.MULTILINE)
    ]


CURLS = [(page.name, command) for page in PAGES for command in curls(TEXTS[page.name])]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the dataset that the documentation asks, on rows drawn at random."""
    folder = tmp_path_factory.mktemp("documented")
    shutil.copytree(ROOT / "conf", folder / "conf")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    runs = {
        f"diamonds-{model}": {"dataset": "diamonds", "model": model, "plot": "scatter"}
        for model in ("linear", "ridge")
    }
    params.update(datasets=["diamonds"], runs=runs, folds=3)
    project.dump(folder / "params.yaml", params)
    values = yaml.safe_load((folder / "conf/dataset/diamonds.yaml").read_text(encoding="utf-8"))
    project.dump(folder / "conf/dataset/diamonds.yaml", {**values, "gate": {}})
    (folder / "data").mkdir()
    lines = rows(values["features"])
    (folder / "data/diamonds.csv").write_text("\n".join(lines) + "\n")
    (folder / "sold.csv").write_text("\n".join(lines[:50]) + "\n")
    labels = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:50]]
    (folder / "sold.ndjson").write_text("\n".join(json.dumps(typed(one)) for one in labels))
    with contextlib.chdir(folder):
        compose.compose()
        prepare.prepare("diamonds")
        profile.describe("diamonds")
        for run in runs:
            training.tracked(run)
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


def typed(label: dict[str, str]) -> dict[str, str | float]:
    return {name: float(cell) if cell[0].isdigit() else cell for name, cell in label.items()}


@pytest.fixture
def client(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> testing.TestClient:
    monkeypatch.chdir(home)
    api = create_api(Settings(var=str(tmp_path / "var")), is_watching=False)
    return testing.TestClient(api, headers={"Host": "localhost"})


def test_there_are_examples() -> None:
    assert len(CURLS) > 5
    asking = {name for name, text in TEXTS.items() if curls(text)}
    assert asking - OTHER_HOSTS == {page.name for page in [*PAGES, *LEARNING]}


@pytest.mark.parametrize(("name", "command"), CURLS)
def test_every_curl_works_when_pasted(client: testing.TestClient, name: str, command: str) -> None:
    done = run(client, command)
    assert done.status_code in (200, 202), done.text


def test_every_curl_about_learning_works_one_after_the_other(client: testing.TestClient) -> None:
    label = json.loads(Path("sold.ndjson").read_text().splitlines()[0])
    record = {name: value for name, value in label.items() if name != "price"}
    asked = client.simulate_post("/v1/diamonds/predictions", json=record)
    ids = {"PREDICTION": asked.json["id"]}
    first = {"version": 1}  # whichever the pipeline chose, so that there is one to go back to
    assert client.simulate_post("/v1/diamonds/champion", json=first).status_code == 200
    strange = client.simulate_post("/v1/diamonds/labels", json={**label, "price": 9e9})
    assert strange.json["to_review"]["count"] == 1, strange.text
    ids["WAITING"] = strange.json["ids"][0]
    told = "\n".join(TEXTS[page.name] for page in LEARNING)
    commands = curls(told)
    assert len(commands) > 15
    for command in commands:
        for name, number in ids.items():
            command = command.replace(f"${name}", number)
        done = run(client, command)
        assert done.status_code in (200, 202), f"{command}: {done.text}"
        if "state" in done.json:
            ids["TRAINING"] = done.json["id"]
        elif "ids" in done.json:
            ids["LABEL"] = done.json["ids"][0]
            assert done.json["refused"] == 0
    assert set(ids) == set(re.findall(r"\$([A-Z]+)", told))


def run(client: testing.TestClient, command: str) -> testing.Result:
    """Do what curl would."""
    method, body, headers, url = "GET", None, {}, ""
    it = iter(shlex.split(command)[1:])
    for word in it:
        if word == "-X":
            method = next(it)
        elif word == "-H":
            key, _, value = next(it).partition(": ")
            headers[key] = value
        elif word == "-d":
            body = next(it)
        elif word == "-o":
            next(it)
        elif word == "-T":
            body = Path(next(it)).read_text()
        elif not word.startswith("-"):
            url = word
    parts = urlsplit(url)
    assert parts.netloc == "127.0.0.1:8000"
    return client.simulate_request(
        method, parts.path, query_string=parts.query, body=body, headers=headers
    )


def test_the_rules_that_are_shown_are_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", TEXTS["gate.md"], re.DOTALL)
    values = yaml.safe_load((ROOT / "conf/dataset/payments.yaml").read_text(encoding="utf-8"))
    dataset = convert({**values, **yaml.safe_load(text)}, Dataset)
    schema_checks.check(dataset)
    assert dataset.retrain is not None


def test_every_route_is_in_the_reference(client: testing.TestClient) -> None:
    document = client.simulate_get("/openapi.json").json
    datasets = [tag["name"] for tag in document["tags"] if tag["name"] not in ("log", "service")]
    assert len(datasets) > 1
    found = set(re.findall(r"^### [A-Z]+ (/.*)$", REFERENCE, re.MULTILINE))
    for path in document["paths"]:
        general = re.sub(rf"^/v1/({'|'.join(datasets)})(?=/|$)", "/v1/{dataset}", path)
        assert general in found, general


def test_every_command_can_be_typed() -> None:
    found = set()
    for text in TEXTS.values():
        for line in re.findall(r"^\$ .*?python -m app (\w.*)$", text, re.MULTILINE):
            words = shlex.split(line)
            found.add(words[0])
            assert command_line.parser(words[0]).parse_args(words).run, line
    assert found == set(command_line.NOUNS)


def test_every_command_that_is_named_is_there() -> None:
    for text in TEXTS.values():
        assert not re.search(r"python -m app\.(?!job)", text)
        for noun, verb in re.findall(r"`python -m app (\w+)(?: (\w+))?", text):
            parser = command_line.parser(noun)
            with pytest.raises(SystemExit) as ended:
                parser.parse_args([*filter(None, [noun, verb]), "--help"])
            assert ended.value.code == 0, f"{noun} {verb}"
