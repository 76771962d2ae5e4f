"""One call of each kind by the client that was generated: run beside it, with a service's address.

It imports what test_clients has generated, with the interpreter of the generator's environment.
"""

from __future__ import annotations

import io
import sys
from typing import Any

from lapidary.api.debts import debts_predict
from lapidary.api.log import requests
from lapidary.api.notes import notes_predict
from lapidary.api.stones import (
    stones_labels,
    stones_models,
    stones_post_labels,
    stones_predict,
    stones_receipt,
    stones_similar,
    stones_train,
    stones_training,
    stones_trainings,
    stones_truth,
)
from lapidary.client import Client
from lapidary.models import (
    DebtsRecord,
    NotesRecord,
    ProblemDocument,
    StonesLabel,
    StonesLabelByPrediction,
    StonesLabelCut,
    StonesRecord,
    StonesRecordCut,
    StonesSimilarBody,
    StonesSimilarBodyRecord,
    StonesSimilarBodyRecordCut,
    StonesTrainBody,
    StonesTruthBody,
)
from lapidary.types import File

ROWS = b"carat,facets,cut,depth\n1.5,57,Ideal,3.25\n0.7,12,Good,\n"


def predict(client: Client) -> str:
    """Predict one record of each task, several, and a file; return a prediction's id."""
    record = StonesRecord(carat=1.5, facets=57, cut=StonesRecordCut.IDEAL, depth=3.25)
    one = stones_predict.sync(client=client, body=record, explain=True)
    assert one.why.contributions[0].feature
    assert one.price > 0
    assert one.interval.low <= one.price <= one.interval.high
    many = stones_predict.sync(client=client, body=[record, record])
    assert [each.price for each in many] == [one.price] * 2
    sure = debts_predict.sync(client=client, body=DebtsRecord(amount=250.0, owner="north"))
    assert sure.late.value in (0, 1)
    assert 0 <= sure.probability <= 1
    room = notes_predict.sync(client=client, body=NotesRecord(text="the rose by the hedge"))
    assert room.room.value == "garden"
    assert room.probabilities.garden > 0.5
    file = stones_predict._get_kwargs(body=File(payload=io.BytesIO(ROWS)))
    scored = client.get_httpx_client().request(**file)
    assert scored.headers["content-type"].startswith("text/csv")
    assert stones_receipt.sync(one.id, client=client).model.version == one.model.version
    return str(one.id)


def find_similar(client: Client) -> None:
    record = StonesSimilarBodyRecord(carat=1.5, cut=StonesSimilarBodyRecordCut.IDEAL)
    near = stones_similar.sync(client=client, body=StonesSimilarBody(record=record, n=2))
    assert len(near.similar) == 2
    assert near.similar[0].record.cut.value == "Ideal"
    assert near.similar[0].distance <= near.similar[1].distance


def label(client: Client, prediction: str) -> None:
    """Post labels of each kind and list them."""
    label = StonesLabel(carat=1.5, facets=57, cut=StonesLabelCut.IDEAL, price=5000.0)
    assert stones_post_labels.sync(client=client, body=label).stored == 1
    assert stones_post_labels.sync(client=client, body=[label, label]).stored == 2
    linked = StonesLabelByPrediction(prediction_id=prediction, price=5100.0)
    assert stones_post_labels.sync(client=client, body=[label, linked]).stored == 2
    truth = stones_truth.sync(prediction, client=client, body=StonesTruthBody(price=5200.0))
    assert truth.prediction.id == prediction
    page = stones_labels.sync(client=client, limit=2)
    assert [each.price for each in page.labels] == [5200.0, 5100.0]
    assert len(stones_labels.sync(client=client, cursor=page.next_).labels) == 4


def train(client: Client) -> None:
    asked = stones_train.sync(client=client, body=StonesTrainBody())
    assert asked.state.value == "queued"
    assert stones_training.sync(asked.id, client=client).model == asked.model
    page = stones_trainings.sync(client=client)
    assert [each.id for each in page.trainings] == [asked.id]


def look(client: Client) -> None:
    """Read versions, and what was asked."""
    models = stones_models.sync(client=client)
    assert models.champion in [each.version for each in models.versions]
    page = requests.sync(client=client, dataset="stones", limit=3)
    assert [each.dataset for each in page.requests] == ["stones"] * 3


def fail(client: Client) -> None:
    """Be refused: what is wrong is told field by field, and by a code."""
    record = StonesRecord(carat=-1.0, facets=57, cut=StonesRecordCut.IDEAL)
    problem: Any = stones_predict.sync(client=client, body=[record])
    assert isinstance(problem, ProblemDocument)
    assert (problem.status, problem.code) == (422, "invalid_record")
    assert problem.type_.endswith("#invalid_record")
    (fault,) = problem.errors
    assert (fault.field, fault.record) == ("carat", 0)
    assert "above 0" in fault.detail + fault.fix


if __name__ == "__main__":
    with Client(sys.argv[1]) as client:
        prediction = predict(client)
        find_similar(client)
        label(client, prediction)
        train(client)
        look(client)
        fail(client)
