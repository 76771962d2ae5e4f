"""Every page and its path."""

from __future__ import annotations

from typing import Any

import falcon

from app.pages import requests
from app.pages.api import Api
from app.pages.explore import Explore
from app.pages.history import Compare, History, Version
from app.pages.home import Home
from app.pages.labels import Labels
from app.pages.predict import Predict
from app.pages.prediction import OnePrediction
from app.pages.rendering import Renderer
from app.pages.signin import SignIn, SignOut
from app.pages.static import Static
from app.pages.train import Train, Training
from app.security import Guard


def routes(renderer: Renderer, app: falcon.App, guard: Guard, static: Static) -> dict[str, Any]:
    """Return the resources of the dashboard by path."""
    api = Api(app)
    return {
        "/": Home(renderer, api),
        "/datasets/{dataset}/predict": Predict(renderer, api),
        "/datasets/{dataset}/predictions/{number}": OnePrediction(renderer, api),
        "/datasets/{dataset}": Explore(renderer, api),
        "/datasets/{dataset}/labels": Labels(renderer, api),
        "/datasets/{dataset}/train": Train(renderer, api),
        "/datasets/{dataset}/train/{number}": Training(renderer, api),
        "/datasets/{dataset}/history": History(renderer, api),
        "/datasets/{dataset}/history/{number}": Version(renderer, api),
        "/datasets/{dataset}/history/{number}/{other}": Compare(renderer, api),
        "/requests": requests.Log(renderer, api),
        "/requests/{number}": requests.OneRequest(renderer, api),
        "/signin": SignIn(renderer, guard),
        "/signout": SignOut(),
        "/static/{digest}/{name}": static,
    }
