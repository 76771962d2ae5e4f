"""The words for true and false, in the languages of those who keep tables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

TRUE, FALSE = "true", "false"
WORDS = {
    TRUE: ("true", "t", "yes", "y", "on", "1", "1.0", "ja", "j", "oui", "si", "sí", "sim", "tak",
           "да", "igen", "evet", "kyllä", "ano", "是", "はい"),
    FALSE: ("false", "f", "no", "n", "off", "0", "0.0", "nein", "non", "não", "nao", "nie", "нет",
            "nem", "hay\u0131r", "ei", "ne", "否", "いいえ"),
}  # fmt: skip


def spellings(true: Iterable[object] = (), false: Iterable[object] = ()) -> dict[str, str]:
    """Return "true" or "false" for each word, as it may be written: yes, Yes, YES.

    With words of one's own, only these count, and true and false.
    """
    return _spellings(tuple(map(str, true)), tuple(map(str, false)))


@lru_cache(maxsize=64)
def _spellings(true: tuple[str, ...], false: tuple[str, ...]) -> dict[str, str]:
    own = {TRUE: (TRUE, *true), FALSE: (FALSE, *false)}
    chosen = own if true or false else WORDS
    return {
        spelling: meaning
        for meaning, words in chosen.items()
        for word in words
        for spelling in (word, word.lower(), word.capitalize(), word.upper())
    }
