"""What a person edits in conf/ is so at the next look; what cannot be read stays as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.registry.datasets.live_config import LiveConfig
from src.config import composition, composition_cache, paths
from src.support.errors import UserError
from tests.app import project
from tests.app.labels import truths
from tests.app.service import Service, assert_refused

STONES = Path("conf/dataset/stones.yaml")
DATASETS = ["debts", "ghosts", "notes", "stones"]
BROKEN: dict[str, str | bytes] = {
    "no YAML": "name: [stones\n",
    "no text": b"name: \xff\xfe\n",
    "nothing": "",
    "a list": "- stones\n",
    "an unknown key": json.dumps({**project.STONES, "gates": {}}),
    "an unknown metric": json.dumps({**project.STONES, "gate": {"f1": {"min": 1}}}),
    "an unknown policy": json.dumps({**project.STONES, "on_breach": "panic"}),
    "another's name": json.dumps({**project.STONES, "name": "debts"}),
    "a key that is not there": "name: ${nowhere}\n",
}


@pytest.fixture
def configured(home: Path) -> LiveConfig:
    made = LiveConfig()
    assert made.refresh()
    return made


def most(configured: LiveConfig) -> float | None:
    """Return what the gate of the stones allows."""
    dataset = configured.get("stones")
    assert dataset is not None
    return dataset.gate["mae"].max if dataset.gate else None


def test_all_datasets_are_known_whether_trained_or_not(configured: LiveConfig) -> None:
    assert configured.names() == ["debts", "ghosts", "notes", "stones"]
    assert configured.errors() == {}
    ghosts = configured.get("ghosts")
    assert ghosts is not None
    assert (ghosts.name, ghosts.promote, ghosts.on_breach) == ("ghosts", "auto", "warn")
    assert configured.get("nothing") is None


def test_an_edit_is_read_at_the_next_look_and_once(configured: LiveConfig) -> None:
    readings = configured.readings
    assert not configured.refresh(), "nothing has changed"
    truths.rule("stones", gate={"mae": {"max": 500}})
    assert configured.refresh()
    assert most(configured) == 500
    truths.rule("stones", gate={"mae": {"max": 400}})
    assert most(configured) == 500, "not before it looks"
    assert configured.refresh()
    assert most(configured) == 400
    assert configured.readings == readings + 2


@pytest.fixture
def composed(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which the dataset of each composition by Hydra is added."""
    del home
    compose, names = composition.compose, list[str]()

    def count(words: list[str]) -> dict[str, Any]:
        names.append(words[0].removeprefix("dataset="))
        return compose(words)

    monkeypatch.setattr(composition, "compose", count)
    monkeypatch.setattr(composition_cache, "_memory", {})
    return names


def look(configured: LiveConfig, composed: list[str]) -> list[str]:
    """Return the datasets that are composed by another look."""
    composed.clear()
    assert configured.refresh()
    return sorted(composed)


def comment(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("\n# a comment\n")


def test_a_second_start_composes_nothing(
    composed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    var = tmp_path / "var"
    var.mkdir()
    assert look(LiveConfig(var), composed) == DATASETS
    assert look(LiveConfig(var), composed) == []
    monkeypatch.setattr(composition_cache, "_memory", {})
    again = LiveConfig(var)
    assert look(again, composed) == [], "in another process"
    assert again.names() == DATASETS
    assert again.errors() == {}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("conf/dataset/stones.yaml", ["stones"]),
        ("conf/dataset_model/stones_dummy.yaml", ["stones"]),
        ("conf/dataset_model/stones_xgboost.yaml", []),
        ("conf/model/xgboost.yaml", []),
        ("conf/model/dummy.yaml", DATASETS),
        ("conf/config.yaml", DATASETS),
        ("params.yaml", DATASETS),
    ],
)
def test_an_edit_composes_the_datasets_that_the_file_takes_part_in(
    composed: list[str], path: str, names: list[str]
) -> None:
    configured = LiveConfig()
    configured.refresh()
    if path.endswith("stones_dummy.yaml"):
        Path(path).write_text("# @package _global_\n")
    else:
        comment(path)
    assert look(configured, composed) == names
    assert configured.errors() == {}


def test_what_is_broken_is_composed_alone_and_what_is_mended_is_read(composed: list[str]) -> None:
    configured = LiveConfig()
    configured.refresh()
    truths.write("stones", BROKEN["no YAML"])
    assert look(configured, composed) == ["stones"]
    assert list(configured.errors()) == ["stones"]
    assert configured.get("stones") is not None
    truths.rule("stones", gate={"mae": {"max": 321}})
    assert look(configured, composed) == ["stones"]
    assert configured.errors() == {}
    assert most(configured) == 321
    truths.write("stones", BROKEN["no YAML"])
    assert look(configured, composed) == ["stones"], "an error is not kept"
    assert list(configured.errors()) == ["stones"]


def test_what_a_training_asks_for_is_composed_once(composed: list[str]) -> None:
    configured = LiveConfig()
    configured.refresh()
    composed.clear()
    first = configured.config("stones", "xgboost", "optuna", 7)
    assert configured.config("stones", "xgboost", "optuna", 7) == first
    assert composed == ["stones"]
    comment("conf/dataset_model/stones_xgboost.yaml")
    assert configured.config("stones", "xgboost", "optuna", 7) == first
    assert composed == ["stones"] * 2


START = """
import sys
from app import factory, settings

factory.create_api(settings.read(), is_watching=False)
print(sorted({"hydra", "omegaconf"} & sys.modules.keys()))
"""


def test_a_start_after_the_pipeline_does_without_hydra(trained: Path, home: Path) -> None:
    shutil.copytree(trained / paths.COMPOSITIONS, paths.COMPOSITIONS)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(project.ROOT)}
    start = [sys.executable, "-c", START]
    answer = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
    assert not Path("var/composed").exists(), "there was nothing to compose"
    comment("conf/dataset/stones.yaml")
    answer = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout != "[]\n"
    answer = subprocess.run(start, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n", "the service has kept what it composed"


def test_files_come_and_go(configured: LiveConfig) -> None:
    project.dump(STONES.with_name("gems.yaml"), {**project.STONES, "name": "gems"})
    assert configured.refresh()
    assert configured.get("gems") is not None
    STONES.unlink()
    assert configured.refresh()
    assert configured.names() == ["debts", "gems", "ghosts", "notes"]


@pytest.mark.parametrize("kind", list(BROKEN))
def test_what_is_broken_leaves_the_last_good_one(
    configured: LiveConfig, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    truths.rule("stones", gate={"mae": {"max": 500}})
    configured.refresh()
    truths.write("stones", BROKEN[kind])
    assert configured.refresh()
    assert most(configured) == 500
    assert list(configured.errors()) == ["stones"]
    assert "conf/dataset/stones.yaml" in caplog.text
    debts = {**project.DEBTS, "about": "edited"}
    truths.write("debts", json.dumps(debts))
    assert configured.refresh()
    found = configured.get("debts")
    assert found is not None
    assert found.about == "edited", "the others go on"
    assert len(caplog.records) == 1, "told once"
    truths.rule("stones")
    assert configured.refresh()
    assert configured.errors() == {}
    assert most(configured) is None


def test_a_file_that_cannot_be_opened_leaves_the_last_good_one(
    configured: LiveConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(words: list[str]) -> dict[str, Any]:
        if "dataset=stones" in words:
            raise PermissionError("not for you")  # which an administrator would never see
        return compose(words)

    compose = composition.compose
    monkeypatch.setattr(composition, "compose", refuse)
    monkeypatch.setattr(composition_cache, "_memory", {})
    truths.rule("stones", gate={"mae": {"max": 500}})
    assert configured.refresh()
    assert configured.errors() == {"stones": "not for you"}
    assert configured.get("stones") is not None
    assert most(configured) is None


def test_a_folder_in_the_place_of_a_file_is_no_dataset(configured: LiveConfig) -> None:
    STONES.unlink()
    STONES.mkdir()
    assert configured.refresh()
    assert list(configured.errors()) == ["stones"]
    assert configured.get("stones") is not None


def test_what_was_broken_from_the_start_is_known_by_name(home: Path) -> None:
    truths.write("stones", "name: [")
    configured = LiveConfig()
    configured.refresh()
    assert "stones" in configured.names()
    assert configured.get("stones") is None
    with pytest.raises(UserError, match="not valid YAML"):
        configured.config("stones", "linear", "none", None)


def test_without_params_every_dataset_stays_as_it_was(configured: LiveConfig) -> None:
    Path("params.yaml").rename("elsewhere.yaml")
    assert configured.refresh()
    assert list(configured.errors()) == configured.names()
    assert configured.get("stones") is not None


def test_a_folder_without_conf_has_no_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    configured = LiveConfig()
    configured.refresh()
    assert configured.names() == []


def test_a_training_is_configured_as_a_command_line_would(configured: LiveConfig) -> None:
    config = configured.config("stones", "xgboost", "optuna", 7)
    assert (config.dataset.name, config.model.name, config.seed) == ("stones", "xgboost", 7)
    assert config.search.trials == 7  # type: ignore[union-attr]
    few: Any = project.FEW_TREES
    assert config.model.params["n_estimators"] == few["model"]["params"]["n_estimators"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing", "linear", "none", None), "no 'nothing'"),
        (("stones", "linaer", "none", None), "did you mean 'linear'"),
        (("stones", "logistic", "none", None), "Unknown model 'logistic' for 'stones'"),
        (("stones", "linear", "grid", None), "Unknown search"),
        (("stones", "linear", "none", 5), "no search"),
        (("stones", "linear", "optuna", 0), "trials"),
    ],
)
def test_a_training_that_conf_does_not_have_is_refused_in_words(
    configured: LiveConfig, words: tuple[Any, ...], told: str
) -> None:
    with pytest.raises(UserError) as caught:
        configured.config(*words)
    assert told in str(caught.value)


def test_two_readers_of_one_process_do_not_disturb_each_other(home: Path) -> None:
    errors: list[str] = []

    def read() -> None:
        try:
            configured = LiveConfig()
            configured.refresh()
            for _ in range(3):
                configured.config("debts", "logistic", "none", None)
            errors.extend(configured.errors().values())
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_service_that_runs_follows_and_says_what_it_cannot_read(service: Service) -> None:
    assert "refused" not in service.ask("/readyz").json["models"]
    truths.write("stones", BROKEN["an unknown policy"])
    service.look()
    ready = service.ask("/readyz")
    assert ready.status_code == 200
    assert "panic" in ready.json["models"]["refused"]["stones"]
    assert "panic" in service.ask("/v1/stones/models").json["refused"]
    assert service.predict().status_code == 200, "the champion needs no YAML"
    truths.rule("stones", on_breach="refuse")
    service.look()
    assert "refused" not in service.ask("/readyz").json["models"]
    assert service.ask("/v1/stones/scoreboard").json["on_breach"] == "refuse"


def test_a_dataset_without_a_champion_takes_labels_and_trainings(service: Service) -> None:
    for path in ("labels", "trainings", "scoreboard"):
        assert service.ask(f"/v1/ghosts/{path}").status_code == 200
        document = assert_refused(service.ask(f"/v1/ghost/{path}"), 404, "no such dataset")
        assert document["fix"] == "did you mean 'ghosts'?"
        assert document["allowed"] == ["debts", "ghosts", "notes", "stones"]


def test_a_new_dataset_is_known_at_the_next_look(
    make_service: Callable[..., Service], home: Path
) -> None:
    service = make_service()
    truths.write("gems", json.dumps({**project.STONES, "name": "gems"}))
    assert_refused(service.ask("/v1/gems/labels"), 404)
    service.look()
    assert service.ask("/v1/gems/labels").status_code == 200
    assert_refused(service.predict("gems", project.STONE), 503, "no champion yet")
