"""Choose each dataset's champion among its tracked runs: python -m src.champion."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import Any

from src.config import configuration as configs
from src.config import paths
from src.data import gate
from src.data.rules import Gate, Refuse
from src.evaluation import folds, metrics
from src.inference import bundle
from src.support import files
from src.support.cli import guarded
from src.support.errors import UserError
from src.support.structs import Checked, convert

TIE_DIGITS = 4  # significant; models that agree in these are as good as each other


class Contest(Checked, frozen=True):
    """What src.compose wrote for a dataset: its candidates and how they are judged."""

    task: str
    metric: str
    gate: dict[str, Gate | Refuse]
    models: list[str]


@dataclass(frozen=True)
class Entrant:
    """A tracked run's result."""

    model: str
    complexity: int
    cv: float
    metrics: dict[str, Any]
    missed: list[str]
    seal: str  # of its bundle
    scores: list[float] = field(default_factory=list)  # of the folds
    members: dict[str, list[float]] = field(default_factory=dict)  # of a blend, with their scores


def main() -> None:
    """Run the command line."""
    argparse.ArgumentParser(prog="python -m src.champion", description=__doc__).parse_args()
    guarded(crown)


def crown() -> None:
    """Write metrics/champions.json, and for the service the bundles that were judged."""
    configs.find_root()
    if not any(paths.DATASET_CONFS.glob("*.yaml")):
        raise UserError("Nothing has been composed yet.", fix="dvc repro")
    champions, verdicts = {}, {}
    for path in sorted(paths.DATASET_CONFS.glob("*.yaml")):
        contest = convert(configs.read_yaml(path), Contest, str(path))
        entrants = [_entrant(path.stem, model, contest) for model in contest.models]
        champions[path.stem] = _verdict(choose(entrants, contest.metric), entrants, contest)
        verdicts[path.stem] = {
            "champion": champions[path.stem]["champion"],
            "metric": contest.metric,
            "bundles": {one.model: one.seal for one in entrants},
        }
        print(f"{path.stem}: {_words(champions[path.stem])}")
    files.write_json(paths.CHAMPIONS, champions)
    files.write_json(paths.VERDICTS, verdicts)


def choose(entrants: list[Entrant], metric: str) -> Entrant | None:
    """Return the best run by the cross-validated metric among those that pass the gate.

    The held-out rows serve the gate only: choosing by them would bias their figures. Ties go to
    the simpler model, then to the first name. A blend has to be better than each of its members
    that is a run as well, by more than chance.
    """
    passed = [one for one in entrants if not one.missed and not needless(one, entrants, metric)]
    return min(
        passed,
        key=lambda one: (
            metrics.cost(metric, float(f"{one.cv:.{TIE_DIGITS}g}")),
            one.complexity,
            one.model,
        ),
        default=None,
    )


def needless(blend: Entrant, entrants: list[Entrant], metric: str) -> list[str]:
    """Name the runs of a blend's members that chance alone may have made look worse than it."""
    return [
        one.model
        for one in entrants
        if one.model in blend.members
        and not one.missed
        and not folds.earns_its_place(metric, blend.scores, [blend.members[one.model]])
    ]


def _entrant(dataset: str, model: str, contest: Contest) -> Entrant:
    place = paths.BUNDLES / dataset / model
    manifest, seal = bundle.read_manifest(place), bundle.seal(place)
    figures = manifest["metrics"]
    if contest.metric not in figures["cv"]:
        raise UserError(
            f"{model} of {dataset} was trained by another metric.",
            given=", ".join(figures["cv"]),
            choices=[contest.metric],
            fix="dvc repro",
        )
    return Entrant(
        model=model,
        complexity=manifest["config"]["model"]["complexity"],
        cv=figures["cv"][contest.metric]["mean"],
        metrics=figures,
        missed=gate.missed(manifest, contest.gate),
        seal=seal,
        scores=manifest["details"].get("cv_scores", []),
        members={one["model"]: one["cv_scores"] for one in manifest["details"].get("members", [])},
    )


def _verdict(best: Entrant | None, entrants: list[Entrant], contest: Contest) -> dict[str, Any]:
    verdict: dict[str, Any] = {"champion": None if best is None else best.model}
    if best is not None:
        verdict["metric"] = contest.metric
        verdict["cv"] = best.metrics["cv"][contest.metric]
        verdict["test"] = best.metrics["test"]
    verdict["refused"] = {
        one.model: why for one in entrants if (why := _why_not(one, entrants, contest))
    }
    return verdict


def _why_not(one: Entrant, entrants: list[Entrant], contest: Contest) -> str:
    """Say why a run cannot be the champion; nothing where it can."""
    others = needless(one, entrants, contest.metric)
    said = f"not better than {', '.join(others)} by more than chance" if others else ""
    return "; ".join([*one.missed, *filter(None, [said])])


def _words(verdict: dict[str, Any]) -> str:
    refused = "".join(f"\n  refused {name}: {why}" for name, why in verdict["refused"].items())
    if verdict["champion"] is None:
        return f"no run passes the gate; there is no champion{refused}"
    cv = verdict["cv"]
    return (
        f"the champion is {verdict['champion']}, {verdict['metric']} "
        f"{cv['mean']:g} +- {cv['std']:g} in cross-validation{refused}"
    )


if __name__ == "__main__":
    main()
