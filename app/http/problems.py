"""Errors over HTTP: what each code means, and application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from src.support.errors import Fault, UserError

MEDIA_TYPE = "application/problem+json"
PAGE = "/docs/problems"  # explains each code under its name
LONGEST_GIVEN = 200  # characters
AGAIN = {"Retry-After": "1"}
LATER = {"Retry-After": "10"}
CLOSE = {"Connection": "close"}
BEARER = {"WWW-Authenticate": "Bearer"}
ACRONYMS = ("api", "csrf", "csv", "json", "uri")


class Kind(NamedTuple):
    """What a code means to clients: its status, its description and its headers."""

    status: int
    about: str
    headers: Mapping[str, str] = {}


KINDS: dict[str, Kind] = {
    "malformed_request": Kind(400, "The request is not HTTP that this service reads."),
    "invalid_query": Kind(400, "A query parameter is unknown, repeated, empty or out of range."),
    "invalid_time": Kind(400, "A time is not ISO 8601."),
    "invalid_header": Kind(400, "A header has a value that is not allowed."),
    "invalid_json": Kind(400, "The body is not JSON."),
    "missing_api_key": Kind(401, "The request needs an API key and has none.", BEARER),
    "invalid_api_key": Kind(401, "The API key is unknown or was revoked.", BEARER),
    "expired_api_key": Kind(401, "The API key has expired, or another has replaced it.", BEARER),
    "forbidden": Kind(403, "The request came in a way that is not allowed."),
    "scope_missing": Kind(403, "The API key lacks the scope that this operation needs."),
    "dataset_not_allowed": Kind(403, "The API key is for other datasets; this one may not exist."),
    "csrf_token": Kind(403, "A browser's session sent a change without the page's CSRF token."),
    "cross_site": Kind(403, "A page of a site that is not listed asked for a change."),
    "host_not_allowed": Kind(403, "Without API keys only a local name is taken as Host header."),
    "local_only": Kind(403, "Without API keys the service answers only its own machine."),
    "unknown_path": Kind(404, "There is nothing at this path."),
    "unknown_dataset": Kind(404, "No dataset has this name."),
    "unknown_version": Kind(404, "The dataset has no such version."),
    "unknown_prediction": Kind(404, "The dataset has no prediction with this id."),
    "unknown_label": Kind(404, "There is no such label."),
    "unknown_upload": Kind(404, "The dataset has no upload with this id."),
    "unknown_training": Kind(404, "The dataset has no training with this id."),
    "unknown_request": Kind(404, "The log has no request with this id."),
    "unknown_file": Kind(404, "There is no such file."),
    "similar_not_configured": Kind(404, "The dataset does not say what makes records similar."),
    "no_card": Kind(404, "The version was trained before there were cards."),
    "no_profile": Kind(404, "The pipeline has not profiled the dataset yet."),
    "method_not_allowed": Kind(405, "The path does not take this method."),
    "request_timeout": Kind(408, "The request took too long to arrive."),
    "body_incomplete": Kind(408, "The body ended early or came too slowly.", CLOSE),
    "gate_failed": Kind(409, "The version does not pass the dataset's gate."),
    "no_previous_version": Kind(409, "No other version has served before."),
    "unloadable_version": Kind(409, "The version cannot be loaded."),
    "broken_bundle": Kind(409, "A file of the version is absent or is not the one that was made."),
    "labels_not_taken": Kind(409, "The dataset takes no labels as it is configured."),
    "record_unusable": Kind(409, "The prediction's record cannot be made into a label."),
    "not_confirmed": Kind(409, "The number of labels to delete was not confirmed."),
    "label_not_waiting": Kind(409, "The label does not wait for a person's decision."),
    "training_ended": Kind(409, "The training has ended already."),
    "dataset_retired": Kind(410, "The dataset was retired; what it has can be read."),
    "length_required": Kind(411, "A body needs a Content-Length.", CLOSE),
    "body_too_large": Kind(413, "The body is larger than the service takes.", CLOSE),
    "record_too_large": Kind(413, "The body is too large for one record."),
    "too_many_records": Kind(413, "The body has more records than one request may."),
    "uri_too_long": Kind(414, "The path and the query are too long."),
    "unsupported_media_type": Kind(
        415, "The body's Content-Type or Content-Encoding is not taken here."
    ),
    "expectation_failed": Kind(417, "The service does not meet the Expect header."),
    "invalid": Kind(422, "The request asks for what cannot be done."),
    "invalid_body": Kind(422, "The body is not what the operation takes."),
    "duplicate_key": Kind(422, "An object has the same key more than once."),
    "too_many_values": Kind(422, "The body has more values than anything that is valid."),
    "invalid_record": Kind(422, "A record has faults; `errors` lists them."),
    "past_unknown": Kind(422, "A record lacks its past, and the service does not have it."),
    "invalid_csv": Kind(422, "The CSV's header cannot be used."),
    "invalid_label": Kind(422, "Labels have faults, and none was stored; `errors` lists them."),
    "labels_are_predictions": Kind(
        422, "The labels are answers of the service: predictions are no truths."
    ),
    "no_label": Kind(422, "The body has no label."),
    "no_finite_answer": Kind(422, "The model has no finite answer for the record."),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key was used for another body."),
    "filter_missing": Kind(422, "A deletion needs at least one filter."),
    "reason_missing": Kind(422, "An override needs a reason."),
    "model_missing": Kind(422, "No model is given, and nothing serves the dataset yet."),
    "unknown_model": Kind(422, "No model of this name fits the dataset."),
    "unknown_search": Kind(422, "No search has this name."),
    "too_few_labels": Kind(422, "There are too few labels to train on."),
    "too_many_wrong_keys": Kind(
        429, "Too many wrong API keys came from the address; a right one is taken all the same."
    ),
    "quota_exceeded": Kind(429, "The API key has used what it may in this time."),
    "queue_full": Kind(
        429, "Too many trainings of the dataset are waiting.", {"Retry-After": "60"}
    ),
    "headers_too_large": Kind(431, "The headers are too large."),
    "internal_error": Kind(500, "The service failed; the request is not at fault."),
    "not_implemented": Kind(501, "The request needs a part of HTTP that is not supported."),
    "not_installed": Kind(501, "A package that this operation needs is not installed."),
    "no_champion": Kind(503, "The dataset has no version that serves.", LATER),
    "gate_breached": Kind(503, "The version fell below its gate and does not answer."),
    "profile_unreadable": Kind(503, "The dataset's profile cannot be read.", LATER),
    "configuration_unreadable": Kind(503, "A file in conf/ cannot be read."),
    "count_failed": Kind(503, "A count failed a moment ago.", LATER),
    "too_many_uploads": Kind(503, "Too many large requests arrive at once."),
    "api_keys_not_loaded": Kind(503, "The database has not told yet which keys are valid.", AGAIN),
    "api_keys_lost": Kind(503, "API keys were made here, and the database has none that is left."),
    "database_unavailable": Kind(503, "The database is busy or cannot be reached.", AGAIN),
    "answer_not_stored": Kind(503, "The answer could not be stored and is not given.", AGAIN),
    "charts_unavailable": Kind(
        503, "The script that draws charts could not be written.", {"Retry-After": "60"}
    ),
}
# Of what a server or a framework refuses only the status is known.
OF_STATUS = {
    400: "malformed_request",
    403: "forbidden",
    414: "uri_too_long",
    417: "expectation_failed",
    431: "headers_too_large",
    500: "internal_error",
    501: "not_implemented",
}
# Of refused uploads that were stored before there were codes.
OF_EARLIER = {400: "invalid_json", 413: "too_many_records"}


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An error over HTTP; the last four fields tell how far an upload of labels got.

    `retry_after` is the number of seconds after which it may be sent again, as the header has it.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    given: str | None = None
    allowed: list[str] | None = None
    fix: str | None = None
    errors: list[Fault] | None = None
    request_id: str | None = None
    retry_after: int | None = None
    upload: str | None = None
    read: int | None = None
    stored: int | None = None
    refused: int | None = None


MORE = ("retry_after", "upload", "read", "stored", "refused")


def title(code: str) -> str:
    """Return the title of a code."""
    words = [word.upper() if word in ACRONYMS else word for word in code.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def status(error: UserError) -> int:
    """Return an error's HTTP status."""
    return KINDS[error.code].status


def status_line(error: UserError) -> str:
    """Return the HTTP status line of an error."""
    code = status(error)
    return f"{code} {HTTPStatus(code).phrase}"


def headers(error: UserError) -> dict[str, str]:
    """Return the headers that go with an error."""
    names = dict(KINDS[error.code].headers)
    if error.code == "method_not_allowed":
        names["Allow"] = ", ".join(error.choices or ())
    if "retry_after" in error.more:
        names["Retry-After"] = str(error.more["retry_after"])
    return names


def document(error: UserError, request_id: str | None = None, root: str = "") -> ProblemDocument:
    """Return the problem document of an error, with the request's id to find it in the log.

    `root` is the sub-path of the page that explains it.
    """
    given = error.given
    return ProblemDocument(
        type=f"{root}{PAGE}#{error.code}",
        title=title(error.code),
        status=status(error),
        detail=error.what,
        code=error.code,
        # An unpaired surrogate cannot be encoded.
        given=None
        if given is None
        else str(given)[:LONGEST_GIVEN].encode(errors="replace").decode(),
        allowed=error.choices,
        fix=error.fix or None,
        errors=error.errors or None,
        request_id=request_id,
        **error.more,
    )


def written(error: UserError, request_id: str, root: str = "") -> bytes:
    """Return the problem document of an error as JSON."""
    return msgspec.json.encode(document(error, request_id, root))


def restored(document: Mapping[str, Any]) -> UserError:
    """Rebuild the error of a problem document, even one stored by an earlier version."""
    code = document.get("code")
    if code not in KINDS:
        code = OF_EARLIER.get(document["status"], "invalid_label")
    errors = [
        Fault(**{**fault, "allowed": _listed(fault.get("allowed"))})
        for fault in document.get("errors", ())
    ]
    return UserError(
        document["detail"],
        code=code,
        given=document.get("given"),
        choices=_listed(document.get("allowed")),
        fix=document.get("fix"),
        errors=errors,
        more={name: document[name] for name in MORE if name in document},
    )


def of_status(status: int, what: str, given: object = None) -> UserError:
    """Return the error for a refusal of which only the status is known."""
    return UserError(what, code=OF_STATUS.get(status, "malformed_request"), given=given)


def _listed(allowed: str | list[str] | None) -> list[str] | None:
    """Return `allowed` as a list, since earlier versions also stored plain text."""
    return [allowed] if isinstance(allowed, str) else allowed
