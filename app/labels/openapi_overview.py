"""The OpenAPI document's paths of what there is to label, and what is worth it."""

from __future__ import annotations

from app.http.openapi import Document, link, operation, problems, query, reference, response
from app.labels import uncertainty_resources
from app.registry.loaded import Serving
from src.data.schema import Dataset


def paths(dataset: Dataset, serving: Serving | None) -> Document:
    """Describe what a label is made of, and which predictions want one."""
    return {
        f"/v1/{dataset.name}/labels/about": {"get": _about(dataset)},
        f"/v1/{dataset.name}/uncertain": {"get": _uncertain(dataset, serving)},
    }


def _about(dataset: Dataset) -> Document:
    return operation(
        dataset.name,
        f"{dataset.name}_about_labels",
        "What a label is made of, and how many there are",
        {"200": response(reference("labelling")), **problems(401, 403, 503)},
    )


def _uncertain(dataset: Dataset, serving: Serving | None) -> Document:
    name = dataset.name
    words = {"limit": f"predictions at most, {uncertainty_resources.USUAL} unless given"}
    links = {"truth": link(f"{name}_truth", "predictions/0/id")} if serving else None
    return operation(
        name,
        f"{name}_uncertain",
        "What is worth labelling next: predictions without a label that were least sure",
        {
            "200": response(reference("uncertain"), links=links),
            **problems(400, 401, 403, 414, 503),
        },
        parameters=query(uncertainty_resources.Query, words),
    )
