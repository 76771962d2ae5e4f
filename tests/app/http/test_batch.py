from __future__ import annotations

import json

from app.http.batch import refusal, written
from app.http.exchange import Answer
from src.support.errors import UserError


def test_a_refusal_is_a_problem_with_an_id() -> None:
    answer = refusal(UserError("It did not arrive.", code="request_timeout", fix="send it at once"))
    document = json.loads(answer.body)
    assert document["detail"] == "It did not arrive."
    assert document["fix"] == "send it at once"
    assert document["request_id"]
    assert answer.status == "408 Request Timeout"
    assert dict(answer.headers) == {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(answer.body)),
    }


def test_after_what_is_written_the_connection_is_closed() -> None:
    headers = [("Connection", "keep-alive"), ("Content-Length", "2")]
    assert written(Answer("503 Service Unavailable", headers, b"{}")) == (
        b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    )
