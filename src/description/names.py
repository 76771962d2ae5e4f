"""What the name of a column says: its unit, and whether it counts, names or codes something."""

from __future__ import annotations

import re

_UNITS = {
    "mm": "mm", "cm": "cm", "km": "km", "kg": "kg", "mg": "mg", "ml": "ml", "usd": "USD",
    "eur": "EUR", "gbp": "GBP", "chf": "CHF", "pct": "%", "percent": "%", "percentage": "%",
    "mph": "mph", "kmh": "km/h", "kwh": "kWh", "kw": "kW", "sqft": "sq ft", "sqm": "m²",
    "days": "days", "hours": "hours", "minutes": "minutes", "mins": "minutes", "seconds": "seconds",
    "secs": "seconds", "years": "years", "yrs": "years", "months": "months", "weeks": "weeks",
    "miles": "miles", "celsius": "°C", "fahrenheit": "°F", "hpa": "hPa", "mbar": "mbar",
}  # fmt: skip
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "US$": "USD"}
# After another word only, for alone they are words: body_mass_g, but not g.
_SHORT = {"g": "g", "m": "m", "s": "s", "h": "h", "kg": "kg", "c": "°C", "f": "°F"}
_IN_BRACKETS = re.compile(r"^(?P<name>.*?\S)\s*[\[(](?P<unit>[^\[\]()]{1,15})[\])]$", re.DOTALL)

_INDEX = re.compile(r"(unnamed: ?\d+|row ?names?|row ?(id|nr|no|num|number|index)?|index|x1?|obs|)")
_ID = re.compile(r"(^|.* )(id|ids|uuid|guid|identifier|id str)( str)?$")
_OF_ROW = re.compile(r"(^|.* )(key|number|nr|no|serial|index|row|order|transaction|record)$")
_CODE = re.compile(
    r"(^|.* )(zip|zipcode|zip ?code|postcode|postal ?code|post code|plz|area ?code|fips|phone|"
    r"telephone|mobile|isbn|ean|sku|iban|ssn|naics|sic|icd ?\d*|code|codes)$"
)
_PERSON = re.compile(
    r"(^|.* )((first|last|sur|family|given|full|middle|maiden|nick|user) ?name|nachname|vorname|"
    r"e ?mail|e ?mail address|signature)$"
)
_NAMES = re.compile(r"(^|.* )(name|title|label|headline|caption)$")
_BELONGS = re.compile(
    r"(^|.* )(subject|patient|person|customer|client|user|member|participant|respondent|household|"
    r"family|account|device|machine|sensor|player|student|employee|driver|vehicle|animal|proband|"
    r"kunde|patientin|speaker|donor|case|pid|uid)( ?(id|nr|no|number|code|key|idx))?$"
)
_SIGNED = re.compile(
    r"(^|.* )(temp|temperature|lat|latitude|lon|lng|long|longitude|change|diff|difference|delta|"
    r"delay|balance|profit|net|elevation|altitude|growth|return|dewpt|dew point|gain|margin|x|y|z|"
    r"log|z ?score|correlation|skew|skewness)( .*)?$"
)
_YEAR = re.compile(r"(^|.* )(year|yr|jahr|année|ano)( .*)?$")
_TIME = re.compile(r"date|day|time|timestamp|datetime|month|year|week|quarter|period|trend|t")
_MOMENT = re.compile(
    r"(^|.* )(time|timestamp|datetime|date|at|on|epoch|unix|ts|stamp|created|updated|modified|"
    r"since)( (ms|s|seconds|utc))?$"
)

# What goes round has limits of its own.
_CYCLES = {
    "month": (1, 12), "quarter": (1, 4), "week": (0, 53), "weekday": (0, 7), "day": (1, 31),
    "hour": (0, 24), "minute": (0, 60), "second": (0, 60), "latitude": (-90, 90), "lat": (-90, 90),
    "longitude": (-180, 180), "lon": (-180, 180), "lng": (-180, 180),
}  # fmt: skip


def spaced(name: str) -> str:
    """Write a name as plain words: SalePrice, sale_price and sale.price are one."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]+", " ", name)
    return re.sub(r"\s+", " ", apart).casefold().strip()


def unit(name: str) -> str:
    """Return the unit that a header names: "Age (years)", price_usd; empty if it names none."""
    bracket = _IN_BRACKETS.match(name)
    if bracket is not None:
        inner = bracket["unit"].strip()
        is_unit = inner.casefold() in _UNITS or re.search(r"[°%€$£/²³µ]", inner) or len(inner) <= 3
        if is_unit or re.fullmatch(r"[A-Za-z]{1,12}", inner):
            return _SIGNS.get(inner, _UNITS.get(inner.casefold(), inner))
    *before, last = spaced(name).split(" ")
    if last in _UNITS and (before or last in ("percent", "percentage")):
        return _UNITS[last]
    return _SHORT.get(last, "") if len(before) >= 2 or (before and last == "kg") else ""


def of_sign(sign: str) -> str:
    """Return the unit that a sign before or after numbers means."""
    return _SIGNS.get(sign, sign)


def is_index(name: str) -> bool:
    """Tell whether a tool calls its row numbers so."""
    return bool(_INDEX.fullmatch(spaced(name))) or bool(_INDEX.fullmatch(name.casefold()))


def is_id(name: str) -> bool:
    """Tell whether a column is called an id."""
    return bool(_ID.match(spaced(name)))


def counts_rows(name: str) -> bool:
    """Tell whether a column is called what numbers of rows are called."""
    return is_id(name) or bool(_OF_ROW.match(spaced(name)))


def is_code(name: str) -> bool:
    """Tell whether numbers of this name are codes, with which nobody reckons."""
    return bool(_CODE.match(spaced(name)))


def is_person(name: str) -> bool:
    """Tell whether a column is called what names of people are called."""
    return bool(_PERSON.match(spaced(name)))


def is_name(name: str) -> bool:
    """Tell whether a column is called what names of things are called."""
    return bool(_NAMES.match(spaced(name)))


def belongs(name: str) -> bool:
    """Tell whether a column is called as people or things are of which there are several rows."""
    return bool(_BELONGS.match(spaced(name)))


def is_signed(name: str) -> bool:
    """Tell whether numbers of this name may be below 0, whatever these are."""
    return bool(_SIGNED.match(spaced(name)))


def cycle(name: str) -> tuple[int, int] | None:
    """Return the limits of what goes round, such as months, by its name."""
    return _CYCLES.get(spaced(name).rpartition(" ")[2])


def is_year(name: str) -> bool:
    """Tell whether a column is called a year."""
    return bool(_YEAR.match(spaced(name)))


def is_time(name: str) -> bool:
    """Tell whether a column is called as the order of rows in time is."""
    return bool(_TIME.fullmatch(spaced(name)))


def is_moment(name: str) -> bool:
    """Tell whether a column is called as the moments of its rows are: created_at, epoch_ms."""
    return bool(_MOMENT.match(spaced(name)))
