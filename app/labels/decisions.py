"""What a person decides of labels: one that waits counts or goes, one that went comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.http.operation import Call, operation
from app.labels import filters, openapi, store
from app.labels.export import stored_label
from app.labels.filters import LabelFilter
from app.labels.review import Decision, Review, Verdict
from app.registry.services import DatasetResource
from app.store import clock, ids
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked

# Without control characters, which PostgreSQL's text does not all take.
Reason = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]*$(?!\n)", max_length=500)]
Changes = dict[str, Any]
OF_ONE = {
    "scope": "label",
    "answer": openapi.stored_label,
    "links": {"label": ("stored_label", "label_id", "id")},
}


class LabelDecision(Checked, frozen=True):
    """Why a person decided so."""

    why: Reason = ""


class LabelAcceptance(LabelFilter, frozen=True):
    """Which of the labels that wait are to count, and how many that are."""

    confirm: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="how many will be accepted; the answer without it says so"),
    ] = None


class AcceptedLabels(msgspec.Struct, frozen=True):
    """How many labels were accepted."""

    accepted: int


class AcceptLabels(DatasetResource):
    """Let many labels count that wait for a person: where the world has changed, all do."""

    path = "/v1/{dataset}/labels/accept"

    @operation(
        scope="label",
        name="accept_labels",
        summary="Accept the labels that wait and pass all filters; without one, all that wait",
        query=LabelAcceptance,
        body=LabelDecision,
        is_body_required=False,
        answer=AcceptedLabels,
        refuses=("invalid_time", "not_confirmed"),
    )
    def on_post(
        self, call: Call[LabelAcceptance, LabelDecision], dataset: Dataset
    ) -> AcceptedLabels:
        """Accept those that were counted, if they are as many as confirm says."""
        query, by, database = call.query, call.exchange.by, self.services.database
        why = "" if call.body is None else call.body.why
        chosen = filters.conditions(database, dataset.name, query)
        conditions = [*store.waiting(dataset.name), *chosen]
        count, is_done = store.change_all(
            database, conditions, lambda row: decided(row, "accepted", by, why), query.confirm
        )
        if not is_done:
            raise filters.unconfirmed(count, query.confirm, "accepted")
        return AcceptedLabels(count)


class _OneLabel(DatasetResource):
    """Change one label, and answer with it."""

    def changed(
        self, dataset: Dataset, label_id: str, changes: Callable[[dict[str, Any]], Changes]
    ) -> dict[str, Any]:
        """Return the label as it is now; raise UserError where there is none."""
        row = None
        if ids.is_one(label_id):
            row = store.change(self.services.database, dataset.name, label_id, changes)
        if row is None:
            raise UserError("There is no such label.", code="unknown_label", given=label_id)
        return stored_label(row, dataset, self.services.redaction)

    def decide(
        self, call: Call[None, LabelDecision], dataset: Dataset, label_id: str, verdict: Verdict
    ) -> dict[str, Any]:
        """Return a label that waited, as it is by what a person decided of it."""
        why, by = call.body.why, call.exchange.by
        return self.changed(dataset, label_id, lambda row: decided(row, verdict, by, why))


class AcceptLabel(_OneLabel):
    """Let a label count that waits for a person."""

    path = "/v1/{dataset}/labels/{label_id}/accept"

    @operation(
        name="accept_label",
        summary="Accept a label that waits for a person: it counts from now on",
        body=LabelDecision,
        is_body_required=False,
        refuses=("unknown_label", "label_not_waiting"),
        **OF_ONE,
    )
    def on_post(
        self, call: Call[None, LabelDecision], dataset: Dataset, label_id: str
    ) -> dict[str, Any]:
        """Answer with the label; one that was accepted before stays as it is."""
        return self.decide(call, dataset, label_id, "accepted")


class RejectLabel(_OneLabel):
    """Delete a label that waits for a person, with who did so and why."""

    path = "/v1/{dataset}/labels/{label_id}/reject"

    @operation(
        name="reject_label",
        summary="Reject a label that waits for a person: it is deleted, with who and why",
        body=LabelDecision,
        is_body_required=False,
        refuses=("unknown_label", "label_not_waiting"),
        **OF_ONE,
    )
    def on_post(
        self, call: Call[None, LabelDecision], dataset: Dataset, label_id: str
    ) -> dict[str, Any]:
        """Answer with the label; one that was rejected before stays as it is."""
        return self.decide(call, dataset, label_id, "rejected")


class RestoreLabel(_OneLabel):
    """Undo what was decided of a label, or its deletion."""

    path = "/v1/{dataset}/labels/{label_id}/restore"

    @operation(
        name="restore_label",
        summary="Undo a deletion, or put what was accepted or rejected back to wait",
        refuses=("unknown_label",),
        **OF_ONE,
    )
    def on_post(self, call: Call, dataset: Dataset, label_id: str) -> dict[str, Any]:
        """Answer with the label; one that was neither deleted nor decided stays as it is."""
        return self.changed(dataset, label_id, restored)


def decided(row: dict[str, Any], verdict: Verdict, by: str, why: str) -> Changes:
    """Return what changes in a label by a decision; raise UserError where it does not wait."""
    review = _review(row)
    is_waiting = row["deleted_by"] == store.WAITING
    if review is None or not is_waiting:
        if review is not None and review.state(is_waiting=False) == verdict:
            return {}
        raise UserError(
            "This label does not wait for a person.",
            code="label_not_waiting",
            given="deleted" if row["deleted"] is not None else "in use",
            choices=["a label of ?state=to_review"],
            fix="DELETE it, or POST .../restore to undo what was decided",
        )
    at = clock.stamp()
    decision = msgspec.structs.replace(review, decision=Decision(verdict, at, by, why))
    changes: Changes = {"review": msgspec.json.encode(decision)}
    if verdict == "accepted":
        return {**changes, "deleted": None, "deleted_by": None}
    return {**changes, "deleted": at, "deleted_by": by}


def restored(row: dict[str, Any]) -> Changes:
    """Return what changes in a label that is put back to where it was before."""
    review = _review(row)
    is_waiting = row["deleted_by"] == store.WAITING
    if is_waiting or (review is None and row["deleted"] is None):
        return {}
    state = None if review is None else review.state(is_waiting=False)
    if review is None or (state == "accepted" and row["deleted"] is not None):
        return {"deleted": None, "deleted_by": None}
    anew = msgspec.structs.replace(review, decision=None)
    return {
        "review": msgspec.json.encode(anew),
        "deleted": clock.stamp(),
        "deleted_by": store.WAITING,
    }


def _review(row: dict[str, Any]) -> Review | None:
    if row["review"] is None:
        return None
    return msgspec.json.decode(bytes(row["review"]), type=Review)
