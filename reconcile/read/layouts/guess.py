"""What a column might be that no layout knows, by the words of its name or by what it holds: guesses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from reconcile.cccid import well_formed

if TYPE_CHECKING:
    from reconcile.read.layouts.layout import Layout

_LOOKED_AT: Final = 20_000  # values
_MOSTLY: Final = 0.9  # of the values have to look so
_FEW: Final = 3  # values that show nothing
_CODES: Final = 60  # terms that a file may hold
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SHORT: Final = {
    "stu": "student", "pers": "person", "nm": "name", "nam": "name", "lname": "last name",
    "fname": "first name", "mname": "middle name", "lst": "last", "frst": "first", "fst": "first",
    "surname": "last name", "mid": "middle", "init": "initial", "dt": "date", "bdate": "birth date",
    "birthdate": "birth date", "birthday": "birth date", "dob": "birth date", "nbr": "number", "no": "number",
    "num": "number", "nr": "number", "addr": "address", "ph": "phone", "tel": "phone", "telephone": "phone",
    "mobile": "phone", "cell": "phone", "mail": "email", "zipcode": "zip", "postal": "zip", "soc": "social",
    "sec": "security", "pref": "preferred", "prev": "former", "previous": "former", "maiden": "former last",
    "cd": "code", "ind": "flag", "indicator": "flag",
}  # fmt: skip
# Words that tell whose or which, and rarely what.
_WEAK: Final = frozenset(
    {
        "student", "person", "of", "the", "current", "legal", "official", "primary", "main", "home",
        "personal", "code", "number", "text", "field", "col", "column", "full", "local", "sis", "permanent",
        "perm", "mailing", "address", "flag",
    }
)  # fmt: skip
_NAMED: Final = {
    "last_name": {"last", "name"},
    "first_name": {"first", "name"},
    "middle_name": {"middle", "name"},
    "former_last_names": {"former", "last", "name"},
    "preferred_first_name": {"preferred", "name"},
    "birthdate": {"birth", "date"},
    "email": {"email"},
    "phone": {"phone"},
    "ssn": {"social", "security"},
    "zip": {"zip"},
    "city": {"city"},
    "state": {"state"},
    "street": {"street"},
    "cccid": {"cccid"},
    "term": {"term"},
    "sis_id": {"id"},
    "suffix": {"suffix"},
    "college": {"college"},
}
_SHAPED: Final = (
    ("email", r"^[^\s@]+@[^\s@]+\.[A-Za-z]{2,}$", "e-mail addresses"),
    ("ssn", r"^ssn:|^[0-9]{3}-[0-9]{2}-[0-9]{4}$", "numbers shaped like SSNs"),
    ("phone", r"^(\+?1[-. ]?)?(\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}$", "phone numbers"),
    ("zip", r"^[0-9]{5}(-[0-9]{4})?$", "five digits, as ZIP codes have"),
    ("state", r"^[A-Z]{2}$", "two capitals, as states have"),
    ("term", r"^((19|20)[0-9]{4}|(19|20)[0-9]{2}[A-Z]{2})$", "codes that begin with a year, as terms do"),
)
_ID: Final = r"^[A-Za-z@]{0,2}[0-9]{5,10}$"
_YEAR: Final = r"((?:19|20)[0-9]{2})"
_DATE: Final = (
    r"^((19|20)[0-9]{2}[-/.]?[0-9]{2}[-/.]?[0-9]{2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](19|20)[0-9]{2}"
    r"|[0-9]{1,2}-[A-Za-z]{3}-(19|20)[0-9]{2}|[0-9]{4}(19|20)[0-9]{2})([T ][0-9:.]*)?$"
)
_YOUNGEST: Final = 10  # years; younger than that hardly any student is


class Guess(NamedTuple):
    """A field that a column might hold, and what speaks for it."""

    field: str
    why: str


def by_words(name: str, layout: Layout, /) -> Guess | None:
    """Guess by the words of a column's name, abbreviations written out.

    >>> from reconcile.read.layouts.layout import load_layout
    >>> by_words("StuBirthDt", load_layout("generic")).field
    'birthdate'
    """
    words = {
        word for short in _WORDS.findall(name) for word in _SHORT.get(short.lower(), short.lower()).split()
    }
    told = words - _WEAK or words
    for field, needed in _NAMED.items():
        if field in layout.fields and needed == told:
            return Guess(field, "its name")
    return None


def by_values(values: pl.Series, layout: Layout, /) -> Guess | None:
    """Guess by the shapes of the values; what many kinds of columns may hold is not guessed at."""
    filled = values.drop_nulls().str.strip_chars()
    looked = filled.filter(filled != "").head(_LOOKED_AT)
    if looked.len() < _FEW:
        return None
    guess = _shaped(looked) or _dated(looked)
    unique = filled.len() == values.len() and filled.n_unique() == values.len()
    if guess is None and unique and _mostly(looked.str.contains(_ID)):
        guess = Guess(layout.id, "filled in every row and different in each, as ids are")
    return guess if guess and guess.field in layout.fields else None


def _shaped(values: pl.Series) -> Guess | None:
    if _mostly(values.to_frame("v").select(well_formed(pl.col("v").str.to_uppercase())).to_series()):
        return Guess("cccid", "three letters and four digits, as CCCIDs have")
    for field, shape, why in _SHAPED:
        if _mostly(values.str.contains(shape)):
            if field == "term" and (values.n_unique() > _CODES or values.n_unique() == values.len()):
                continue
            return Guess(field, why)
    return None


def _dated(values: pl.Series) -> Guess | None:
    """Dates in years in which students are born."""
    if not _mostly(values.str.contains(_DATE)):
        return None
    years = values.str.extract(_YEAR).cast(pl.Int64, strict=False).drop_nulls().sort()
    middle = years[years.len() // 2] if years.len() else 0
    now = datetime.now(tz=UTC).year
    if years.n_unique() > _FEW and now - 100 < middle < now - _YOUNGEST:
        return Guess("birthdate", "dates in years in which students are born")
    return None


def _mostly(flags: pl.Series) -> bool:
    return bool(flags.len() and flags.fill_null(value=False).sum() >= _MOSTLY * flags.len())
