"""Track a dataset with its models in params.yaml: what `dvc repro` trains and compares."""

from __future__ import annotations

import argparse
import re

import yaml

from src.config import composition_cache, paths, tables
from src.config import configuration as configs
from src.config.configuration import Params
from src.data.schema import Dataset
from src.support import files
from src.support.cli import guarded, key_values
from src.support.errors import UserError, unknown
from src.support.structs import Checked, convert

KEYS = ("dataset", "models")


class Request(Checked, frozen=True):
    """A command line of src.track."""

    dataset: str
    models: list[str]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m src.track",
        description="Add a dataset and a run for each model to params.yaml, whose comments stay.",
        epilog="python -m src.track dataset=churn models=dummy,logistic,xgboost",
    )
    parser.add_argument("words", nargs="*", metavar="key=value", help="dataset, models")
    words = parser.parse_args().words
    guarded(lambda: track(request(words)))


def request(words: list[str]) -> Request:
    """Read the command line."""
    pairs = key_values(words, KEYS)
    for key in KEYS:
        if not pairs.get(key):
            raise UserError(f"No {key} named.", fix=f"{key}=...")
    return Request(pairs["dataset"], pairs["models"].split(","))


def track(request: Request) -> None:
    """Write params.yaml; raise UserError, with nothing written, where a run is there already."""
    configs.find_root()
    params = configs.read_params()
    dataset = _dataset(request, params)
    before = configs.PARAMS.read_text(encoding="utf-8")
    after = added(before, dataset, request.models)
    convert(yaml.safe_load(after), Params, str(configs.PARAMS))
    files.write(configs.PARAMS, after.encode())
    print(f"{configs.PARAMS}: {dataset.name} with {', '.join(request.models)}. Next:")
    print("  dvc repro")


def _dataset(request: Request, params: Params) -> Dataset:
    """Return the dataset once all that is asked can be tracked."""
    name = request.dataset
    if name not in configs.choices("dataset"):
        raise unknown("dataset", name, configs.choices("dataset"))
    composed = composition_cache.compose(composition_cache.dataset_words(name))
    dataset: Dataset = convert(composed["dataset"], Dataset, "dataset")
    serving = configs.serving_models(dataset.task)
    for model in request.models:
        if model not in serving:
            raise unknown(f"model for {dataset.task}", model, serving)
    taken = [
        run
        for run, pair in params.runs.items()
        if pair.dataset == name and pair.model in request.models
    ]
    if taken or len(set(request.models)) < len(request.models):
        tracked = {params.runs[run].model for run in taken}
        left = [model for model in dict.fromkeys(request.models) if model not in tracked]
        raise UserError(
            "A pair is tracked once; nothing was written.",
            given=f"{', '.join(taken)}, tracked already" if taken else ", ".join(request.models),
            fix=f"models={','.join(left)}" if left else "dvc repro trains them",
        )
    path = tables.path(dataset)
    if not path.is_file():
        source = "" if tables.is_elsewhere(dataset) else " source=<path or URL>"
        raise UserError(
            f"The rows of '{name}' are not in {paths.DATA}/ yet.",
            given=f"source: {dataset.source}",
            choices=[str(path)],
            fix=f"python -m src.ingest dataset={name}{source} mode=replace",
        )
    return dataset


def added(text: str, dataset: Dataset, models: list[str]) -> str:
    """Return the text of params.yaml with a line for the dataset and one for each run."""
    params = convert(yaml.safe_load(text), Params, str(configs.PARAMS))
    plot = "scatter" if dataset.task == "regression" else "confusion"
    name = dataset.name
    runs = [
        f"  {name}-{model}: {{dataset: {name}, model: {model}, plot: {plot}}}" for model in models
    ]
    if name not in params.datasets:
        text = _appended(text, "datasets", [f"  - {name}"])
    return _appended(text, "runs", runs)


def _appended(text: str, key: str, lines: list[str]) -> str:
    """Add lines at the end of a block, before what is blank or a comment after it."""
    block = re.search(rf"^{key}:[^\n]*\n(?:[ \t]+\S[^\n]*\n|-[^\n]*\n)*", f"{text}\n", re.MULTILINE)
    empty = re.search(rf"^{key}:[ \t]*(\[ *\]|\{{ *\}})", text, re.MULTILINE)
    if empty is not None:
        text = f"{text[: empty.start(1)].rstrip()}{text[empty.end(1) :]}"
        return _appended(text, key, lines)
    if block is None or re.match(rf"{key}:\s*[\[{{]", block[0]):
        raise UserError(
            f"'{key}' in {configs.PARAMS} is not written a line for each.",
            fix="write it so:\n" + "\n".join([f"{key}:", *lines]),
        )
    whole = text if text.endswith("\n") else f"{text}\n"
    return whole[: block.end()] + "".join(f"{line}\n" for line in lines) + whole[block.end() :]


if __name__ == "__main__":
    main()
