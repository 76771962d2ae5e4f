"""The tables as Peewee models without a database, which each query names instead.

Times are ISO 8601 text in UTC and ids sort by time, so both databases order them alike. Bodies are
bytes: PostgreSQL's text cannot hold every character that JSON can.
"""

from __future__ import annotations

from peewee import (
    SQL,
    AutoField,
    BigIntegerField,
    BlobField,
    CompositeKey,
    FloatField,
    IntegerField,
    Model,
    TextField,
)

# Of counted requests: what the first digit of a status says, and classes of durations.
ENDS = {2: "success", 3: "redirect", 4: "refusal", 5: "failure"}
DURATIONS = 48
FAILED = 400  # the least status of a request that failed; those are found by an index


def _count() -> IntegerField:
    """Return a column of a count, which an INSERT may leave out."""
    return IntegerField(default=0, constraints=[SQL("DEFAULT 0")])


class Migration(Model):
    """A completed migration of the schema."""

    number = IntegerField(primary_key=True)
    about = TextField()
    at = TextField()

    class Meta:
        table_name = "migration"


class Request(Model):
    """One request and its answer.

    Without rowid, since rows arrive in the order of their ids: one tree is written, not two.
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
    reference = TextField(null=True)  # the caller's own, of the one record that was predicted
    delivery = TextField(null=True)  # how it ended, where it was made while it was sent
    checksum = BigIntegerField(null=True)  # of the rest, to notice damage

    class Meta:
        table_name = "request"
        without_rowid = True


# Of the filters of the log, those that find few of many: each index costs every answer a fifth of
# what it costs to store it.
Request.add_index(Request.request_id, where=SQL("request_id IS NOT NULL"))
Request.add_index(Request.reference, where=SQL("reference IS NOT NULL"))
Request.add_index(
    Request.status, Request.id, where=SQL(f"status >= {FAILED}"), name="request_failed"
)


class UnloggedRequests(Model):
    """How many requests without a valid key were counted in a minute and are not in the log."""

    minute = TextField()  # 2026-01-31T12:00
    status = IntegerField()
    number = IntegerField()

    class Meta:
        table_name = "unlogged_requests"
        primary_key = CompositeKey("minute", "status")
        without_rowid = True


class RequestCount(Model):
    """How many requests of a minute, or of an hour, ended how, and took how long."""

    seconds = IntegerField()  # of the span
    at = IntegerField()  # when it began, in seconds since 1970
    part = IntegerField()  # of several processes each adds to its own: none waits for another
    success, redirect, refusal, failure = (_count() for _ in ENDS)

    class Meta:
        table_name = "request_count"
        primary_key = CompositeKey("seconds", "at", "part")
        without_rowid = True


for _duration in range(DURATIONS):
    RequestCount._meta.add_field(f"d{_duration:02}", _count())


class Uncounted(Model):
    """At most one row: the newest request of those that are not counted yet."""

    until = TextField(primary_key=True)

    class Meta:
        table_name = "uncounted"


class _Predicted(Model):
    """The columns of a prediction."""

    id = TextField(primary_key=True)
    at = TextField()
    request = TextField()
    dataset = TextField()
    version = IntegerField()
    record = BlobField()
    answer = BlobField()
    reference = TextField(null=True)  # the caller's own


class BatchPrediction(_Predicted):
    """One record of a request that had several, and its answer."""

    checksum = BigIntegerField(null=True)

    class Meta:
        table_name = "batch_prediction"
        without_rowid = True


BatchPrediction.add_index(
    BatchPrediction.reference,
    where=SQL("reference IS NOT NULL"),
    name="batch_prediction_reference",
)


class Prediction(_Predicted):
    """Every record that was predicted: a view of both tables.

    A request with one record is stored once: its bodies are the record and the answer, and its id
    is the prediction's.
    """

    class Meta:
        table_name = "prediction"


VIEW = """
CREATE VIEW prediction AS
SELECT id, at, id AS request, dataset, version, request_body AS record, response_body AS answer,
    reference
FROM request WHERE is_prediction = 1
UNION ALL
SELECT id, at, request, dataset, version, record, answer, reference FROM batch_prediction
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
    """An event of a version: promoted, permitted, or found below its gate."""

    id = AutoField()
    at = TextField()
    dataset = TextField()
    kind = TextField()  # of versions.KINDS
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
    datasets = TextField(null=True)  # joined by commas; null for all
    expires = TextField(null=True)  # when
    used = TextField(null=True)  # when last, to some minutes
    note = TextField(null=True)
    quotas = TextField(null=True)  # joined by commas

    class Meta:
        table_name = "key"


class FormerSecret(Model):
    """What a key was before it was renewed; valid for a while beside the new one."""

    prefix = TextField(primary_key=True)
    hash = TextField()
    name = TextField()  # of the key
    until = TextField()

    class Meta:
        table_name = "former_secret"


class Usage(Model):
    """What was used of a quota of a key, in the last window in which some was."""

    name = TextField()  # of the key
    quota = TextField()  # its name
    start = BigIntegerField()  # of the window, in seconds since 1970
    number = BigIntegerField()

    class Meta:
        table_name = "usage"
        primary_key = CompositeKey("name", "quota")
        without_rowid = True


class EndedSession(Model):
    """A browser's session that was signed out; kept until its cookie would have expired.

    The id alone makes no cookie: those are signed with a secret that no database has.
    """

    id = TextField(primary_key=True)
    until = TextField()

    class Meta:
        table_name = "ended_session"


class Label(Model):
    """A record with its true target; deleted labels are kept.

    Rows stand in the order of dataset and id, for they are listed and counted by both. A label
    counts where `deleted` is null, and nowhere else: what waits for a person has a moment there
    too, so that every count and every score goes by one column, which its index has.
    """

    dataset = TextField()
    id = TextField()
    at = TextField()
    source = TextField()  # who or what it comes from
    value = TextField()  # the target, as a CSV writes it
    record = BlobField()  # the features
    upload = TextField()  # the post that brought it
    prediction = TextField(null=True)  # which it is the truth of, with ...
    version = IntegerField(null=True)  # ... who made it, when, and what it was: requests may be
    predicted_at = TextField(null=True)  # removed before their labels are
    answer = BlobField(null=True)
    deleted = TextField(null=True)  # since when it does not count
    deleted_by = TextField(null=True)  # who deleted it; or why it does not count yet, in brackets
    review = BlobField(null=True)  # why a person was asked, and what was decided

    class Meta:
        table_name = "label"
        primary_key = CompositeKey("dataset", "id")
        without_rowid = True


# For the filters; SQLite adds dataset and id, in whose order rows are then found. None names the
# dataset: SQLite would take the primary key for as good, and would look through all labels.
Label.add_index(Label.source)
Label.add_index(Label.value)
Label.add_index(Label.prediction, where=SQL("prediction IS NOT NULL"))
# For the scores: a version's labels are counted from the index alone. Whatever has a prediction has
# a version, and SQLite would look up a row to tell that a column which is not in the index is set.
Label.add_index(Label.version, Label.deleted, where=SQL("version IS NOT NULL"))
# For what waits for a person: few of many, so all others pay nothing for it.
Label.add_index(Label.deleted_by, where=SQL("review IS NOT NULL"), name="label_review")


class Upload(Model):
    """An upload of labels: its progress, and its answer for a repeated post."""

    id = TextField(primary_key=True)
    at = TextField()
    touched = TextField()  # when it last got further
    dataset = TextField()
    caller = TextField()
    key = TextField(null=True)  # the caller's Idempotency-Key
    state = TextField()  # reading, done, refused
    read = IntegerField()
    stored = IntegerField()
    refused = IntegerField()
    digest = TextField()  # of what was read so far
    status = IntegerField(null=True)  # of the answer, when there is one
    answer = BlobField(null=True)

    class Meta:
        table_name = "upload"
        without_rowid = True


Upload.add_index(Upload.caller, Upload.key, unique=True, where=SQL("key IS NOT NULL"))


class Training(Model):
    """A requested training and its result."""

    id = TextField(primary_key=True)
    dataset = TextField()
    at = TextField()
    by = TextField()
    reason = TextField()  # asked, or the rule that asked
    name = TextField()
    model = TextField()
    search = TextField()
    trials = IntegerField(null=True)
    use = TextField()  # file, labels, both
    state = TextField()  # queued, running; done, failed, cancelled, lost
    started = TextField(null=True)
    frozen = TextField(null=True)  # when its rows were read
    ended = TextField(null=True)
    progress = BlobField()
    result = BlobField(null=True)
    error = TextField(null=True)
    version = IntegerField(null=True)

    class Meta:
        table_name = "training"


Training.add_index(Training.dataset, Training.id)
