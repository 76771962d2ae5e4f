"""Every page of the dashboard."""

from __future__ import annotations

import falcon
import peewee

from app.auth.guard import Guard
from app.dashboard import requests
from app.dashboard.api_client import ApiClient
from app.dashboard.card import Card
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
from app.http.resource import Resource


def routes(
    renderer: Renderer,
    app: falcon.App,
    guard: Guard,
    static: Static,
    database: peewee.Database,
) -> list[Resource]:
    """Return the resources of the dashboard."""
    api = ApiClient(app)
    return [
        Home(renderer, api),
        Predict(renderer, api),
        OnePrediction(renderer, api),
        Explore(renderer, api),
        Labels(renderer, api),
        Train(renderer, api),
        Training(renderer, api),
        History(renderer, api),
        Version(renderer, api),
        Card(renderer, api),
        Compare(renderer, api),
        requests.Log(renderer, api),
        requests.OneRequest(renderer, api),
        SignIn(renderer, guard),
        SignOut(guard, database),
        static,
    ]
