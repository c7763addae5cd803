"""How a file writes its fields: what separates them, what encloses them.

Of all marks that might separate fields, that one does which cuts all records into equally many. What is
not RFC 4180 with a single character is brought to that form by `reconcile.read.text.rewrite`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from reconcile.read.text.rewrite import SPACES, rewrite
from reconcile.read.text.samples import SAMPLE
from reconcile.read.text.structure import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.diagnostics import Diagnostics

DELIMITERS: Final = {
    ",": "comma",
    "\t": "tab",
    ";": "semicolon",
    "|": "pipe",
    "^": "caret",
    "~": "tilde",
    "\x1f": "unit separator",
}
RULED: Final = "---"  # no delimiter: a ruler said where columns begin
_RARE: Final = {":": "colon", " ": "space", "\x01": "start of heading", SPACES: "run of spaces"}
_QUOTES: Final = {'"': "double quotes", "'": "single quotes", "`": "backticks"}
_QUOTED: Final = re.compile(rb'"[^"]*"')
_LIKELY: Final = 0.9
_SIGNS: Final = re.compile(r"[!#$%&*+=@<>§¶¦¬•·þ\x02-\x08\x0e-\x1e\x7f]")  # rare, but seen between fields
_WIDENS: Final = frozenset(" ~|^:;,@$#&*<>!%=+\t")
_SURELY: Final = frozenset(" ~|^")  # where there are few of them
_OF_VALUES: Final = frozenset("@$#&*<>!%=+")  # that may as well begin or end every value
# Numbers as most of Europe writes them, all of them with a comma, so that semicolons separate.
_DECIMAL_COMMAS: Final = re.compile(rb"(?:-?[0-9]+,[0-9]+(?:;-?[0-9]+,[0-9]+)+\r?\n){2,}(?:[-0-9,;]*)")
_PAIRS: Final = re.compile(rb"(?:[-+.0-9eE]+ +[-+.0-9eE]+\s*\n)+(?:[-+.0-9eE]+ +[-+.0-9eE]+\s*)?")
_TWO_WORDS: Final = re.compile(rb"[^\s0-9]+ [^\s0-9]+\s*\n(?:\S*[0-9]\S* \S*\r?\n){3,}\s*")
_NOT_CUT: Final = (
    "Each line holds two words with a blank between them, and was read as one column. If it holds two, pass "
    'options={"delimiter": " "}.'
)
_RULERS: Final = re.compile(rb"^[ \t+|]*(?::?[-=]{3,}:?[ \t+|]*)+(?=\r?$)", re.MULTILINE)
_ENOUGH: Final = 10  # delimiters, before what always stands beside them is taken for a part of them
_FEW: Final = 3


@dataclass(frozen=True)
class Dialect:
    """What separates fields, and what encloses them."""

    delimiter: str
    quote: str = '"'


class _Fit(NamedTuple):
    score: float
    perfect: bool
    delimiter: str


def find_dialect(data: bytes, found: Diagnostics) -> Dialect:
    """Find the dialect; a choice that is not plain is a diagnostic."""
    sample = data
    if len(data) > SAMPLE:
        sample = data[: data.rfind(b"\n", 0, SAMPLE) + 1] or data[:SAMPLE]
    quote = _quote(sample)
    if quote != '"':
        found.note(
            "quote_guess", f"Texts stand in {_QUOTES[quote]}, which were taken off. Check a few values."
        )
    return Dialect(_delimiter(rewrite(sample, ",", quote).data, found), quote)


def _quote(sample: bytes) -> str:
    """The quote that opens and closes fields: another one than `"` only where that one never does."""
    if _opened(sample, b'"')[0]:
        return '"'
    for mark in b"'", b"`":
        opened, closed, needed = _opened(sample, mark)
        lines = sample.count(b"\n") + 1
        if opened and opened == closed and (needed or opened * 2 > lines):
            return mark.decode()
    return '"'


def _opened(sample: bytes, mark: bytes) -> tuple[int, int, bool]:
    """How many fields begin with a quote, how many end with one, whether any has need of them."""
    edge = rb"[,;\t|^~:\x1f\x01]"
    whole = re.findall(
        rb"(?:^|(?<="
        + edge
        + rb"))"
        + mark
        + rb"((?:[^"
        + mark
        + rb"]|"
        + mark * 2
        + rb")*)"
        + mark
        + rb"(?="
        + edge
        + rb"|\r?$)",
        sample,
        re.MULTILINE,
    )
    opened = len(re.findall(rb"(?:^|" + edge + rb")" + mark, sample, re.MULTILINE))
    return opened, len(whole), any(re.search(edge + rb"|\n|" + mark, value) for value in whole)


def _delimiter(sample: bytes, found: Diagnostics) -> str:
    if _DECIMAL_COMMAS.fullmatch(sample):
        return ";"
    sample, drawn = _RULERS.subn(b"", sample)
    marks = _candidates(sample, drawn=bool(drawn))
    fits = sorted((_fit(sample, mark) for mark in marks), key=lambda fit: -fit.score)
    best = fits[0] if fits else _Fit(0, perfect=False, delimiter=",")
    if best.score <= 0:
        if _TWO_WORDS.fullmatch(sample):
            found.note("delimiter_guess", _NOT_CUT)
        return ","
    rival = next((f for f in fits[1:] if f.perfect and best.score - f.score < 1), None)
    if rival and rival.delimiter in DELIMITERS and rival.delimiter not in best.delimiter:
        found.note(
            "delimiter_guess",
            f"Read with {_name(best.delimiter)} between fields; {_name(rival.delimiter)} would fit as well. "
            'If the columns look wrong, pass options={"delimiter": ...}.',
        )
    elif best.delimiter not in DELIMITERS:
        found.note(
            "delimiter_guess",
            f"Read with {_name(best.delimiter)} between fields, which is rare. Check the columns.",
        )
    return best.delimiter


def _candidates(sample: bytes, *, drawn: bool) -> list[str]:
    """What may separate fields; in a drawn table blanks beside a mark fill up columns."""
    text = sample.decode("utf-8", "ignore")
    signs = [m for m in Counter(_SIGNS.findall(text)) if m not in DELIMITERS and m not in _RARE]
    single = [mark for mark in (*DELIMITERS, *_RARE, *signs) if mark in text]
    outside = _QUOTED.sub(b'""', sample).decode("utf-8", "ignore")
    doubled = [mark * 2 for mark in (":", "|", "~", "^") if outside.count(mark * 2) >= _ENOUGH]
    widened = (_widened(outside, m) for m in single if m not in {" ", SPACES} and not drawn)
    return [*dict.fromkeys((*single, *widened, *doubled))]


def _widened(text: str, mark: str) -> str:
    """A mark with what stands beside it every time, as in "||", "~|~" or ", ".

    Beside a usual delimiter a sign of values is a part of it only on both sides, as in "#|#": "|#" stands
    in front of values that all begin with "#". Several blanks fill values up.
    """
    times = text.count(mark)
    if times >= _ENOUGH and text.count(mark * 2) * 2 == times:
        return mark * 2
    grown = mark
    widens = _WIDENS if times >= _ENOUGH else _SURELY if times > _FEW else frozenset[str]()
    while True:
        at = text.find(grown)
        left, right = text[at - 1 : at], text[at + len(grown) : at + len(grown) + 1]
        if right in widens and right != mark and text.count(grown + right) == times:
            grown += right
        elif left in widens and left != mark and text.count(left + grown) == times:
            grown = left + grown
        else:
            break
    one_sided = grown != grown[::-1] and bool(_OF_VALUES & {*grown}) and bool(DELIMITERS.keys() & {*grown})
    return mark if one_sided or SPACES in grown else grown


def _fit(sample: bytes, delimiter: str) -> _Fit:
    """Weigh one delimiter: how alike records are, whether the first is one, how many fields there are."""
    written = rewrite(sample, delimiter)
    counts = [n for n in _counts(written.data, written.delimiter) if n]
    widths = Counter(n for n in counts if n > 1)
    if not widths:
        return _Fit(0, perfect=False, delimiter=delimiter)
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    perfect = times == len(counts) > 1
    above = titles(counts)
    share = times / (len(counts) - (above if above > 1 else 0))  # a single one may be the column names
    score = share * (2 + (counts[0] == width)) + math.log2(width) * (share > _LIKELY)
    if delimiter != SPACES and not DELIMITERS.keys() & {*delimiter}:
        sure = share > _LIKELY and counts[0] == width and len(counts) > _FEW
        apart = width >= _FEW or delimiter not in {" ", SPACES} or bool(_PAIRS.fullmatch(sample))
        score = score - 1 if sure and apart else 0.0
    grown = len(delimiter) > 1 and delimiter != SPACES and score > 0
    return _Fit(score + grown * (share > _LIKELY), perfect, delimiter)


def titles(widths: Sequence[int], /) -> int:
    """How many first records are titles, more than the table has rows perhaps: one text on each line.

    All below them, but for a few, are then cut alike into three fields or more.

    >>> titles([1, 1, 1, 4, 4, 4, 1]), titles([1, 2, 2, 2])
    (3, 0)
    """
    top = next((i for i, n in enumerate(widths) if n > 1), 0)
    below = Counter(widths[top:])
    if not top:
        return 0
    width, times = below.most_common(1)[0]
    others = below.total() - times
    return top if width >= _FEW <= times and others < times and others <= max(_FEW, times // 10) else 0


def _counts(sample: bytes, delimiter: str) -> list[int]:
    """Fields a record, 0 for a blank one; by lines where the quotes cannot be relied on."""
    structure = scan(sample, delimiter)
    if structure.clean:
        blank = structure.ends - structure.starts <= 1
        return [0 if b and n == 1 else int(n) for n, b in zip(structure.fields, blank, strict=True)]
    return counts_by_line(sample, delimiter)


def counts_by_line(sample: bytes, delimiter: str) -> list[int]:
    """Fields a line, 0 for a blank one, when quotes are believed only within a line."""
    mark = delimiter.encode()
    return [
        _QUOTED.sub(b"", line).count(mark) + 1 if line.strip() or mark in line else 0
        for line in sample.split(b"\n")
    ]


def _name(delimiter: str) -> str:
    known = DELIMITERS | _RARE
    if delimiter == SPACES:
        return "runs of spaces"
    return f"{known[delimiter]}s" if delimiter in known else repr(delimiter)


def in_words(delimiter: str, quote: str = '"') -> str:
    """Name a dialect for people.

    >>> in_words(";")
    'semicolon, double quotes'
    """
    if delimiter == RULED:
        return "columns under a ruler"
    return f"{(DELIMITERS | _RARE).get(delimiter, repr(delimiter))}, {_QUOTES.get(quote, 'no quotes')}"
