"""What the pipeline writes is what is described, and all of it."""

from __future__ import annotations

import msgspec
import pytest

from app.registry.datasets.profile import DatasetProfile
from tests.app import project
from tests.app.service import Service


@pytest.mark.parametrize("dataset", project.MODELS)
def test_a_profile_is_described_in_full(service: Service, dataset: str) -> None:
    answer = service.ask(f"/v1/{dataset}/profile")
    profile = msgspec.json.decode(answer.content, type=DatasetProfile)
    assert msgspec.to_builtins(profile) == answer.json
