"""The images: what they promise where they are written, and that they do it once they are made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.app import project
from tests.app.postgres import postgres, postgres_url  # noqa: F401 - pytest finds them here
from tests.container import prove
from tests.container.ignored import Ignored
from tests.container.image import Builder, Image
from tests.container.reader import Stage, needed, read

ROOT = Path(__file__).parents[1]
STAGES = {stage.name: stage for stage in read((ROOT / "Dockerfile").read_text(encoding="utf-8"))}
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
LEARN = yaml.safe_load((ROOT / "compose.learn.yaml").read_text(encoding="utf-8"))
VOLUME = "/var/lib/lapidary"


def only(stage: Stage, name: str) -> Any:
    found = stage.last(name)
    assert found is not None, f"{stage.name} has no {name}"
    return found


def test_what_both_images_run_as() -> None:
    runtime = STAGES["runtime"]
    assert {STAGES[name].base for name in ("learn", "serve")} == {"runtime"}
    assert list(STAGES)[-1] == "serve"  # what is built when nothing is said
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", only(runtime, "USER").text)
    assert only(runtime, "VOLUME").words == [VOLUME]
    assert only(runtime, "STOPSIGNAL").text == "SIGTERM"
    for name in ("CMD", "HEALTHCHECK"):
        assert only(runtime, name).is_exec
    assert only(runtime, "CMD").words == ["gunicorn", "app:api"]
    environment = dict(word.split("=", 1) for word in only(runtime, "ENV").words)
    assert environment["LAPIDARY_VAR"] == VOLUME
    assert environment["LAPIDARY_BIND"] == f"0.0.0.0:{only(runtime, 'EXPOSE').text}"


def test_nothing_of_the_training_reaches_the_serving_image() -> None:
    names = [stage.name for stage in needed(list(STAGES.values()), "serve")]
    assert "build-learn" not in names
    # What else is installed there, to list what the image has, has a place of its own.
    into = "pip --python /opt/venv/bin/python install --no-cache-dir"
    installs = [one for one in STAGES["build"].instructions if into in one.text]
    assert ["'.[cpu,postgres]'" in one.text for one in installs] == [True]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_base_is_a_stage_or_has_a_tag(stage: Stage) -> None:
    assert stage.base in STAGES or is_pinned(stage.base)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_container_is_held_short(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"][0].startswith("/tmp:")
    assert service["restart"] == "unless-stopped"
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert "build" in service or is_pinned(service["image"])
    named = [volume for volume in service["volumes"] if isinstance(volume, str)]
    assert len(named) == 1
    assert named[0].split(":")[0] in COMPOSE["volumes"]


def is_pinned(image: str) -> bool:
    """Tell whether an image's tag says a version."""
    return re.search(r":(?!latest)[a-z0-9.-]+$", image) is not None


def test_compose_waits_gives_time_and_keeps_no_secret() -> None:
    service, database = COMPOSE["services"]["service"], COMPOSE["services"]["database"]
    assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "--host=127.0.0.1" in database["healthcheck"]["test"]
    gunicorn = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    finishing = re.search(r"^graceful_timeout = (\d+)$", gunicorn, re.MULTILINE)
    assert finishing is not None
    assert prove.grace() > int(finishing[1])
    for words in (service["environment"]["DATABASE_URL"], database["environment"].values()):
        assert "${POSTGRES_PASSWORD:?" in str(words)
    assert service["ports"] == ["127.0.0.1:8000:8000"]


def test_compose_mounts_what_the_proof_mounts() -> None:
    mounted = [one for one in COMPOSE["services"]["service"]["volumes"] if isinstance(one, dict)]
    learning = LEARN["services"]["service"]["volumes"]
    for volumes, names in ((mounted, prove.MOUNTED), (learning, (prove.DATA,))):
        assert [one["source"] for one in volumes] == [f"./{name}" for name in names]
        assert [one["target"] for one in volumes] == [f"/srv/lapidary/{name}" for name in names]
        assert all(one["type"] == "bind" and one["read_only"] is True for one in volumes)


def test_a_build_sees_what_it_copies_and_nothing_that_is_ours_alone() -> None:
    ignored = Ignored((ROOT / ".dockerignore").read_text(encoding="utf-8"))
    for name in (".env", ".git/config", "data/a.csv", "artifacts/x", "tests/conftest.py", "var/a"):
        assert Path(name) in ignored, name
    for name in ("app/__pycache__/a.pyc", "conf/.env", "src/data/.secret"):
        assert Path(name) in ignored, name
    copies = [
        word
        for stage in STAGES.values()
        for one in stage.instructions
        if one.name == "COPY" and not one.flags
        for word in one.words[:-1]
    ]
    assert len(copies) > 5
    assert [word for word in copies if Path(word) in ignored] == []


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    """Give what makes images; without what that takes, skip, but for CI, which must not."""
    if why := prove.lacking():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with prove.builder() as builder:
        yield builder


@pytest.fixture(scope="module")
def image(builder: Builder) -> Image:
    return builder.build("serve", REVISION="abc")


@pytest.fixture(scope="module")
def models(builder: Builder) -> Path:
    """Return a trained project that the image's user can read, as it can a checkout."""
    folder = builder.work / "models"
    folder.mkdir()
    project.make(folder)
    return folder


@pytest.mark.slow
def test_the_serving_image_has_what_it_needs_alone(image: Image) -> None:
    prove.check_contents(image)
    assert prove.megabytes(image) < 600
    assert image.labels["org.opencontainers.image.revision"] == "abc"


@pytest.mark.slow
def test_the_serving_image_serves(image: Image, models: Path) -> None:
    prove.serve(image, models, "stones")


@pytest.mark.slow
def test_the_serving_image_serves_with_postgresql(
    image: Image,
    models: Path,
    postgres_url: str,  # noqa: F811
) -> None:
    prove.serve(image, models, "stones", postgres_url)
