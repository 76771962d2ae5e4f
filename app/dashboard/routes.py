"""Every page and its path."""

from __future__ import annotations

from typing import Any

import falcon

from app.auth.guard import Guard
from app.dashboard import requests
from app.dashboard.api_client import ApiClient
from app.dashboard.explore import Explore
from app.dashboard.history import Compare, History, Version
from app.dashboard.home import Home
from app.dashboard.labels import Labels
from app.dashboard.predict import Predict
from app.dashboard.prediction import OnePrediction
from app.dashboard.rendering import Renderer
from app.dashboard.signin import SignIn, SignOut
from app.dashboard.static import Static
from app.dashboard.train import Train, Training


def routes(renderer: Renderer, app: falcon.App, guard: Guard, static: Static) -> dict[str, Any]:
    """Return the resources of the dashboard by path."""
    api = ApiClient(app)
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
