"""History: how good each version was, what happened to it, and two of them side by side."""

from __future__ import annotations

import json
from typing import Any

import falcon

from app.dashboard.api_client import part
from app.dashboard.figures import version as version_figures
from app.dashboard.filters import given, query
from app.dashboard.page import Page
from app.http import problems
from src.support.errors import UserError

AXES = {"version": "by version", "time": "by time", "commit": "by commit"}
# What a visitor may choose, as the API is asked for it.
STATES = {
    "champion": {"state": "champion"},
    "champion before": {"state": "earlier"},
    "never served": {"state": "never"},
    "passes the gate": {"gate": "passed"},
    "misses the gate": {"gate": "missed"},
}
SHOWN = 50  # versions in the table, and points in the chart
EVENTS = 20  # of a page
SHORT = 8  # digits of a commit
Row = dict[str, Any]


class History(Page):
    """GET /datasets/{dataset}/history: a chart, the versions, and what happened to them."""

    path = "/datasets/{dataset}/history"

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Show the versions that match the filter; redirect to a comparison if two are chosen."""
        base = f"/v1/{part(dataset)}"
        pair = [request.get_param(name) for name in ("a", "b")]
        if all(pair):
            one, other = (part(number or "") for number in pair)
            raise falcon.HTTPSeeOther(
                f"{request.root_path}/datasets/{part(dataset)}/history/{one}/{other}"
            )
        filters = given(request, ["model", "state"])
        cursors = given(request, ["cursor", "events"])
        models = self._models(request, base, filters, cursors.get("cursor"))
        rows = [] if models is None else _rows(models)
        axis = request.get_param("by") or "version"
        axis = axis if axis in AXES else "version"
        self.show(
            request,
            response,
            "history.html",
            dataset=dataset,
            models=models,
            rows=rows,
            states=list(STATES),
            filters=filters,
            cursors=cursors,
            query=query,
            events=models and self._events(request, base, cursors.get("events")),
            axes=AXES,
            axis=axis,
            metric=None if models is None else version_figures.described(models["metric"]),
            drawn=_chart(axis, rows, models),
            chosen=_chosen(rows),
            before=next(iter(version_figures.served(models)), None) if models else None,
        )

    def _models(
        self, request: falcon.Request, base: str, filters: dict[str, str], cursor: str | None
    ) -> Row | None:
        """Return a page of the versions; None if there are none yet."""
        asked = {"model": filters.get("model"), **STATES.get(filters.get("state", ""), {})}
        try:
            models: Row = self.api.get(
                request, f"{base}/models", limit=SHOWN, cursor=cursor, **asked
            )
        except UserError as error:
            if problems.status(error) == 503:
                return None
            raise
        return models

    def _events(self, request: falcon.Request, base: str, cursor: str | None) -> Row:
        events: Row = self.api.get(request, f"{base}/events", limit=EVENTS, cursor=cursor)
        return events


class Version(Page):
    """GET /datasets/{dataset}/history/{number}: one version in full."""

    path = "/datasets/{dataset}/history/{number}"

    def on_get(
        self, request: falcon.Request, response: falcon.Response, dataset: str, number: str
    ) -> None:
        """Show its metrics, its costliest errors and its origin."""
        base = f"/v1/{part(dataset)}"
        version = self.api.get(request, f"{base}/models/{part(number)}")
        models = self.api.get(request, f"{base}/models", state="champion")
        happened = self.api.get(request, f"{base}/events", version=version["version"])
        target = version["configuration"]["dataset"]["target"]
        self.show(
            request,
            response,
            "version.html",
            dataset=dataset,
            version=version,
            target=target,
            serves=version_figures.champion(models),
            beside=_beside(version, models),
            waits=version_figures.waits(models, version["version"]),
            events=happened["events"],
            metrics=version_figures.measured(version["metrics"]),
            charts=version_figures.drawn(version, target),
            numeric=version_figures.numeric((version["held_out"] or {}).get("worst", ())),
            doubted=version_figures.numeric(version.get("suspects", {}).get("rows", ())),
            recipe=json.dumps(version["tuned"] or version["configuration"]["model"], indent=2),
        )


class Compare(Page):
    """GET /datasets/{dataset}/history/{number}/{other}: what sets two versions apart."""

    path = "/datasets/{dataset}/history/{number}/{other}"

    def on_get(
        self,
        request: falcon.Request,
        response: falcon.Response,
        dataset: str,
        number: str,
        other: str,
    ) -> None:
        """Show the differences in configuration, in metrics and on the same rows."""
        path = f"/v1/{part(dataset)}/models/{part(number)}/compare/{part(other)}"
        comparison = self.api.get(request, path)
        pair = [f"version {one['version']}" for one in comparison["versions"]]
        metrics = [
            {**version_figures.described(one["name"]), **one} for one in comparison["metrics"]
        ]
        made = [
            {**one, **{side: _written(one[side]) for side in "ab"}}
            for one in comparison["configuration"]
        ]
        self.show(
            request,
            response,
            "compare.html",
            dataset=dataset,
            comparison=comparison,
            pair=pair,
            metrics=metrics,
            made=made,
            numeric=version_figures.numeric(comparison["rows"]["most"]),
            drawn=_pair_chart(comparison, (pair[0], pair[1])),
        )


def _rows(models: Row) -> list[Row]:
    """Return the rows of the table and the chart, newest first."""
    now, before, metric = (
        version_figures.champion(models),
        version_figures.served(models),
        models["metric"],
    )
    rows = []
    for version in models["versions"]:
        number, metrics, git = version["version"], version["metrics"], version["git"]
        state = "champion before" if number in before else "never served"
        rows.append(
            {
                **version,
                "state": "champion" if number == now else state,
                "test": metrics["test"].get(metric),
                "cv": metrics["cv"].get(metric, {}).get("mean"),
                "std": metrics["cv"].get(metric, {}).get("std"),
                "commit": (git.get("commit") or "")[:SHORT] or "no commit",
                "is_dirty": bool(git.get("dirty")),
            }
        )
    return rows


def _beside(version: Row, models: Row) -> Row | None:
    """Return the metric of a version and of the champion; None if they are the same."""
    serves, metric = version_figures.champion(models), models["metric"]
    tested = {one["version"]: one["metrics"]["test"].get(metric) for one in models["versions"]}
    this, that = version["metrics"]["test"].get(metric), tested.get(serves)
    if serves == version["version"] or this is None or that is None:
        return None
    return {"metric": metric, "this": this, "that": that, "on": "its held-out rows"}


def _chart(axis: str, rows: list[Row], models: Row | None) -> Row | None:
    if not rows or models is None:
        return None
    from app.dashboard.charts import history as charts  # Altair takes memory that other pages spare

    points = [
        {
            **{name: row[name] for name in ("version", "model", "test", "cv", "commit", "state")},
            "at": row["trained"],
            "gate": "passed" if row["gate"]["passed"] else "; ".join(row["gate"]["missed"]),
        }
        for row in rows
    ]
    points.sort(key=lambda one: (one["at"], one["version"]))
    return charts.over(axis, points, models["metric"])


def _chosen(rows: list[Row]) -> tuple[int | None, int | None]:
    """Return the versions to compare by default: the champion and the newest other one."""
    numbers = [row["version"] for row in rows]
    champions = [row["version"] for row in rows if row["state"] == "champion"]
    first = champions[0] if champions else (numbers[-1] if numbers else None)
    second = next((number for number in numbers if number != first), first)
    return first, second


def _written(value: Any) -> Any:
    """Format a value of a configuration for a table."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _pair_chart(comparison: Row, names: tuple[str, str]) -> Row | None:
    points = comparison["rows"].get("points")
    if not points:
        return None
    from app.dashboard.charts import history as charts

    is_class = comparison["task"] != "regression"
    return charts.pair(points, names, "class" if is_class else "prediction", is_class=is_class)
