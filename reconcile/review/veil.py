"""What a reviewer reads who may not see birthdates, since they may not reach who decides admission."""

from __future__ import annotations

import re
from typing import Final

import polars as pl
import polars.selectors as cs

from reconcile.words import FIELD_WORDS, LEVEL_WORDS

VEILED: Final = ("birthdate", "ssn")
# How the levels of these two fields are worded where they are neither equal nor plainly different.
_NEAR: Final = ("day_month_swapped", "one_digit", "last_four_alone")
_UNTOLD: Final = ("same_year",)
_ENDS: Final = r" differs?$"


def veiled(frame: pl.DataFrame, marks: pl.Series, /) -> pl.DataFrame:
    """Say of birthdates and SSNs only whether they agree, are near, or differ.

    Args:
        frame: of a `WorkList`.
        marks: what stands in the column hash instead, since the hash is made of the birthdates too.

    Returns:
        The frame with the columns birthdate_l and birthdate_r, and those of an SSN's parts, replaced by
        birthdate ("agree", "near", "differ"; empty when one side has none), those words in agreement, and no
        match_probability, which would say more.
    """
    hidden = [name for name in frame.columns if name.startswith(tuple(f"{field}_" for field in VEILED))]
    told = [worded(text or "") for text in frame["agreement"]]
    shown = frame.with_columns(
        marks.alias("hash"),
        pl.Series("agreement", [text for text, _ in told], dtype=pl.String),
        pl.Series("birthdate", [said["birthdate"] for _, said in told], dtype=pl.String),
    ).drop(hidden, cs.by_name("match_probability", require_all=False))
    names = [name for name in shown.columns if name != "birthdate"]
    names.insert(names.index("agreement") + 1, "birthdate")
    return shown.select(names)


def word(level: str | None, /) -> str:
    """Say of a level of these two fields no more than "agree", "near" or "differ"; "" of what tells nothing.

    >>> word("exact"), word("day_month_swapped"), word("one_part"), word("missing")
    ('agree', 'near', 'differ', '')
    """
    if level is None or level in ("missing", *_UNTOLD):
        return ""
    return "agree" if level == "exact" else "near" if level in _NEAR else "differ"


def days(one: object, other: object, /) -> str:
    """Say the same of two birthdates that nobody compared: of relatives, who stand around a pair.

    >>> days("2001-02-03", "2001-03-02"), days("2001-02-03", "2001-02-04"), days("2001-02-03", None)
    ('near', 'near', '')
    """
    left, right = str(one or ""), str(other or "")
    if not left or not right:
        return ""
    swapped = left[:4] == right[:4] and left[5:7] == right[8:10] and left[8:10] == right[5:7]
    digits = len(left) == len(right) and sum(a != b for a, b in zip(left, right, strict=True)) == 1
    return "agree" if left == right else "near" if swapped or digits else "differ"


def worded(text: str, /) -> tuple[str, dict[str, str]]:
    """Take out of a sentence about a pair how birthdate and SSN differ, and say in a word what is left."""
    said = dict.fromkeys(VEILED, "")
    kept = []
    for clause in text.split("; "):
        field = next((one for one in VEILED if clause.startswith(f"{_word(one)} ")), "")
        for one in VEILED:
            if re.search(rf"\b{_word(one)}\b", clause):
                if clause.startswith("agrees on "):
                    said[one] = "agree"
                elif re.search(_ENDS, clause):
                    said[one] = "differ"
        level = next((name for name, words in LEVEL_WORDS.items() if field and clause.endswith(words)), "")
        if not field or re.search(_ENDS, clause):
            kept.append(clause)
        elif level not in _UNTOLD:
            said[field] = word(level or "different")
            kept.append(f"{_word(field)} {'is near' if said[field] == 'near' else 'differs'}")
    return "; ".join(kept), said


def _word(field: str) -> str:
    return FIELD_WORDS.get(field, field)
