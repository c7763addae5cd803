"""Names as they are compared: folded letters, particles joined, suffixes and placeholders out."""

from __future__ import annotations

from typing import Final

import polars as pl

SUFFIXES: Final = {
    "jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "2nd": "ii", "2": "ii",
    "iii": "iii", "3rd": "iii", "3": "iii", "iv": "iv", "4th": "iv", "4": "iv", "v": "v", "5th": "v",
}  # fmt: skip

# Letters that Unicode does not decompose although people do.
_FOLDED: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i",
    "ħ": "h",
}  # fmt: skip

_PARTICLES: Final = (
    "de|del|della|la|las|los|le|van|von|vander|der|den|ter|ten|di|da|do|das|dos|du|"
    "mc|mac|st|san|santa|al|el|abu|bin|ibn|ben|o|d|l"
)
_SUFFIX_TOKENS: Final = r"\b(jr|junior|sr|senior|ii|iii|iv|2nd|3rd|4th|5th)\b\.?"
_PLACEHOLDERS: Final = (
    "unknown", "unk", "nfn", "fnu", "lnu", "nln", "nmn", "nmi", "nofirstname", "nolastname", "nomiddlename",
    "noname", "none given", "nonegiven", "notprovided", "notavailable", "xx", "xxx", "xxxx", "xxxxx", "zzz",
    "test", "tbd", "nofname", "nolname", "null",
)  # fmt: skip
_MOJIBAKE: Final = "[ÃÂâÄÅÐ]"
_PLAIN: Final = "^[A-Za-z]+$"


def clean_names(values: pl.Series, /) -> pl.DataFrame:
    """Clean the distinct values of a name column.

    Args:
        values: distinct, without nulls.

    Returns:
        raw, spaced (folded words), suffix: one row a value, in any order.
    """
    text = values.cast(pl.String)
    damaged = text.str.contains(_MOJIBAKE)
    if damaged.any():
        text = pl.Series([mend(value) if bad else value for value, bad in zip(text, damaged, strict=True)])
    frame = pl.DataFrame({"raw": values, "text": text})
    # One word of plain letters is clean already: it holds no suffix, or is one and then a name after all.
    plain = pl.col("text").str.contains(_PLAIN)
    one = frame.filter(plain).select(
        "raw", spaced=pl.col("text").str.to_lowercase(), suffix=pl.lit(None, dtype=pl.String)
    )
    made = pl.concat([one, _taken_apart(frame.filter(~plain))])
    return made.with_columns(blank(pl.col("spaced")))


def _taken_apart(frame: pl.DataFrame) -> pl.DataFrame:
    """Clean texts of more than one word, each step once: an expression in two places runs twice."""
    foreign = pl.col("text").str.contains(r"[^\x00-\x7F]")
    frame = pl.concat(
        [
            frame.filter(~foreign).with_columns(pl.col("text").str.to_lowercase()),
            frame.filter(foreign).with_columns(fold(pl.col("text"))),
        ]
    )
    words = (
        frame["text"]
        .str.replace_all(r"\([^)]*\)", " ")
        .str.replace_all(
            r"(\p{L})[?\x{FFFD}'`\x{00B4}\x{2018}\x{2019}\x{02BB}\x{02BC}\x{00AD}\x{200B}-\x{200F}]+(\p{L})",
            "$1$2",
        )
        .str.replace_all(r"(\p{L})'(\p{L})", "$1$2")
    )
    suffix = words.str.extract(_SUFFIX_TOKENS, 1)
    # A suffix alone is a name after all: people are called Junior.
    alone = words.str.replace_all(r"[^\p{L}]+", " ").str.strip_chars()
    told = pl.DataFrame({"raw": frame["raw"], "words": words, "suffix": suffix, "alone": alone})
    bare = pl.when(pl.col("suffix").is_not_null()).then(
        pl.col("words")
        .str.replace_all(_SUFFIX_TOKENS, " ")
        .str.replace_all(r"[^\p{L}]+", " ")
        .str.strip_chars()
    )
    spaced = pl.coalesce(bare, "alone").str.replace(r"^(mr|mrs|ms|miss|dr) ", "")
    told = told.with_columns(spaced=spaced)
    return told.select(
        "raw",
        pl.when(pl.col("spaced") == "").then("alone").otherwise("spaced").alias("spaced"),
        pl.when(pl.col("spaced") != "").then(pl.col("suffix").replace_strict(SUFFIXES, default=None)),
    )


def fold(text: pl.Expr, /) -> pl.Expr:
    """Lower case without diacritics, compatibility forms unfolded.

    >>> pl.select(fold(pl.lit("MUÑOZ Łukasz"))).item()
    'munoz lukasz'
    """
    return (
        text.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_lowercase()
        .str.replace_many(list(_FOLDED), list(_FOLDED.values()))
    )


def blank(spaced: pl.Expr, /) -> pl.Expr:
    """Null what stands for "no name"."""
    squeezed = spaced.str.replace_all(" ", "")
    return pl.when((squeezed != "") & ~squeezed.is_in(_PLACEHOLDERS)).then(spaced)


def joined_particles(spaced: pl.Expr, /) -> pl.Expr:
    """Join particles to the word that they belong to: "de la cruz garcia" is "delacruz garcia".

    >>> pl.select(joined_particles(pl.lit("de la cruz garcia"))).item()
    'delacruz garcia'
    """
    return spaced.str.replace_all(r" y ", " ").str.replace_all(rf"\b({_PARTICLES}) ", "$1")


def without_particles(spaced: pl.Expr, /) -> pl.Expr:
    """Drop particles before a word: "de la cruz" is "cruz"."""
    return spaced.str.replace_all(r" y ", " ").str.replace_all(rf"\b({_PARTICLES}) ", "")


def mend(text: str, /) -> str:
    """Undo UTF-8 that was read as cp1252, when doing so leaves valid text; else leave it.

    >>> mend("MuÃ±oz"), mend("Muñoz")
    ('Muñoz', 'Muñoz')
    """
    for _ in range(2):
        try:
            repaired = b"".join(_byte(letter) for letter in text).decode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError):
            return text
        if repaired == text:
            return text
        text = repaired
    return text


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")  # the five bytes that cp1252 leaves undefined
