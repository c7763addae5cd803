"""Why a student has a status, in a registrar's words; each sentence stands for one fact."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from reconcile.columns import Search, SisCccid

_HOLE: Final = re.compile(r"\{(\w+)\}")
_AT_MOST: Final = 5  # numbers listed in a sentence

_everywhere = pl.col("systemwide")
_unheld = pl.col("sis_cccid") != SisCccid.AGREES.value


def _fact(fact: SisCccid) -> pl.Expr:
    return pl.col("sis_cccid") == fact.value


def _search(found: Search) -> pl.Expr:
    return pl.col("search") == found.value


_HELD: Final = "The SIS holds a CCCID that "

# A hole takes a column: lists are joined, words about a comparison stand in brackets.
SENTENCES: Final = (
    (pl.col("scope_reason").is_not_null(), "Outside the population: {scope_reason}."),
    (pl.col("hold_reason").is_not_null(), "On hold: {hold_reason}."),
    (pl.col("same_person").list.len() > 0, "May be the same person as SIS id {same_person}{same_words}."),
    (_fact(SisCccid.FRAUD), _HELD + "was reported as fraud."),
    (_fact(SisCccid.SHARED), _HELD + "other students hold too."),
    (_fact(SisCccid.AGREES), _HELD + "belongs to this person{held_words}."),
    (_fact(SisCccid.DOUBTFUL), _HELD + "belongs to this person only doubtfully{held_words}."),
    (_fact(SisCccid.OTHER_PERSON), _HELD + "belongs to somebody else{held_words}."),
    (_fact(SisCccid.RETIRED), _HELD + "was in use once and is not in the snapshot any more."),
    (_fact(SisCccid.NOT_IN_SNAPSHOT) & _everywhere, _HELD + "is well formed but in no account."),
    (
        _fact(SisCccid.NOT_IN_SNAPSHOT) & ~_everywhere,
        _HELD + "is not in this snapshot, which does not cover the whole system.",
    ),
    (
        _fact(SisCccid.MALFORMED),
        _HELD + "breaks the format (three letters without I and O, four digits, not 0000).",
    ),
    (_fact(SisCccid.ABSENT), "The SIS holds no CCCID."),
    (pl.col("near_cccids").list.len() > 0, "Near numbers in the snapshot: {near_cccids}."),
    (
        pl.col("near_cccids").list.contains(pl.col("best_cccid")),
        "Among them is the account that the search found.",
    ),
    (_search(Search.SEVERAL), "Several accounts are certainly this person: {certain_cccids}."),
    (_search(Search.CERTAIN) & _unheld, "One account is certainly this person{best_words}."),
    (_search(Search.POSSIBLE), "Possible accounts: {possible_cccids}{best_words}."),
    (_search(Search.NONE) & _unheld & _everywhere, "No account was found."),
    (
        _search(Search.NONE) & _unheld & ~_everywhere,
        "No account was found in this snapshot; one may exist outside it.",
    ),
    (
        pl.col("issued_cccid").is_not_null() & ~_fact(SisCccid.AGREES),
        "Our registry holds {issued_cccid} for them; the SIS does not yet.",
    ),
    (pl.col("failed_rules").list.len() > 0, "The record cannot be created as it is: {failed_rules}."),
)


def evidence(facts: pl.DataFrame, /) -> pl.Expr:
    """Join the sentences that hold for a student."""
    said = [
        pl.when(rule.fill_null(value=False)).then(_filled(sentence, facts.schema))
        for rule, sentence in SENTENCES
    ]
    return pl.concat_str(said, separator=" ", ignore_nulls=True)


def _filled(sentence: str, schema: pl.Schema) -> pl.Expr:
    parts = []
    for index, piece in enumerate(_HOLE.split(sentence)):
        if index % 2 == 0:
            parts.append(pl.lit(piece))
        elif isinstance(schema[piece], pl.List):
            parts.append(pl.col(piece).list.head(_AT_MOST).list.join(", ").fill_null(""))
        elif piece.endswith("_words"):
            words = pl.col(piece).fill_null("")
            parts.append(pl.when(words != "").then(pl.format(" ({})", words)).otherwise(pl.lit("")))
        else:
            parts.append(pl.col(piece).fill_null(""))
    return pl.concat_str(parts)
