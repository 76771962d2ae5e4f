"""Show the pipeline's results and what to do next: python -m src.results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from src.config import configuration as configs
from src.config import paths
from src.data import findings
from src.evaluation import metrics
from src.support import text_tables
from src.support.cli import guarded
from src.support.errors import UserError

NEXT = """Next:
  dvc metrics diff                                      what changed since the last commit
  python -m src.train model={model} search=optuna       search for better values
  python -m src.ingest dataset={dataset} source=<csv>    bring fresh data, then: dvc repro
  python -m src.history                                 every run and every commit"""


def main() -> None:
    """Run the command line."""
    argparse.ArgumentParser(prog="python -m src.results", description=__doc__).parse_args()
    guarded(show)


def show() -> None:
    """Print a table per dataset: its models, metrics and champion; and what was found."""
    configs.find_root()
    params = configs.read_params()
    if not paths.CHAMPIONS.is_file():
        raise UserError("There are no results yet.", fix="dvc repro")
    champions = _read(paths.CHAMPIONS)
    for dataset, verdict in champions.items():
        models = [pair.model for pair in params.runs.values() if pair.dataset == dataset]
        _show_dataset(dataset, models, verdict)
    print(NEXT.format(dataset=params.dataset, model=params.model))


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict) or not value:
        raise UserError(f"{path} holds no results.", fix="dvc repro makes them anew")
    return value


def _show_dataset(dataset: str, models: list[str], verdict: dict[str, object]) -> None:
    manifests = {}
    for model in models:
        path = paths.metrics(dataset, model)
        if path.is_file():
            manifests[model] = _read(path)
    if not manifests:
        return
    first = next(iter(manifests.values()))
    metric, names = next(iter(first["cv"])), metrics.shown(first["test"])
    refused = verdict["refused"]
    assert isinstance(refused, dict)
    rows = []
    ranked = sorted(
        manifests.items(), key=lambda one: metrics.cost(metric, one[1]["cv"][metric]["mean"])
    )
    for model, values in ranked:
        mark = "champion" if model == verdict["champion"] else refused.get(model, "")
        cv = values["cv"][metric]
        rows.append([model, mark, cv["mean"], cv["std"], *(values["test"].get(n) for n in names)])
    text_tables.show(
        f"{dataset} (cross-validated {metric}, then the held-out rows)",
        ["model", "verdict", f"cv {metric}", "+-", *names],
        rows,
    )
    for why in metrics.undefined(values["test"] for _, values in ranked):
        print(why)
    quality = paths.quality(dataset)
    of_rows = _read(quality).get("findings") if quality.is_file() else None
    of_models = [(model, values.get("findings")) for model, values in ranked]
    said = findings.table([(findings.ROWS, of_rows), *of_models])
    if said:
        text_tables.show(f"{dataset}: what was found", findings.HEAD, said)


if __name__ == "__main__":
    main()
