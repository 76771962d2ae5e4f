from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from src.config import composition, configuration, paths
from src.data import prepared
from src.runs import folders, training
from src.support.errors import UserError

SEARCH = ["search=optuna", "search.trials=4", "search.jobs=1", "search.startup=2"]


@pytest.fixture
def composed(project: Path) -> configuration.Config:
    """Prepare `stones` and compose one tracked run that searches, as the pipeline does."""
    composition.prepare()
    made = configuration.build(
        composition.compose(["dataset=stones", "model=ridge", "folds=3", *SEARCH])
    )
    path = paths.RUN_CONFS / "stones-ridge.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(configuration.resolved(made), sort_keys=False))
    prepared.save(paths.PREPARED / "stones", *prepared.prepare(made.dataset, made.seed))
    return made


def records() -> list[Path]:
    return sorted(Path("runs/stones").iterdir())


def forget_the_end(record: Path) -> None:
    """Make a finished record look as if its process was killed before the bundle."""
    (record / "manifest.json").unlink()


def test_a_tracked_run_fills_the_pipelines_outputs_and_leaves_a_record(
    composed: configuration.Config,
) -> None:
    trained = training.tracked("stones-ridge")
    assert trained.place == Path("artifacts/bundles/stones/ridge")
    metrics = json.loads(Path("metrics/stones/ridge.json").read_text())
    told = trained.manifest["metrics"]
    assert "seconds" not in metrics, "it would change a committed file where nothing else does"
    assert metrics == {
        **{name: value for name, value in told.items() if name != "seconds"},
        "findings": trained.manifest["findings"],
    }
    plot = Path("metrics/stones/ridge.csv").read_text().splitlines()
    assert plot[0] == "actual,predicted"
    assert len(plot) - 1 == metrics["rows"]["test"]
    (record,) = records()
    assert json.loads((record / "manifest.json").read_text()) == trained.manifest
    assert not (record / "bundle").exists(), "the pipeline's bundle is kept once"
    assert trained.manifest["tuned"]["params"]["alpha"] > 0


def test_a_tracked_search_that_was_stopped_goes_on_by_itself(
    composed: configuration.Config,
) -> None:
    training.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    before = (record / "study.journal").read_bytes()
    training.tracked("stones-ridge")
    assert records() == [record]
    assert (record / "study.journal").read_bytes().startswith(before)


def test_a_tracked_search_of_something_else_begins_anew(composed: configuration.Config) -> None:
    training.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    path = paths.RUN_CONFS / "stones-ridge.yaml"
    values = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**values, "seed": values["seed"] + 1}, sort_keys=False))
    training.tracked("stones-ridge")
    assert len(records()) == 2


def test_a_finished_search_is_done_again_when_asked_again(composed: configuration.Config) -> None:
    training.tracked("stones-ridge")
    training.tracked("stones-ridge")
    assert len(records()) == 2


def test_a_run_that_is_not_tracked_lists_those_that_are(composed: configuration.Config) -> None:
    with pytest.raises(UserError) as caught:
        training.tracked("stones-rigde")
    assert "diamonds-ridge" in str(caught.value)


def test_a_stopped_run_of_the_pipeline_is_left_to_it(composed: configuration.Config) -> None:
    training.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    with pytest.raises(UserError, match="belongs to the pipeline"):
        training.continued(record, {})


def test_a_folder_that_is_no_run_lists_the_stopped_ones(composed: configuration.Config) -> None:
    training.tracked("stones-ridge")
    (record,) = records()
    forget_the_end(record)
    with pytest.raises(UserError) as caught:
        training.continued(Path("runs/stones/nowhere"), {})
    assert str(record) in str(caught.value)


def test_a_run_outside_of_runs_is_not_gone_on_with(project: Path) -> None:
    stranger = project / "elsewhere"
    stranger.mkdir()
    (stranger / "request.json").write_text("{}")
    with pytest.raises(UserError, match="is a folder in runs/"):
        training.continued(stranger, {})


def test_a_run_that_names_an_unknown_class_is_not_gone_on_with(
    composed: configuration.Config,
) -> None:
    values = configuration.resolved(composed)
    values["model"]["estimator"]["regression"]["_target_"] = "os.system"
    folder = Path("runs/stones/forged")
    folder.mkdir(parents=True)
    request = {"started": "", "run": None, "md5": "", "config": values}
    (folder / "request.json").write_text(json.dumps(request))
    with pytest.raises(UserError, match="_target_"):
        training.continued(folder, {})


def test_a_damaged_request_is_told(composed: configuration.Config) -> None:
    folder = Path("runs/stones/damaged")
    folder.mkdir(parents=True)
    (folder / "request.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        training.continued(folder, {})


def test_an_own_run_keeps_the_rows_that_it_rejected(
    composed: configuration.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("data/stones.csv").open("a") as file:
        file.write("heavy,1,Good,500\n")
    own = training.own(configuration.build(composition.compose(["dataset=stones", "model=dummy"])))
    rejected = (own.place.parent / "rejected.csv").read_text()
    assert "carat is not a number: 'heavy'" in rejected
    assert "1 of 41 rows rejected (not_a_number 1)" in capsys.readouterr().out


def test_what_is_searched_is_what_is_fitted(project: Path) -> None:
    composition.prepare()
    model = Path("conf/model/ridge.yaml")
    text = (
        model.read_text()
        .replace("Ridge}", "Ridge, alpha: 1.0}")
        .replace("params: {alpha: 1.0}\n", "")
    )
    model.write_text(text)
    made = configuration.build(composition.compose(["dataset=stones", "model=ridge", *SEARCH]))
    trained = training.own(made)
    from src.inference import bundle

    fitted = bundle.load(trained.place).model.members[0]
    assert fitted.alpha == trained.manifest["tuned"]["params"]["alpha"]
    assert fitted.alpha != 1.0


def test_a_tracked_search_that_ends_early_is_told_how_the_pipeline_goes_on(
    composed: configuration.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    paths.BUNDLES.parent.mkdir(parents=True, exist_ok=True)
    paths.BUNDLES.write_text("in the way of the bundles' folder")
    with pytest.raises(UserError, match="could not be written"):
        training.tracked("stones-ridge")
    told = capsys.readouterr().err
    assert "dvc repro" in told
    assert "continue_from" not in told


def test_a_bundle_holds_the_model_as_plain_data_that_answers_alike(
    composed: configuration.Config,
) -> None:
    from src.inference import bundle, parity, predictor

    trained = training.own(composed)
    manifest = bundle.read_manifest(trained.place)
    assert manifest["export"]["kind"] == "linear"
    assert 0 <= manifest["export"]["largest_difference"] < 1e-9
    assert {"predictor.json", "predictor.npz", "golden.json", "held_out.json"} <= set(
        manifest["files"]
    )
    made = predictor.load(trained.place, manifest)
    parity.check_golden(made, trained.place, manifest)
    rows = bundle.load(trained.place).rows()
    expected = bundle.load(trained.place).model.output(rows)
    features = rows[list(composed.dataset.features)]
    assert made.output(list(features.itertuples(index=False, name=None))) == pytest.approx(expected)


def test_a_bundle_holds_the_interval_and_what_finds_similar_rows(project: Path) -> None:
    from src.inference import bundle, similar

    composition.prepare()
    path = project / "conf" / "dataset" / "stones.yaml"
    path.write_text(path.read_text() + "similar: {same: [cut], nearest: carat}\n")
    made = configuration.build(composition.compose(["dataset=stones", "model=ridge", "folds=3"]))
    trained = training.own(made)
    manifest = bundle.read_manifest(trained.place)
    assert manifest["interval"]["low"]
    rows = bundle.load(trained.place).rows()
    for name in similar.build(rows, made.dataset):
        assert name in manifest["files"]


def test_an_export_that_answers_otherwise_is_left_out_and_said(
    composed: configuration.Config,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from src.inference import bundle, parity, predictor

    monkeypatch.setattr(parity, "largest", lambda *_: 0.25)
    trained = training.own(composed)
    assert "differs from the fitted one by up to 0.25" in capsys.readouterr().err
    assert trained.manifest["export"] is None
    assert "predictor.npz" not in trained.manifest["files"]
    made = predictor.load(trained.place, trained.manifest)
    assert made.kind == "pickled"
    parity.check_golden(made, trained.place, trained.manifest)
    assert bundle.load(trained.place).manifest["export"] is None


def test_the_same_training_exports_the_same_bytes(composed: configuration.Config) -> None:
    one, two = training.own(composed), training.own(composed)
    cards = ("card.json", "card.md")
    for name in ("predictor.json", "predictor.npz", "golden.json", "held_out.json", *cards):
        assert one.manifest["files"][name] == two.manifest["files"][name]


def test_a_bundle_has_the_models_card(composed: configuration.Config) -> None:
    from src.card import schema

    trained = training.own(composed)
    card = schema.read(trained.place, trained.manifest)
    assert card is not None
    assert (card["dataset"], card["model"]) == ("stones", "ridge")
    mae = card["metrics"][0]
    assert mae["value"] == trained.manifest["metrics"]["test"]["mae"]
    assert card["data"]["md5"] == trained.manifest["data"]["md5"]
    assert "search=optuna search.trials=4" in card["reproduction"]["command"]
    assert card["importance"]["causes"]
    assert {one["feature"] for one in card["effects"]} == {"carat", "facets", "cut"}
    text = schema.read_markdown(trained.place, trained.manifest)
    assert text is not None
    assert text.decode().startswith("# Model card: stones, ridge")


class Progress:
    """Remember the stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, name: str, total: int) -> None:
        self.stages.append(name)

    def step(self, note: str = "") -> None:
        pass


def test_a_training_of_somebody_elses_writes_nothing_but_its_bundle(
    composed: configuration.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    from src.inference import bundle

    before = {path for path in Path().rglob("*") if path.is_file()}
    ready, _ = prepared.prepare(composed.dataset, composed.seed)
    run, progress = folders.Run(Path("elsewhere/work")), Progress()
    run.path.mkdir(parents=True)
    outcome, manifest = training.finish(
        composed, ready, run, progress, extra={"rows.bin": b"as they were"}
    )
    place = run.path / "bundle"
    made = {path for path in Path().rglob("*") if path.is_file()} - before
    assert {path.parts[0] for path in made} == {"elsewhere"}
    assert (place / "rows.bin").read_bytes() == b"as they were"
    assert manifest == bundle.read_manifest(place)
    assert manifest["files"]["rows.bin"] == hashlib.sha256(b"as they were").hexdigest()
    assert "predictor.json" in manifest["files"], "beside the bundle's own"
    assert manifest["metrics"] == outcome.metrics
    assert progress.stages[-1] == "cross-validation and fit"
    assert capsys.readouterr().err == ""


def test_only_what_can_be_gone_on_with_says_how(
    composed: configuration.Config,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr("src.inference.bundle.save", fail)
    ready, _ = prepared.prepare(composed.dataset, composed.seed)
    run = folders.Run(Path("elsewhere"))
    run.path.mkdir()
    with pytest.raises(UserError, match="disk is full"):
        training.finish(composed, ready, run, Progress())
    assert (run.path / "study.journal").is_file(), "the trials so far stay"
    assert capsys.readouterr().err == ""
    with pytest.raises(UserError, match="disk is full"):
        training.own(composed)
    (stopped,) = records()
    assert f"continue_from={stopped}" in capsys.readouterr().err
