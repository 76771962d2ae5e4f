from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from src.config.configuration import Config, with_values
from src.learning.fits import Fits
from src.learning.recipe import Recipe


def test_a_fit_is_found_by_all_that_determines_it(make_config: Callable[..., Config]) -> None:
    config, fits, found = make_config(), Fits(), object()
    kept: Any = found
    recipe = Recipe(config.dataset, config.model, None, 1)
    fits.keep(recipe, 3, kept)
    same = Recipe(config.dataset, with_values(config.model, {}), None, 1)
    assert fits.find(same, 3) is found
    other = with_values(config.model, {"params.alpha": 0.123})
    assert fits.find(same, 4) is None
    assert fits.find(replace(recipe, model=other), 3) is None
    assert fits.find(replace(recipe, seed=2), 3) is None
