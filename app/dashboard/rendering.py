"""Render templates, with the values and filters that all pages share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import falcon
import jinja2
from markupsafe import Markup

from app.auth import sessions
from app.auth.guard import Guard
from app.dashboard import units
from app.dashboard.static import Static, url
from app.http.exchange import ANYONE, ENVIRON, SCOPES, Caller, Scope
from app.records import target_keys
from app.store import clock
from src.data.kinds.spelling import plain
from src.inference.reasons.sentence import percent

NOTHING = "\N{EN DASH}"
# The pages of a dataset: words, the path's end, and the scope that whoever looks needs.
SECTIONS: tuple[tuple[str, str, Scope], ...] = (
    ("Explore", "", "predict"),
    ("Predict", "/predict", "predict"),
    ("Train", "/train", "train"),
    ("History", "/history", "predict"),
    ("Labels", "/labels", "label"),
)
# Vega groups by plain objects, in which a class of such a name is found before it is there: a
# character that nobody sees makes it another one.
_OF_OBJECTS = re.compile(
    r'"(__proto__|__(?:define|lookup)[GS]etter__|constructor|hasOwnProperty|isPrototypeOf'
    r'|propertyIsEnumerable|toLocaleString|toString|valueOf)"'
)
# It writes texts into expressions, whose lines end by these: JSON has them as escapes.
_LINE = re.compile(r"(?<!\\)((?:\\\\)*)\\u202[89]")
FOLDER = Path(__file__).parent / "templates"
HTML = "text/html; charset=utf-8"
# What browsers show in an input of each type; of anything else they would make an empty one.
_TIME = r"\d\d:\d\d(:\d\d(\.\d{1,3})?)?"
MOMENT = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "datetime-local": re.compile(rf"\d{{4}}-\d\d-\d\d[T ]{_TIME}"),
    "time": re.compile(_TIME),
}
# Nothing comes from elsewhere, no script stands within a page, and none is made of text.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Renderer:
    """Renders templates for a visitor."""

    def __init__(
        self, datasets: Callable[[], list[str]], guard: Guard, static: Static, root: str = ""
    ) -> None:
        """Take what names all datasets, the guard, the static files, and what paths begin with."""
        self._datasets = datasets
        self._guard = guard
        self._static = static
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            figure=figure, when=when, ago=ago, count=count, percent=percent, plain=plain
        )
        self._templates.filters.update(of_moment=of_moment, beside=units.beside)
        self._templates.filters.update(predicted=target_keys.predicted, truth=target_keys.true)
        self._templates.globals.update(
            chart=chart, static=lambda name: root + url(name), sections=SECTIONS, root=root
        )

    def datasets(self, caller: Caller | None) -> list[str]:
        """Return the names of the datasets that a caller sees, even without a serving version."""
        return [name for name in self._datasets() if (caller or ANYONE).sees(name)]

    def render(
        self, request: falcon.Request, response: falcon.Response, template: str, **values: Any
    ) -> None:
        """Answer with a page; a missing value is an error."""
        self._static.prepare()
        exchange = request.env[ENVIRON]
        exchange.is_answer_stored = False  # it only shows what is stored
        caller = exchange.caller
        session = sessions.cookie(request.env, sessions.COOKIE)
        values = {
            "dataset": None,
            **values,
            "datasets": self.datasets(caller),
            "path": request.root_path + request.path,
            "is_open": self._guard.is_open,
            "caller": caller,
            "may": {scope: caller is not None and caller.may(scope) for scope in SCOPES},
            "csrf": sessions.token(session) if session else "",
        }
        response.content_type = HTML
        response.set_header("Content-Security-Policy", POLICY)
        response.text = self._templates.get_template(template).render(values)


def chart(spec: dict[str, Any], about: str, height: int = 240) -> Markup:
    """Return the HTML of a chart; `about` describes it in words."""
    data = json.dumps(spec, separators=(",", ":"))
    data = _OF_OBJECTS.sub(r'"\\u2060\1"', data)
    data = _LINE.sub(r"\1 ", data)
    # Within a script element only "<" could end it; JSON has another way to write it.
    data = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(
        '<div class="chart" role="img" aria-label="{}" data-height="{}">'
        '<script type="application/json">{}</script></div>'
    ).format(about, height, Markup(data))  # noqa: S704 - escaped above


def figure(value: Any, digits: int = 4) -> str:
    """Format a number with some significant digits and thousands separators."""
    if value is None or isinstance(value, bool):
        return NOTHING if value is None else ("yes" if value else "no")
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}"


def of_moment(kind: str, value: Any) -> str:
    """Return the type of an input for a moment: text, where a browser would not show the value."""
    return kind if not value or MOMENT[kind].fullmatch(str(value)) else "text"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Format a count with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def when(text: str | None) -> Markup:
    """Format a time, which the browser shows in its own time zone."""
    if not text:
        return Markup("{}").format(NOTHING)
    shown = clock.minute(text).replace("T", " ")
    return Markup('<time datetime="{}">{} UTC</time>').format(text, shown)


def ago(text: str | None) -> str:
    """Format how long ago a time was."""
    if not text:
        return "never"
    seconds = (datetime.now(UTC) - clock.parse(text, "time")).total_seconds()
    for size, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(int(seconds // size), noun)} ago"
    return "just now"
