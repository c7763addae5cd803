"""The CCCID: three letters and four digits that mean one person at every California community college.

Letters run AAA to ZZZ without I and O, digits 0001 to 9999: 24^3 times 9,999 = 138,226,176 numbers. There is
no check digit, so a well-formed number can still be a typing error: `near` and `near_in` say which
ones it may have been meant to be, and nobody ever applies them without a person.
The dictionary names a form of the future, four letters and four digits: 24^4 times 9,999 numbers after these.
It is no CCCID today; it is read only where `wide=True` asks for it.
Source: the format in the OpenCCC account dictionary (element cccid).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import total_ordering
from typing import TYPE_CHECKING, Final, Self

import polars as pl

from reconcile.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
COUNT: Final = len(LETTERS) ** 3 * 9_999
WIDE_COUNT: Final = len(LETTERS) ** 4 * 9_999
WATERMARK: Final = "DEMO-"  # stands before every number of a demo registry; no loader takes it

_DIGITS: Final = "0123456789"
_WIDTH: Final = 7
_WIDE: Final = 8
_PATTERN: Final = r"\A[A-HJ-NP-Z]{3}[0-9]{4}\z"
_WIDE_PATTERN: Final = r"\A[A-HJ-NP-Z]{3,4}[0-9]{4}\z"
_INDEX: Final = {letter: index for index, letter in enumerate(LETTERS)}
_WITHIN: Final = re.compile(r"(?<![A-Za-z0-9])[A-HJ-NP-Za-hj-np-z]{3}[0-9]{4}(?![A-Za-z0-9])")
_CONFUSED: Final = str.maketrans("IOL", "101")  # a letter where a digit belongs
_CHUNK: Final = 5_000  # distinct values at a time: each has about a hundred neighbours


@total_ordering
@dataclass(frozen=True, slots=True)
class CCCID:
    """A well-formed CCCID; comparison is the order in which numbers are issued, the wide ones last.

    Attributes:
        text: as people write it.
        wide: whether it has the form of the future, four letters and four digits.

    Raises:
        InputError: the text breaks the format (also a ValueError).

    >>> CCCID.parse("AAA9999").successor()
    CCCID('AAB0001')
    """

    text: str
    wide: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what is no CCCID."""
        problem = _problem(self.text, letters=4 if self.wide else 3)
        if problem:
            raise InputError(
                f"Not a CCCID: {problem}. {'Four' if self.wide else 'Three'} letters without I and O and "
                "four "
                "digits from 0001 to 9999 were expected, in capitals and without blanks."
            )

    @classmethod
    def parse(cls, text: str, /, *, wide: bool = False) -> Self:
        """Read a CCCID exactly as it is written: no trimming, no change of case.

        Args:
            text: the number.
            wide: read also the form of the future, four letters and four digits.

        >>> CCCID.parse("AAAA0001", wide=True) > CCCID.parse("ZZZ9999", wide=True)
        True
        """
        return cls(text, wide=wide and len(text) == _WIDE)

    @classmethod
    def from_ordinal(cls, ordinal: int, /, *, wide: bool = False) -> Self:
        """Turn a place in the sequence (0 is AAA0001) into the number.

        Args:
            ordinal: the place.
            wide: allow places beyond ZZZ9999, where the form of the future goes on.

        >>> str(CCCID.from_ordinal(0)), str(CCCID.from_ordinal(138_226_175))
        ('AAA0001', 'ZZZ9999')
        """
        last = COUNT + (WIDE_COUNT if wide else 0) - 1
        if not 0 <= ordinal <= last:
            raise InputError(f"There is no CCCID at place {ordinal}; places run from 0 to {last}.")
        beyond = ordinal >= COUNT
        group, number = divmod(ordinal - COUNT if beyond else ordinal, 9_999)
        letters = ""
        for _ in range(4 if beyond else 3):
            group, letter = divmod(group, len(LETTERS))
            letters = LETTERS[letter] + letters
        return cls(f"{letters}{number + 1:04d}", wide=beyond)

    @property
    def ordinal(self) -> int:
        """The place in the sequence, from 0 (AAA0001) to 138,226,175 (ZZZ9999); wide numbers follow."""
        group = 0
        for letter in self.text[:-4]:
            group = group * len(LETTERS) + _INDEX[letter]
        return group * 9_999 + int(self.text[-4:]) - 1 + (COUNT if self.wide else 0)

    def successor(self) -> Self:
        """Give the next number of the same form.

        Raises:
            InputError: this is ZZZ9999, or ZZZZ9999 of the wide form, the last one.
        """
        if self.text.strip("Z") == "9999":
            raise InputError(f"{self.text} is the last CCCID of its form; no number follows it.")
        return self.from_ordinal(self.ordinal + 1, wide=self.wide)

    def __lt__(self, other: object) -> bool:
        """Compare by the order of issue."""
        if not isinstance(other, CCCID):
            return NotImplemented
        return (self.wide, self.text) < (other.wide, other.text)

    def __str__(self) -> str:
        """Write the number as people write it."""
        return self.text

    def __repr__(self) -> str:
        """Write the number as code."""
        return f"CCCID({self.text!r})"


def near(text: str, /) -> list[CCCID]:
    """List the CCCIDs that a text may have been meant to be, the likeliest first; never applied.

    First the reading with blanks, case and letters in the place of digits (O for 0, I or L for 1) mended,
    then neighbours by swapping, then those one edit away, each in order of the sequence.

    >>> near("abc12O4")[0]
    CCCID('ABC1204')
    """
    plain = "".join(text.upper().split()).replace("-", "")
    mended = plain[:3] + plain[3:].translate(_CONFUSED)
    ordered: dict[str, None] = {}
    for found in ([mended], _swapped(mended), sorted(_edited(mended)), sorted(_edited(plain))):
        ordered.update(dict.fromkeys(c for c in found if c != text and not _problem(c)))
    return [CCCID(candidate) for candidate in ordered]


def well_formed(values: pl.Expr, /, *, wide: bool = False) -> pl.Expr:
    """Say of each text whether it is a CCCID, of the future's wide form too if asked; null stays null.

    >>> pl.select(well_formed(pl.Series(["AAA0001", "AAA0000", "AAI0001"]))).to_series().to_list()
    [True, False, False]
    """
    return values.str.contains(_WIDE_PATTERN if wide else _PATTERN) & ~values.str.ends_with("0000")


def shaped_in(text: str, /) -> pl.Series:
    """List what is shaped like a CCCID anywhere in a text, in capitals, each once and sorted.

    >>> shaped_in("abd1234 (ABD0001), ABD12345").to_list()
    ['ABD0001', 'ABD1234']
    """
    return pl.Series("cccid", _WITHIN.findall(text), dtype=pl.String).str.to_uppercase().unique().sort()


def ordinals(values: pl.Expr, /, *, wide: bool = False) -> pl.Expr:
    """Turn well-formed CCCIDs into their places in the sequence; anything else becomes null.

    Args:
        values: the numbers.
        wide: give the future's wide form its places too, after all of today's.
    """
    return _places(values, 3) if not wide else pl.coalesce(_places(values, 3), COUNT + _places(values, 4))


def texts(places: pl.Expr, /) -> pl.Expr:
    """Turn places in the sequence into CCCIDs, the inverse of `ordinals`.

    >>> pl.select(texts(pl.Series([0, 9_999]))).to_series().to_list()
    ['AAA0001', 'AAB0001']
    """
    letters = dict(enumerate(LETTERS))
    group = places // 9_999
    parts = [
        index.replace_strict(letters, return_dtype=pl.String)
        for index in (group // 576, group // 24 % 24, group % 24)
    ]
    return pl.concat_str([*parts, (places % 9_999 + 1).cast(pl.String).str.zfill(4)])


def near_in(values: pl.Series, known: pl.Series, /) -> pl.Series:
    """List for each text the near numbers that exist.

    Args:
        values: texts that are malformed or unknown; null has no near number.
        known: the CCCIDs that exist, of a snapshot for instance.

    Returns:
        A series of lists beside `values`, the likeliest number first, empty where nothing is near.

    >>> near_in(pl.Series(["ABC12O4"]), pl.Series(["ABC1204", "XYZ0001"])).to_list()
    [['ABC1204']]
    """
    distinct = values.drop_nulls().unique().sort()
    exist = pl.DataFrame({"near": known.drop_nulls().unique()}, schema={"near": pl.String})
    found = [pl.DataFrame(schema={"value": pl.String, "near": pl.String, "rank": pl.Int64})]
    for start in range(0, distinct.len(), _CHUNK):
        rows = [
            (text, str(candidate), place)
            for text in distinct.slice(start, _CHUNK)
            for place, candidate in enumerate(near(text))
        ]
        candidates = pl.DataFrame(rows, schema=found[0].schema, orient="row")
        found.append(candidates.join(exist, on="near", how="semi"))
    lists = pl.concat(found).sort("value", "rank").group_by("value", maintain_order=True).agg("near")
    beside = values.to_frame("value").join(lists, on="value", how="left", maintain_order="left")
    return beside["near"].fill_null([])


def _places(values: pl.Expr, letters: int) -> pl.Expr:
    """Turn numbers with so many letters into places among those with as many."""
    formed = well_formed(values, wide=True) & (values.str.len_chars() == letters + 4)
    group = pl.lit(0, pl.Int64)
    for at in range(letters):
        letter = values.str.slice(at, 1).replace_strict(_INDEX, default=None, return_dtype=pl.Int64)
        group = group * len(LETTERS) + letter
    number = values.str.slice(letters).cast(pl.Int64, strict=False)
    return pl.when(formed).then(group * 9_999 + number - 1)


def _problem(text: str, *, letters: int = 3) -> str:
    if len(text) != letters + 4:
        return f"{len(text)} characters were found instead of {letters + 4}"
    for place, character in enumerate(text, 1):
        allowed, kind = (LETTERS, "letter") if place <= letters else (_DIGITS, "digit")
        if character not in allowed:
            return f"character {place} is no {kind} that CCCIDs use"
    return "its digits are 0000, which is never issued" if text.endswith("0000") else ""


def _swapped(text: str) -> list[str]:
    return [text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1)]


def _edited(text: str) -> Iterator[str]:
    if not _WIDTH - 1 <= len(text) <= _WIDTH + 1:
        return
    for i in range(_WIDTH):
        alphabet = LETTERS if i < 3 else _DIGITS  # noqa: PLR2004 - three letters
        tail = text[i + 1 :] if len(text) == _WIDTH else text[i:]
        for character in alphabet if len(text) <= _WIDTH else "":
            yield text[:i] + character + tail
    if len(text) > _WIDTH:
        yield from (text[:i] + text[i + 1 :] for i in range(len(text)))
