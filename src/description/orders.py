"""Words that have an order wherever they stand: grades, sizes, months, ranges of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEAST = 3  # values: two words hardly make a scale
# From low to high; words within one step mean the same.
_SCALES = """
very low, lowest | low | below average | medium, moderate, mid, middle, average, normal | above average | high | very high, highest
very poor | poor, bad | fair | below average | average, typical, ok, acceptable | above average | good, better | very good | excellent, best | very excellent, outstanding
worst | bad | ok, okay | good | better | best
xxs | xs, extra small | s, small | m, medium | l, large | xl, extra large | xxl, 2xl | xxxl, 3xl
tiny | small | medium | large, big | huge | giant
none, no | small, few | big, many
jan, january | feb, february | mar, march | apr, april | may | jun, june | jul, july | aug, august | sep, sept, september | oct, october | nov, november | dec, december
januar | februar | märz | april | mai | juni | juli | august | september | oktober | november | dezember
mon, monday | tue, tues, tuesday | wed, wednesday | thu, thur, thurs, thursday | fri, friday | sat, saturday | sun, sunday
montag, mo | dienstag, di | mittwoch, mi | donnerstag, do | freitag, fr | samstag, sa, sonnabend | sonntag, so
never | rarely, seldom | sometimes, occasionally | often, frequently, usually | always
none, absent | minimal, trace | mild, slight, minor | moderate, medium | severe, major, marked | critical, very severe, extreme
strongly disagree | disagree | slightly disagree | neutral, undecided, neither agree nor disagree | slightly agree | agree | strongly agree
very dissatisfied | dissatisfied | neutral | satisfied | very satisfied
very unlikely | unlikely | neutral | likely | very likely
beginner, novice | intermediate | advanced | expert
junior | mid, middle, regular | senior | lead, principal
bronze | silver | gold | platinum
cold | cool | mild | warm | hot
light | moderate, medium | heavy
slow | medium | fast
young | middle-aged, middle, adult | old, senior
first | second | third | fourth | fifth | sixth | seventh | eighth
primary | secondary | tertiary
primary school | middle school | high school | college | bachelor | master | doctor, phd
below college | college | bachelor | master | doctor
dawn | morning | noon | afternoon, day | evening, dusk | night
winter | spring | summer | autumn, fall
"""  # noqa: E501
# Parts of a day and seasons go round: their order helps no model, so they stay as they are.
_ROUND = ("dawn", "winter")
SCALES = [
    {word.strip(): rank for rank, step in enumerate(line.split("|")) for word in step.split(",")}
    for line in _SCALES.strip().splitlines()
    if not line.startswith(_ROUND)
]
_GRADES = re.compile(
    r"\b(grade|rating|band|tier|score|class|rank|level)s?$|(klasse|note|clase|nota)n?$"
)
_GRADE = re.compile(r"(?P<letter>[A-H])(?P<sign>-|\+{0,3})")
# What comes one after the other under such a name, or before such numbers: Q1, Stage II, level 3.
_STEPS = re.compile(
    r"(q|quarter|quartal|level|lvl|stage|stadium|grade|phase|step|tier|rank|priority|prio|severity)s?"
)
_STEP = re.compile(r"(?P<noun>[^\W\d]*?)\s*(?P<number>\d{1,2}|[ivx]+)")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_RANGE = re.compile(
    r"(?P<less><=?|≤|under|less than|up to|below)?\s*[$€£]?(?P<low>\d[\d,.]*)(st|nd|rd|th)?"
    r"\s*(?P<more>\+|plus|and (over|more|above)|or (more|older|over))?"
    r"(\s*(-|\u2013|to|bis)\s*[$€£]?\d[\d,.]*)?\s*[^\W\d]*(\s*[^\W\d]+)?"
)
_ABOVE = re.compile(r"(>=?|≥|over|more than|above)\s*")
_SYMBOLS = re.compile(r"([*★⭐+$€£¥])\1*☆*")  # stars, and prices of restaurants


def of(name: str, words: Iterable[str]) -> list[str] | None:
    """Return the words from low to high; None if they have no order that is surely theirs."""
    every = list(dict.fromkeys(words))
    if len(every) < LEAST:
        return None
    return (
        _scale(every)
        or _grades(name, every)
        or _steps(name, every)
        or _ranges(every)
        or _symbols(every)
    )


def plain(word: str) -> str:
    """Write a word as the scales do: Very_Good, very-good and VERY GOOD are one."""
    return re.sub(r"[\s_]+|(?<=[a-z])-(?=[a-z])", " ", word).strip().casefold()


def _scale(words: list[str]) -> list[str] | None:
    for scale in SCALES:
        ranks = [scale.get(plain(word)) for word in words]
        if None not in ranks and len(set(ranks)) == len(ranks):
            return [word for _, word in sorted(zip(ranks, words, strict=True))]
    return None


def _grades(name: str, words: list[str]) -> list[str] | None:
    """Order grades by letters, A the best, under a name that says that they are grades."""
    matches = [_GRADE.fullmatch(word) for word in words]
    if not _GRADES.search(_spaced(name)) or None in matches:
        return None
    signs = {"-": -1, "": 0, "+": 1, "++": 2, "+++": 3}
    places = [(-ord(one["letter"]), signs[one["sign"]]) for one in matches if one]
    return [word for _, word in sorted(zip(places, words, strict=True))]


def _spaced(name: str) -> str:
    return re.sub(r"[_\W]+", " ", name).strip().casefold()


def _steps(name: str, words: list[str]) -> list[str] | None:
    """Order what is numbered, as quarters and stages are, with Roman numbers as well."""
    matches = [_STEP.fullmatch(plain(word)) for word in words]
    nouns = {one["noun"] if one else None for one in matches}
    if None in nouns or len(nouns) > 1:
        return None
    noun = nouns.pop() or _spaced(name).rpartition(" ")[2]
    if not _STEPS.fullmatch(noun):
        return None
    places = [_numeral(one["number"]) for one in matches if one]
    if None in places or len(set(places)) < len(places):
        return None
    return [word for _, word in sorted(zip(places, words, strict=True))]


def _numeral(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    return _ROMAN.index(text) + 1 if text in _ROMAN else None


def _ranges(words: list[str]) -> list[str] | None:
    """Order ranges of numbers: <1 year, 1-2 years, 10+ years."""
    keys = [_place(plain(word)) for word in words]
    if None in keys or len(set(keys)) < len(keys):
        return None
    if all(re.fullmatch(r"[\d.,]+", word) for word in words):
        return None
    return [word for _, word in sorted(zip(keys, words, strict=True))]


def _symbols(words: list[str]) -> list[str] | None:
    """Order what is counted by one symbol: *, **, ***."""
    matches = [_SYMBOLS.fullmatch(word) for word in words]
    if None in matches or len({one[1] for one in matches if one}) > 1:
        return None
    counts = [word.count(word[0]) for word in words]
    if len(set(counts)) < len(counts):
        return None
    return [word for _, word in sorted(zip(counts, words, strict=True))]


def _place(word: str) -> tuple[float, int] | None:
    above = _ABOVE.match(word)
    match = _RANGE.fullmatch(word[above.end() :] if above else word)
    if match is None:
        return None
    low = float(match["low"].replace(",", "").rstrip(".") or 0)
    return low, -1 if match["less"] else 1 if above or match["more"] else 0
