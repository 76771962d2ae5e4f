"""The tables, as Peewee models that belong to no database: each query names the one it is for.

Times are ISO 8601 text in UTC and ids sort by time, so both databases order them alike. Bodies are
bytes: PostgreSQL's text cannot hold every character that JSON can.
"""

from __future__ import annotations

from peewee import SQL, AutoField, BlobField, FloatField, IntegerField, Model, TextField


class Migration(Model):
    """A change of the schema that was made."""

    number = IntegerField(primary_key=True)
    about = TextField()
    at = TextField()

    class Meta:
        table_name = "migration"


class Request(Model):
    """One request and its answer, as they came in and went out.

    Without rowid, for rows come in the order of their ids: one tree is written to and not two.
    """

    id = TextField(primary_key=True)
    at = TextField()
    request_id = TextField(null=True)  # where the client gave one
    method = TextField()
    path = TextField()
    query = TextField()
    status = IntegerField()
    dataset = TextField(null=True)
    version = IntegerField(null=True)
    client = TextField(null=True)  # address
    caller = TextField(null=True)  # the name of the key
    milliseconds = FloatField()
    is_prediction = IntegerField()  # 1 where its bodies are one record and one answer
    request_body = BlobField(null=True)
    response_body = BlobField(null=True)

    class Meta:
        table_name = "request"
        without_rowid = True


# Of the filters of the log, those that find few of many: each index costs every answer a fifth of
# what it costs to store it.
Request.add_index(Request.request_id, where=SQL("request_id IS NOT NULL"))
Request.add_index(Request.status, Request.id, where=SQL("status >= 400"), name="request_failed")


class BatchPrediction(Model):
    """One record of a request that had several, and its answer."""

    id = TextField(primary_key=True)
    at = TextField()
    request = TextField()
    dataset = TextField()
    version = IntegerField()
    record = BlobField()
    answer = BlobField()

    class Meta:
        table_name = "batch_prediction"
        without_rowid = True


class Prediction(Model):
    """Every record that was predicted: a view of both tables.

    A request with one record is stored once: its bodies are the record and the answer, and its id
    is the prediction's.
    """

    id = TextField(primary_key=True)
    at = TextField()
    request = TextField()
    dataset = TextField()
    version = IntegerField()
    record = BlobField()
    answer = BlobField()

    class Meta:
        table_name = "prediction"


VIEW = """
CREATE VIEW prediction AS
SELECT id, at, id AS request, dataset, version, request_body AS record, response_body AS answer
FROM request WHERE is_prediction = 1
UNION ALL
SELECT id, at, request, dataset, version, record, answer FROM batch_prediction
"""


class Version(Model):
    """A bundle that can serve, numbered per dataset."""

    id = AutoField()
    dataset = TextField()
    number = IntegerField()
    digest = TextField()  # of what decides its answers
    model = TextField()
    at = TextField()
    manifest = BlobField()

    class Meta:
        table_name = "version"
        indexes = ((("dataset", "number"), True), (("dataset", "digest"), True))


class Event(Model):
    """A change of a dataset's champion: the newest one says who serves."""

    id = AutoField()
    at = TextField()
    dataset = TextField()
    kind = TextField()  # pipeline, promote, rollback
    number = IntegerField()
    by = TextField()
    why = TextField()

    class Meta:
        table_name = "event"


class Key(Model):
    """A caller's API key; only its hash is kept."""

    id = AutoField()
    name = TextField(unique=True)
    prefix = TextField(unique=True)  # what a key begins with, to find it by
    hash = TextField()
    scopes = TextField()  # joined by commas
    at = TextField()
    revoked = TextField(null=True)  # when

    class Meta:
        table_name = "key"
