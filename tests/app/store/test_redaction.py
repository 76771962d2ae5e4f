from __future__ import annotations

import json
from typing import Any

import pytest

from app.auth.keys import new_key
from app.store.redaction import HIDDEN, Redaction, holds_key, without_keys

KEY = new_key()[0]
SECRET = "DE89-3704"


def stored(document: Any, *fields: str) -> Any:
    body = Redaction(fields).body(json.dumps(document).encode())
    assert body is not None
    return json.loads(body)


@pytest.mark.parametrize("body", [b"", None, b"{", b"\xff", b'{"a": 1.0,  "b": "\\u00e9"}'])
def test_nothing_else_changes(body: bytes | None) -> None:
    assert Redaction(()).body(body) == body


@pytest.mark.parametrize(
    "text",
    [KEY, f"x {KEY} y", f'{{"key": "{KEY}"}}', f"[{KEY}{KEY}]"],
    ids=["alone", "in a text", "in an object", "twice"],
)
def test_a_key_is_hidden_wherever_it_stands(text: str) -> None:
    body = Redaction(()).body(text.encode())
    assert body is not None
    assert HIDDEN.encode() in body
    assert KEY[4:].encode() not in body


def as_json(key: str) -> str:
    return "".join(f"\\u{ord(one):04X}" for one in key)


def as_address(key: str) -> str:
    return "".join(f"%{ord(one):02x}" for one in key)


WRITTEN = {
    "as it is": KEY,
    "begun with an escape": f"\\u006c{KEY[1:]}",
    "ended with escapes": KEY[:16] + as_json(KEY[16:]),
    "escaped": as_json(KEY),
    "escaped in a text within a text": as_json(KEY).replace("\\", "\\\\"),
    "escaped in a text within one within one": as_json(KEY).replace("\\", "\\" * 4),
    "after more than are looked at": "\\" * 8 + f"\\u006c{KEY[1:]}",
    "encoded": as_address(KEY),
    "encoded twice": as_address(KEY).replace("%", "%25"),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_key_is_hidden_however_it_is_written(written: str) -> None:
    assert holds_key(written)
    assert holds_key(f"a {written}".encode())
    assert without_keys(written).strip("\\") == HIDDEN
    body = Redaction(()).body(f'{{"{written}": ["a {written} b"]}}'.encode())
    assert body is not None
    document = json.loads(body)  # it is JSON still
    assert [name.strip("\\") for name in document] == [HIDDEN]
    for part in (KEY[20:], as_json(KEY[20:]), as_address(KEY[20:])):
        assert part.encode() not in body


@pytest.mark.parametrize(
    "text", [KEY[:12], KEY[:18], "lpd_printcap_entries"], ids=["prefix", "part", "word"]
)
def test_what_may_be_a_part_of_a_key_is_left_out_and_not_refused(text: str) -> None:
    assert not holds_key(text)
    assert without_keys(text) == HIDDEN
    assert Redaction(()).body(text.encode()) == HIDDEN.encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_a_key_is_hidden_in_a_body_of_wide_characters(encoding: str) -> None:
    body = Redaction(()).body(f'{{"text": "{KEY}"}}'.encode(encoding))
    assert body is not None
    assert HIDDEN.encode() in body
    assert KEY[-9:].encode(encoding)[-8:] not in body


@pytest.mark.parametrize("text", ["", "lpd_", "lpd_short", "100% \\u0041\0", "lapidary_12345678"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert not holds_key(text)
    assert not holds_key(text.encode())
    assert without_keys(text) == text


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(f"a=1&q={KEY}", id="a key"),
        f"api_key={SECRET}",
        f"a=1&API-Key={SECRET}&b=2",
        f"token={SECRET}",
        f"access_token={SECRET}",
        f"password={SECRET}&",
    ],
)
def test_secrets_in_a_query_are_hidden(query: str) -> None:
    hidden = Redaction(()).query(query)
    assert HIDDEN in hidden
    assert SECRET not in hidden
    assert KEY not in hidden
    assert ("a=1" in query) == ("a=1" in hidden)


def test_a_plain_query_stays() -> None:
    assert Redaction(("iban",)).query("limit=3&monkey=1&nib=2") == "limit=3&monkey=1&nib=2"
    assert Redaction(("iban",)).query("") == ""


def test_a_configured_field_is_hidden_at_every_depth() -> None:
    document = {"iban": SECRET, "rows": [{"iban": {"deep": SECRET}, "other": 1}]}
    hidden = {"iban": HIDDEN, "rows": [{"iban": HIDDEN, "other": 1}]}
    assert stored(document, "iban") == hidden
    assert Redaction(("iban",)).query(f"iban={SECRET}&x=1") == f"iban={HIDDEN}&x=1"


@pytest.mark.parametrize(
    "document",
    [
        {"errors": [{"field": "iban", "given": SECRET, "detail": "too long"}], "given": SECRET},
        {"why": {"contributions": [{"feature": "iban", "value": SECRET}]}},
        {"why": {"contributions": [{"feature": "iban", "word": SECRET}]}},
        {"why": {"sentence": f"because iban is {SECRET}"}},
    ],
)
def test_what_repeats_a_field_under_another_name_is_hidden(document: Any) -> None:
    assert SECRET not in json.dumps(stored(document, "iban"))


def test_of_another_field_all_is_kept() -> None:
    document = {"why": {"contributions": [{"feature": "carat", "value": "x"}]}, "detail": "x"}
    assert stored(document, "iban") == document


@pytest.mark.parametrize(
    "document",
    [
        {"IBAN": SECRET},
        {"given": f"[{{'iban': '{SECRET}'}}]"},
        {"fix": f"did you mean '{SECRET}'?"},
    ],
)
def test_what_may_be_a_field_is_hidden(document: Any) -> None:
    assert SECRET not in json.dumps(stored(document, "iban"))


@pytest.mark.parametrize("name", ["iban", "ib%61n", "IBAN"])
def test_a_field_in_the_query_is_hidden_however_it_is_written(name: str) -> None:
    assert Redaction(("iban",)).query(f"a=1&{name}=4242&b=2") == f"a=1&{name}={HIDDEN}&b=2"


@pytest.mark.parametrize("body", [f"{{'iban': {SECRET}", f'{{"iban": "{SECRET}"', "[" * 100_000])
def test_what_cannot_be_searched_is_hidden_as_a_whole(body: str) -> None:
    assert Redaction(("iban",)).body(body.encode()) == HIDDEN.encode()


def test_a_key_with_an_escape_is_hidden() -> None:
    body = f'{{"ib\\u0061n": "{SECRET}"}}'.encode()
    assert SECRET.encode() not in (Redaction(("iban",)).body(body) or b"")


def test_a_field_that_stands_there_twice_is_hidden_twice() -> None:
    body = f'{{"iban": "{SECRET}", "iban": "{SECRET}"}}'.encode()
    assert SECRET.encode() not in (Redaction(("iban",)).body(body) or b"")


def test_a_warning_that_repeats_a_value_is_hidden_and_a_field_of_its_name_is_not() -> None:
    warning = b'{"code":"outside_learnt_range","feature":"carat","message":"carat is 19"}'
    answer = Redaction(["carat"]).body(b'{"warnings":[' + warning + b'],"message":"hello"}')
    assert answer is not None
    assert b"19" not in answer
    assert b'"outside_learnt_range"' in answer
    assert b'"message":"hello"' in answer
