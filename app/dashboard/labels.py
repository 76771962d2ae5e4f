"""Labels: how many, add, upload, browse, delete; and what is worth labelling next."""

from __future__ import annotations

from typing import Any, ClassVar

import falcon

from app.dashboard import filters
from app.dashboard.api_client import part
from app.dashboard.page import Page
from app.http import problems
from app.http.operation import Access
from app.store import ids
from src.support.errors import UserError

NARROWING = ("source", "value", "since", "until")  # what a deletion of many goes by, too
WAITING = 20  # labels of the queue that are shown, the newest
WORTH = 10  # predictions that are offered for labelling


class Labels(Page):
    """GET /datasets/{dataset}/labels, of a dataset that nothing serves, too."""

    path = "/datasets/{dataset}/labels"

    scope: ClassVar[Access] = "label"

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Show the labels that match the filters, or the one of `label`, and the forms."""
        base = f"/v1/{part(dataset)}"
        about = self.api.get(request, f"{base}/labels/about")
        chosen = filters.given(request, (*NARROWING, "deleted"))
        cursor, one = filters.given(request, ["cursor"]), request.get_param("label")
        page: dict[str, Any] = {"labels": [], "next": None}
        problem = None
        try:
            if one:
                chosen = cursor = {}
                page["labels"] = [self._one(request, base, one)]
            else:
                page = self.api.get(request, f"{base}/labels", **chosen, **cursor)
        except UserError as error:
            if problems.status(error) not in (400, 404):
                raise
            problem = problems.document(error)
        narrowed = {name: value for name, value in chosen.items() if name != "deleted"}
        *features, target = about["fields"]
        self.show(
            request,
            response,
            "labels.html",
            dataset=dataset,
            api=request.root_path + base,
            about=about,
            features=features,
            predicted=[one for one in features if one["name"] not in about["beside"]],
            target=target,
            chosen=chosen,
            moments={name: filters.moment(chosen.get(name)) for name in ("since", "until")},
            labels=page["labels"],
            problem=problem,
            is_first=not cursor,
            is_one=bool(one),
            first=filters.query(chosen),
            older=page["next"] and filters.query(chosen, cursor=page["next"]),
            narrowed=filters.query(narrowed),
            waiting=self.api.get(request, f"{base}/labels", state="to_review", limit=WAITING),
            worth=self.api.find(request, f"{base}/uncertain", limit=WORTH),
        )

    def _one(self, request: falcon.Request, base: str, label: str) -> Any:
        if not ids.is_one(label):  # another of the API's paths may stand where ids do
            raise UserError("There is no such label.", code="unknown_label", given=label)
        return self.api.get(request, f"{base}/labels/{part(label)}")
