"""E-mail, phone, ZIP, street and codes as they are compared."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.standardize.names import fold

_NO_MAILBOX: Final = r"^(no|none|noemail|no[-_.]?reply|unknown|test|na|n/a|null|noaddress|not?provided)@"
_REPEATED: Final = r"^(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+|1234567890|0123456789)$"
_NO_STREET: Final = r"^(homeless|unhoused|general delivery|none|unknown|na|n a|no address|same|tbd|x+|0+)$"
_STREET_WORDS: Final = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "drive": "dr",
    "road": "rd", "lane": "ln", "court": "ct", "place": "pl", "circle": "cir", "terrace": "ter",
    "parkway": "pkwy", "highway": "hwy", "square": "sq", "way": "wy", "north": "n", "south": "s",
    "east": "e", "west": "w", "apartment": "apt", "unit": "apt", "suite": "apt", "ste": "apt", "no": "apt",
}  # fmt: skip


def email(text: pl.Expr, /) -> pl.Expr:
    """Lower case; null where it is no address or stands for none."""
    value = text.str.strip_chars().str.to_lowercase()
    return pl.when(value.str.contains(r"^[^@\s]+@[^@\s]+$") & ~value.str.contains(_NO_MAILBOX)).then(value)


def phone(text: pl.Expr, /) -> pl.Expr:
    """Ten digits without country code or extension; null where it is no number.

    >>> pl.select(phone(pl.lit("+1 (530) 555-0142 x12"))).item()
    '5305550142'
    """
    digits = (
        text.str.to_lowercase()
        .str.replace(r"\s*(x|ext).*$", "")
        .str.replace_all(r"[^0-9]", "")
        .str.replace(r"^1([0-9]{10})$", "$1")
    )
    return pl.when(digits.str.contains(r"^[2-9][0-9]{9}$") & ~digits.str.contains(_REPEATED)).then(digits)


def zip5(text: pl.Expr, /) -> pl.Expr:
    """The first five digits; four where a spreadsheet ate the leading zero."""
    digits = text.str.extract(r"^\s*([0-9]{4,5})", 1).str.zfill(5)
    return pl.when(~digits.str.contains(_REPEATED)).then(digits)


def street(text: pl.Expr, /) -> pl.Expr:
    """Folded words with the usual abbreviations; null where it says that there is none.

    >>> pl.select(street(pl.lit("12 North Main Street #4"))).item()
    '12 n main st apt 4'
    """
    words = fold(text).str.replace_all("#", " apt ").str.replace_all(r"[^\p{L}0-9]+", " ").str.strip_chars()
    short = (
        words.str.split(" ")
        .list.eval(pl.element().replace(_STREET_WORDS))
        .list.join(" ")
        .str.replace_all("apt apt", "apt", literal=True)
    )
    return pl.when((words != "") & ~words.str.contains(_NO_STREET)).then(short)


def words(text: pl.Expr, /) -> pl.Expr:
    """Folded words without punctuation."""
    value = fold(text).str.replace_all(r"[^\p{L}0-9]+", " ").str.strip_chars()
    return pl.when(value != "").then(value)


def code(text: pl.Expr, /) -> pl.Expr:
    """Letters and digits of an identifier; null where one digit is repeated throughout."""
    value = text.str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    return pl.when((value != "") & ~value.str.contains(_REPEATED)).then(value)
