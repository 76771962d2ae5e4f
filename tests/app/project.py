"""A small project as the pipeline leaves it: three datasets, two models each, made in seconds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import yaml

from src import champion, compose, prepare, profile
from src.config import paths
from src.inference import bundle as bundles
from src.runs import training

ROOT = Path(__file__).parents[2]
CUTS = ["Fair", "Good", "Ideal"]
STONES: dict[str, Any] = {
    "name": "stones",
    "about": "What a stone costs",
    "noun": "stone",
    "task": "regression",
    "source": "data/stones.csv",
    "target": {"name": "price", "unit": "USD", "above": 0, "about": "retail price"},
    "features": {
        "carat": {"type": "number", "above": 0, "max": 20, "unit": "carat", "about": "weight"},
        "facets": {"type": "integer", "min": 0, "max": 99},
        "cut": {"type": "category", "order": CUTS, "about": "how well it is cut"},
        "depth": {"type": "number", "optional": True, "unit": "mm"},
    },
    "derived": {"heavy": "carat * carat"},
    "metric": "mae",
    "duplicates": "keep",
    "similar": {"same": ["cut"], "nearest": "carat"},
}
DEBTS: dict[str, Any] = {
    "name": "debts",
    "noun": "debt",
    "task": "binary",
    "source": "data/debts.csv",
    "target": {"name": "late", "values": [0, 1], "positive": 1},
    "features": {
        "amount": {"type": "number", "above": 0},
        "owner": {"type": "category"},
        "days": {"type": "integer", "optional": True},
    },
    "metric": "accuracy",
}
NOTES: dict[str, Any] = {
    "name": "notes",
    "noun": "note",
    "task": "multiclass",
    "source": "data/notes.csv",
    "target": {"name": "room"},
    "features": {"text": {"type": "text"}},
    "metric": "accuracy",
}
GHOSTS: dict[str, Any] = {**DEBTS, "name": "ghosts", "source": "data/ghosts.csv"}  # never trained
PARTS = ("conf", "data", "artifacts/bundles", "artifacts/profile", "metrics")
MODELS = {
    "stones": ("linear", "xgboost"),
    "debts": ("logistic", "xgboost"),
    "notes": ("naive_bayes", "linear_svc"),
}
FEW_TREES = {"model": {"params": {"n_estimators": 5}, "early_stopping": None}}
ROOMS = {
    "kitchen": "pan stove oven plate",
    "garden": "rose spade hedge lawn",
    "office": "desk paper phone chair",
}
STONE: dict[str, Any] = {"carat": 1.5, "facets": 57, "cut": "Ideal", "depth": 3.25}
DEBT: dict[str, Any] = {"amount": 250.0, "owner": "north", "days": 12}
NOTE: dict[str, Any] = {"text": "the rose by the hedge"}
RECORDS = {"stones": STONE, "debts": DEBT, "notes": NOTE}
TARGETS = {"stones": "price", "debts": "late", "notes": "room"}
LEAK: dict[str, Any] = {
    "rule": "leaks",
    "code": "tells_target",
    "says": "carat alone tells <99%> of price",
    "do": "take it out of features",
    "columns": ["carat"],
    "figures": {"tells": 0.99},
}


def make(folder: Path) -> None:
    """Fill a folder with configuration and data, and run the pipeline's own stages there."""
    write(folder)
    with contextlib.chdir(folder):
        compose.compose()
        for name in MODELS:
            prepare.prepare(name)
            profile.describe(name)
        for name, models in MODELS.items():
            for model in models:
                training.tracked(f"{name}-{model}")
        champion.crown()


def write(folder: Path) -> None:
    """Write what a person would have: conf/, params.yaml and data/."""
    shutil.copytree(ROOT / "conf", folder / "conf")
    for group in ("dataset", "dataset_model"):
        shutil.rmtree(folder / "conf" / group)
    for dataset in (STONES, DEBTS, NOTES, GHOSTS):
        dump(folder / "conf" / "dataset" / f"{dataset['name']}.yaml", dataset)
    for name in ("stones", "debts"):
        path = folder / "conf" / "dataset_model" / f"{name}_xgboost.yaml"
        dump(path, FEW_TREES, "# @package _global_\n")
    runs = {
        f"{name}-{model}": {"dataset": name, "model": model, "plot": _plot(name)}
        for name, models in MODELS.items()
        for model in models
    }
    params = {"dataset": "stones", "model": "linear", "search": "none", "seed": 7, "folds": 3}
    dump(folder / "params.yaml", {**params, "datasets": list(MODELS), "runs": runs})
    for name, lines in (("stones", _stones()), ("debts", _debts()), ("notes", _notes())):
        path = folder / paths.DATA / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")


def dump(path: Path, values: dict[str, Any], head: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + yaml.safe_dump(values, sort_keys=False))


def _plot(name: str) -> str:
    return "scatter" if name == "stones" else "confusion"


def _stones() -> list[str]:
    """Draw stones: nine of ten are Good or Ideal, so that there are few Fair ones."""
    draw = random.Random(1)
    lines = ["carat,facets,cut,depth,price"]
    for at in range(150):
        carat, cut = round(draw.uniform(0.2, 3), 2), CUTS[0 if at % 25 == 0 else 1 + at % 2]
        depth = "" if at % 6 == 0 else f"{draw.uniform(2, 5):.2f}"
        price = 500 + 3000 * carat + 400 * CUTS.index(cut) + draw.uniform(-200, 200)
        lines.append(f"{carat},{at % 60},{cut},{depth},{price:.0f}")
    return lines


def _debts() -> list[str]:
    draw = random.Random(2)
    lines = ["amount,owner,days,late"]
    for at in range(150):
        amount = round(draw.uniform(1, 1000), 2)
        days = "" if at % 7 == 0 else str(at % 30)
        late = int(amount + draw.uniform(-150, 150) > 500)
        lines.append(f"{amount},{('north', 'south')[at % 2]},{days},{late}")
    return lines


def _notes() -> list[str]:
    draw = random.Random(3)
    lines = ["text,room"]
    for at in range(120):
        room = list(ROOMS)[at % 3]
        words = draw.choices([*ROOMS[room].split(), "team", "work", "today"], k=9)
        lines.append(f"{' '.join(words)},{room}")
    return lines


def copy(trained: Path, folder: Path) -> None:
    """Copy a trained project; the bundles' files are links, to be replaced and not written to."""
    for name in PARTS:
        shutil.copytree(trained / name, folder / name, copy_function=link)
    shutil.copyfile(trained / "params.yaml", folder / "params.yaml")


def link(source: str, target: str) -> str:
    """Link a file of a version or of a bundle, which nobody writes to in place; copy others."""
    if "versions" in Path(source).parts or "bundles" in Path(source).parts:
        os.link(source, target)
    else:
        shutil.copy(source, target)
    return target


def stamp(path: Path) -> tuple[int, int]:
    """Return what tells whether a file was written to."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def damage(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    replace(path, bytes(data))


def replace(path: Path, data: bytes) -> None:
    """Write a file anew: it may be a link to one that other tests read."""
    path.unlink()
    path.write_bytes(data)


def retell(bundle: Path, name: str, change: Any) -> None:
    """Change a JSON file of a bundle, and the manifest so that it names the new bytes."""
    path, manifest = bundle / name, bundle / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    if path != manifest:
        replace(path, json.dumps(document).encode())
        document = json.loads(manifest.read_text())
        document["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    replace(manifest, json.dumps(bundles.sealed(document)).encode())
    judge(bundle)


def judge(place: Path) -> None:
    """Write a bundle's seal into the verdicts, as a pipeline run does that judged it."""
    dataset, model = place.parts[-2:]
    if place == paths.BUNDLES / dataset / model:
        tell_verdict(dataset, model, bundles.seal(place))


def tell_verdict(dataset: str, model: str, seal: str) -> None:
    """Write which bundle of a model was judged."""
    verdicts = json.loads(paths.VERDICTS.read_text())
    verdicts[dataset]["bundles"][model] = seal
    _write(verdicts)


def leak(model: str = "linear") -> None:
    """Write a leak into a bundle of the stones, as a training does that finds one."""

    def tell(manifest: dict[str, Any]) -> None:
        manifest["data"]["findings"] = [LEAK]

    retell(paths.BUNDLES / "stones" / model, "manifest.json", tell)


def crown(dataset: str, model: str | None) -> None:
    """Write the verdicts as a pipeline run does that chose another model, or None."""
    verdicts = json.loads(paths.VERDICTS.read_text())
    verdicts[dataset]["champion"] = model
    _write(verdicts)


def _write(verdicts: dict[str, Any]) -> None:
    fresh = paths.VERDICTS.with_suffix(".fresh")
    fresh.write_text(json.dumps(verdicts))
    fresh.rename(paths.VERDICTS)
