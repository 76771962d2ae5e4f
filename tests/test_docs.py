"""The documentation says what is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
import yaml

from manual.markdown import anchor
from src.config import configuration
from src.data import cleaning, expressions, features, rules, schema, schema_checks
from src.evaluation import metrics
from src.support.structs import Checked, convert
from tests import commands

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
TRAINING = (ROOT / "docs/explanation/training.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
COMMANDS = [path for path in (ROOT / "src").glob("*.py") if "\nif __name__ ==" in path.read_text()]
MODULES = sorted(
    {f"src.{path.stem}" for path in COMMANDS}
    | set(re.findall(r"python -m (src\.\w+|benchmarks\.\w+)", README + TRAINING))
)
STRUCTS = [
    *(schema.Dataset, schema.Target, features.Number, features.Category, features.Text),
    schema.Split,
    *(rules.Limits, rules.Gate, rules.Retrain, schema.Similar),
    *(configuration.Model, configuration.Encoding, configuration.Words, configuration.Space),
    *(
        configuration.EarlyStopping,
        configuration.OptunaSearch,
        configuration.Params,
        configuration.Pair,
    ),
]


@pytest.mark.parametrize("module", MODULES)
def test_every_command_exists_and_explains_itself(module: str) -> None:
    done = commands.run(ROOT, module, "--help")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100
    assert done.stderr == ""


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make (\w+)", README)) - {"targets"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_override_in_the_readme_composes(monkeypatch: pytest.MonkeyPatch) -> None:
    from src.config import composition

    monkeypatch.chdir(ROOT)
    composition.prepare()
    commands = re.findall(r"`python -m src\.train ([^`]+)`", README)
    assert len(commands) > 5
    for command in commands:
        if "churn" in command or "continue_from" in command:
            continue
        words = command.replace("-m ", "").replace("--cfg job --resolve", "").split()
        words = [re.sub(r"=(\w+),.*", r"=\1", word) for word in words]
        configuration.build(composition.compose(words))


def blocks() -> list[dict]:
    return [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]


def test_the_readmes_dataset_and_model_are_valid() -> None:
    dataset, model = blocks()
    schema_checks.check(convert(dataset, schema.Dataset))
    assert convert(model, configuration.Model).space


def test_the_links_lead_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", link):
                continue
            place, _, name = link.partition("#")
            target = (page.parent / place).resolve() if place else page
            assert target.exists(), f"{name_of(page)}: {link}"
            assert not name or name in anchors(target), f"{name_of(page)}: {link}"


def anchors(page: Path) -> set[str]:
    """Find the names that a forge gives to a page's headings; equal ones are numbered."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    seen: dict[str, int] = {}
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        name = anchor(heading)
        found.add(f"{name}-{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return found


def test_a_picture_is_said_in_words() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for words, place in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text):
            assert words, f"{name_of(page)}: {place}"
            if place.endswith(".svg"):
                drawing = ElementTree.parse(page.parent / place).getroot()
                assert drawing.findtext("{http://www.w3.org/2000/svg}title") == words, place


def test_the_readme_says_how_to_run_it_below_a_picture() -> None:
    section = README.partition("\n## How to run\n")[2].partition("\n## ")[0]
    assert section.lstrip().startswith("![A green iguana")
    assert re.findall(r"^\$ make (\w+)", section, re.MULTILINE) == ["run", "serve", "test"]


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("**/*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert name == "README.md" or f"]({name})" in index, name


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_key_is_documented(struct: type[Checked]) -> None:
    for field in msgspec.structs.fields(struct):
        assert re.search(rf"[`{{ ]{field.encode_name}[`:,}} ]", CONFIGURATION), field.name


def test_every_metric_rule_and_function_is_documented() -> None:
    for name in metrics.METRICS:
        assert f"`{name.partition('_')[0]}" in TRAINING or f"`{name}`" in TRAINING, name
    for rule in cleaning.RULES:
        assert f"`{rule}`" in TRAINING, rule
    for function in expressions.FUNCTIONS:
        assert f"`{function}`" in CONFIGURATION, function


def test_no_python_file_names_a_dataset_a_feature_or_a_model() -> None:
    """What varies stands in conf/; only the sample data and measurements know it by name."""
    names = {
        path.stem for group in ("dataset", "model") for path in (ROOT / f"conf/{group}").glob("*")
    }
    for path in (ROOT / "conf/dataset").glob("*.yaml"):
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        names |= {name for name in values["features"] if len(name) > 1} | set(
            values.get("derived") or {}
        )
    common = {
        "text",
        "linear",
        "shape",
        "color",
        "table",
        "depth",
        "volume",
        "grade",
        "cut",
        "dummy",
    }
    libraries = {"catboost", "lightgbm", "xgboost"}  # code has to name what it imports
    named = "|".join(sorted(names - common - libraries))
    pattern = re.compile(rf"[\"']({named})[\"']")
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("app/**/*.py")]:
        if path.parent.name != "sample_data":
            code = path.read_text(encoding="utf-8")
            assert not pattern.search(code), f"{path}: {pattern.search(code)}"
            assert not re.search("diamond|carat|payment|resume", code, re.IGNORECASE), path


def test_the_picture_of_the_house_is_true() -> None:
    """Each room and each file on top is drawn, and nothing else is."""
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    picture = text.split("```")[1]
    for name in ("conf", "params", "dvc", "data", "metrics", "app", "tests", "benchmarks"):
        assert re.search(rf"^{name}[./]", picture, re.MULTILINE), name
    for top in ("src", "app"):
        (drawn,) = re.findall(rf"^{top}/.*\n((?:  .*\n)+)", picture, re.MULTILINE)
        lines = [line for line in drawn.splitlines() if re.match(r"  \S", line)]
        rooms = {name for line in lines for name in re.findall(r"^  (\w+)/", line)}
        files = {
            name
            for line in lines
            if not re.match(r"  \w+/", line)
            for name in re.split(r"\s{3,}", line.strip())[0].split()
        }
        assert rooms == {path.parent.name for path in (ROOT / top).glob("*/__init__.py")}
        assert files == {path.stem for path in (ROOT / top).glob("*.py")} - {"__init__"}


# What these do is told apart by no figure: they say it, keep it or hand it on.
HANDING_ON = {"config/composition", "config/hydra_cli", "config/paths", "data/gate", "train"}
HANDING_ON |= {"runs/folders", "runs/provenance"}


def imported(module: Path) -> set[Path]:
    """Find the project's modules that a module imports, at its top or within functions."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        paths = (ROOT / f"{name.replace('.', '/')}.py" for name in names)
        found |= {path for path in paths if name_of(path).startswith("src/") and path.is_file()}
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("stage", ["compose", "prepare", "profile", "train", "champion"])
def test_a_stage_depends_on_every_module_that_makes_its_figures(stage: str) -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    listed = stages[stage].get("do", stages[stage])["deps"]
    todo, seen = {ROOT / f"src/{stage}.py"}, set()
    while todo:
        module = todo.pop()
        seen.add(module)
        todo |= imported(module) - seen
    for module in seen:
        is_listed = any(
            name_of(module) == dep or name_of(module).startswith(f"{dep}/") for dep in listed
        )
        name = name_of(module).removeprefix("src/").removesuffix(".py")
        if name in HANDING_ON or (stage, name) in ELSEWHERE:
            continue
        if module.stem == "__init__" or name.startswith("support/"):
            continue
        assert is_listed, f"{stage}: {name_of(module)}"


# Imported by a module that the stage needs, and of no use to it there.
SCHEMA = (
    "config/configuration",
    "data/expressions",
    "evaluation/metrics",
    "data/rules",
    "config/blends",
)
CHECKS = ("data/schema_checks", "data/past/checks")
KINDS = tuple(
    f"data/kinds/{one}"
    for one in ("calendar_parts", "instants", "number_format", "spelling", "words")
)
SPLITTING = ("data/groups", "data/moments")
READING = (
    *("data/cleaning", "data/sources", "data/splitting"),
    *("data/diagnosis", "data/kinds/cell_formats", "data/rare"),
)
ELSEWHERE = {
    *(("compose", f"learning/{name}") for name in ("recipe", "training", "validation")),
    ("compose", "evaluation/measures"),
    *(("prepare", name) for name in (*SCHEMA, *CHECKS, "evaluation/decision")),
    *(("profile", name) for name in (*SCHEMA, *CHECKS, *SPLITTING, "data/findings", *READING[1:])),
    *(("train", name) for name in (*READING, *CHECKS, "evaluation/metrics", "data/rules")),
    ("train", "config/members"),  # what is composed already has them
    ("champion", "config/blends"),
    *(("champion", name) for name in (*SCHEMA[:2], "data/schema", "data/features", "data/decide")),
    *(("champion", name) for name in (*KINDS, *CHECKS, "data/multilabel", "data/past/windows")),
}


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 150
