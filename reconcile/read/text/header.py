"""Where a table begins, whether its first line names the columns, and what they are called."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from reconcile.columns import plain
from reconcile.privacy import looks_like_data, redact
from reconcile.read.raw import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconcile.read.diagnostics import Diagnostics

    Cells = Sequence[str]

_TITLES: Final = 100  # lines that may stand above the header
_SURE: Final = 5  # rows that show what a column holds
_ENOUGH: Final = 200  # characters that show what a cell is
_MOST_BLANK: Final = 10_000  # lines, beyond which a file of blank ones is called empty
_MOST_ROWS: Final = 3  # of one header
_VALUES: Final = ("[e-mail]", "[number]", "[date]")
_NUMBER: Final = re.compile(r"[-+$(]?[0-9][0-9.,]*[%)]?")
_YEAR: Final = re.compile(r"(19|20)[0-9]{2}")
_DIGIT: Final = re.compile(r"[0-9]")
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_NOTHING: Final = frozenset(("na", "nan", "null", "none", "nil", "unknown", "missing", "tbd"))
_OF_WORDS: Final = (
    "Words where all rows below have numbers: this line may belong to the column names. It was kept as a "
    "row. Delete it, or put the names on one line."
)
_MANY: Final = 10
_FAR: Final = re.compile("[\u0a00-\u9fff]")
_PLAIN, _LAST = 0x20, 0x7E  # of the signs that are one byte and printed
# Words that name columns in tables of any kind.
_USUAL: Final = frozenset(
    (  # noqa: SIM905 - words are read more easily so
        "name names first last middle given family full student person people employee teacher "
        "advisor id ids number no nr key code type kind class category group status state level "
        "grade rank date day month year time term period season city town county country region "
        "place location site campus college school university department division office unit "
        "street address zip email phone contact title course subject program major description note "
        "notes comment comments remark remarks text value amount total count price cost language "
        "gender sex ethnicity race color colour species product item source url question answer "
        "response author publisher company organisation organization"
    ).split()
)
_RULE: Final = re.compile(r" *:?[-=_+|]+:? *")


class Head(NamedTuple):
    """The header.

    Attributes:
        at: which record it begins with, or, without one, the first row.
        rows: how many records it has; none when the first line is a row.
        names: the column names as they stand.
    """

    at: int
    rows: int
    names: list[str]


def usual(widths: Iterable[int]) -> int:
    """The number of fields that most records have; of a tie the one that comes first."""
    return Counter(widths).most_common(1)[0][0]


def is_rule(cells: Cells) -> bool:
    """Whether a record only underlines the one above, as SQL clients print it."""
    if len(cells) > 2 and not cells[0].strip() and not cells[-1].strip():  # noqa: PLR2004 - bars around a table
        cells = cells[1:-1]
    return any(len(cell.strip()) > 2 for cell in cells) and all(map(_RULE.fullmatch, cells))  # noqa: PLR2004 - a dash or two may be a value


def find_head(records: Sequence[Cells], width: int, known: frozenset[str]) -> Head:
    """Find the header among the first records of a file whose rows have `width` fields.

    Args:
        records: the cells of the first records, those of other widths included.
        width: the number of fields that most of them have.
        known: names, reduced by `plain`, that show that a line is a header.
    """
    at = _begin(records, width, known)
    names = [name.strip() for name in records[at]]
    body = [r for r in records[at + 1 :] if len(r) == len(names)]
    if _known(names, known) < 2 and names_columns(names, body) is False:  # noqa: PLR2004 - a value may happen to be a word
        return Head(at, 0, names)
    rows = [names]
    whole = all(names) and _known(names, known) > 1
    while len(rows) < _MOST_ROWS and _goes_on(rows, body[len(rows) - 1 :]):
        more = [*rows, [name.strip() for name in body[len(rows) - 1]]]
        if whole and _known(_joined(more, known), known) <= _known(names, known):
            break
        rows = more
    return Head(at, len(rows), _joined(rows, known))


def _begin(records: Sequence[Cells], width: int, known: frozenset[str]) -> int:
    """Skip title lines: of another width, much narrower or followed by names, or with one cell filled."""
    at = next((i for i, r in enumerate(records[:_TITLES]) if len(r) == width), 0)
    following = [i for i, r in enumerate(records[: _TITLES + 1]) if i > at and len(r) == width]
    for i in following:
        if _filled(records[at]) < 2 > _filled(records[i]) and width > 2:  # noqa: PLR2004 - one more title, or none
            continue
        if _heads_a_page(records[at], records[i], width):
            at = i
            continue
        padded = width > 2 and _filled(records[at]) < 2 < _filled(records[i])  # noqa: PLR2004 - one text, padded
        if not padded or names_columns(records[i], records[i + 1 :]) is False:
            break
        at = i
    above = records[at - 1] if at and len(records[at]) == width else ()
    if len(above) == width or not above or above[0].startswith("#"):
        return at
    if _known(above, known) >= 2:  # noqa: PLR2004 - as above
        return at - 1
    if len(above) < 2 or len(above) * 2 <= width:  # noqa: PLR2004 - a title
        return at
    return at if names_columns(records[at], _counted(records[at + 1 :])) is True else at - 1


def _heads_a_page(above: Cells, names: Cells, width: int) -> bool:
    """Whether a record is the date or the number of a page, above names that are all there."""
    if _filled(above) * 2 > width or _filled(names) < width or width <= 2:  # noqa: PLR2004 - as above
        return False
    shown = [any(looks_like_data(cell.strip()[:_ENOUGH]) for cell in cells) for cells in (above, names)]
    return shown == [True, False] and not any(map(_DIGIT.search, names))


def _counted(records: Sequence[Cells]) -> Sequence[Cells]:
    """Leave out lines of units and the like between the names and the first row that has a digit."""
    words = next((n for n, r in enumerate(records) if any(map(_DIGIT.search, r))), 0)
    return records[words:] if words < _MOST_ROWS else records


def _filled(cells: Cells) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _known(cells: Cells, known: frozenset[str]) -> int:
    return sum(plain(cell) in known for cell in cells)


def names_columns(cells: Cells, body: Sequence[Cells]) -> bool | None:
    """Whether a record names the columns of those below rather than being one of them; None is a doubt."""
    if any(looks_like_data(cell.strip()[:_ENOUGH]) for cell in cells):
        return False
    body = [r for r in body if len(r) == len(cells)]
    numbered = digit_columns(body)
    if any(cells[i].strip() and not _DIGIT.search(cells[i]) for i in numbered):
        return True
    numbers = [
        c for c in (cells[i].strip() for i in numbered) if _NUMBER.fullmatch(c) and not _YEAR.fullmatch(c)
    ]
    if numbers:
        return False
    others = [r for r in body if tuple(r) != tuple(cells)]  # the header may come again
    again = [i for i, cell in enumerate(cells) if cell.strip() and sum(r[i] == cell for r in others) > 1]
    return False if len(again) > 1 else None


def are_rows(names: Cells) -> bool:
    """Whether what stands on the only line of a file are rows that have lost their line ends.

    Then many of its "names" are numbers, with a fraction or some of them twice, or they are letters of the
    Far East whose bytes are plain text.
    """
    numbers = [name for name in names if _NUMBER.fullmatch(name) and not _YEAR.fullmatch(name)]
    counted = len({*numbers}) == len(numbers) and all(map(str.isdigit, numbers))  # as months or days
    if len(names) >= _MANY and len(numbers) * 5 >= len(names) and not counted:
        return True
    far = "".join(name for name in names if _FAR.search(name))
    halves = "".join(_FAR.findall(far)).encode("utf-16-le")
    return len(halves) >= _MANY and all(_PLAIN <= byte <= _LAST or byte in b"\r\n\t\0" for byte in halves)


def counts_rows(body: Sequence[Cells], width: int) -> bool:
    """Whether the first fields of rows count them, which R leaves without a name, and the last are filled.

    >>> counts_rows([["1", "Ana"], ["2", "Bo"], ["3", "Cy"]], 2)
    True
    """
    rows = [r for r in body if len(r) == width]
    first = [r[0] for r in rows]
    counted = [str(n) for n in range(1, len(rows) + 1)]
    return len(rows) > 1 and first == counted and any(r[-1] for r in rows)


def reads_like_a_row(names: Cells, body: Sequence[Cells], known: frozenset[str]) -> bool:
    """Whether column names could as well be a row: capitalised words like all below, none a usual name.

    >>> reads_like_a_row(["Ana", "Fresno"], [["Bo", "Merced"], ["Cy", "Selma"]], frozenset())
    True
    >>> reads_like_a_row(["Name", "Town"], [["Bo", "Merced"], ["Cy", "Selma"]], frozenset())
    False
    """
    rows = [r for r in body if len(r) == len(names)]
    words = {word for cell in names for word in cell.lower().split()}
    if len(names) < 2 or len(rows) < 2 or _known(names, known) or words & _USUAL:  # noqa: PLR2004 - what shows it
        return False
    return all(cell.istitle() for cell in names) and all(c.istitle() or not c for r in rows for c in r)


def digit_columns(body: Sequence[Cells]) -> list[int]:
    """Columns in which every cell that is filled has a digit."""
    if not body:
        return []
    columns = zip(*body, strict=True)
    filled = [[cell for cell in column if cell.strip()] for column in columns]
    return [i for i, column in enumerate(filled) if column and all(map(_DIGIT.search, column))]


def _goes_on(rows: Sequence[Cells], below: Sequence[Cells]) -> bool:
    """Whether the next record still belongs to the header.

    Either the rows so far leave columns without a name that the next one names, or none of its cells has
    a digit although at least two columns below always have one.
    """
    if len(below) < 3:  # noqa: PLR2004 - rows that could tell a name from a value
        return False
    following, body = below[0], below[1:]
    numbered = digit_columns(body)
    if not numbered or any(_DIGIT.search(cell) for cell in following) or list(following) == list(rows[0]):
        return False
    if following[0].startswith("#"):  # a comment
        return False
    named = [i for i in numbered if _is_word(following[i])]
    gaps = [i for i, cell in enumerate(rows[-1]) if not cell and following[i].strip()]
    return bool(named and gaps) or (len(named) > 1 and len(body) >= _SURE)


def note_words(frame: pl.DataFrame, lines: pl.Series, found: Diagnostics) -> None:
    """Doubt first rows that have words in at least two columns in which all rows below have a digit."""
    body = [[cell or "" for cell in row] for row in frame.head(_ENOUGH).rows()]
    numbered = digit_columns(body[_MOST_ROWS:]) if len(body) >= _MOST_ROWS + _SURE else []
    for line, row in zip(lines.head(_MOST_ROWS), body, strict=False):
        if row[0].startswith("#") or sum(_is_word(row[i]) for i in numbered) < 2:  # noqa: PLR2004 - one may be an exception
            return
        found.note("row_of_words", _OF_WORDS, line=line)


def _is_word(cell: str) -> bool:
    found = _WORD.search(cell) and not _DIGIT.search(cell)
    return bool(found) and cell.strip(" .-*<>()[]").lower() not in _NOTHING


def _joined(rows: Sequence[list[str]], known: frozenset[str]) -> list[str]:
    """One name a column: those of one row, or of all rows one behind the other; of these the best known.

    A row that leaves out a name, or has one twice, names no columns by itself. Below names stand units.
    """
    spread = [_spread(row, rows[-1]) for row in rows[:-1]]
    joined = [" ".join(filter(None, parts)) for parts in zip(*spread, rows[-1], strict=True)]
    whole = [row for row in (rows[0], rows[-1]) if all(row) and len({*row}) == len(row)]
    return max([*whole, joined], key=lambda row: _known(row, known))


def _spread(upper: list[str], lower: list[str]) -> list[str]:
    """Let a name hold for the empty cells on its right that have a name below."""
    spread, last = [], ""
    for name, below in zip(upper, lower, strict=True):
        last = name or (last if below else "")
        spread.append(last)
    return spread


def numbered(at: int) -> str:
    """Name a column that has no name of its own.

    >>> numbered(0)
    'column 1'
    """
    return f"column {at + 1}"


def read_blank(data: bytes, found: Diagnostics) -> RawTable | None:
    """Read blank lines and nothing else as RFC 4180 has them: one column without a name or a value."""
    if not data.isspace() or data.strip(b"\r\n"):
        return None
    rows = data.count(b"\n") - 1
    if not 1 <= rows <= _MOST_BLANK:
        return None
    found.note("blank_file", "Nothing but blank lines: one column without a value. Export the file again.")
    frame = pl.DataFrame({numbered(0): [None] * rows}, schema={numbered(0): pl.String})
    lines = pl.int_range(2, rows + 2, dtype=pl.Int64, eager=True).alias("line")
    return RawTable(frame, lines, ",", rows, 0)


def distinct(names: list[str], found: Diagnostics) -> list[str]:
    """Give every column a name of its own; those that come later are counted."""
    names = [numbered(i) if redact(name) in _VALUES else name for i, name in enumerate(names)]
    taken, first, counts = set(filter(None, names)), dict[str, int](), Counter[str]()
    made: list[str] = []
    for i, name in enumerate(names):
        if name and name not in first:
            first[name] = i
            made.append(name)
            continue
        base = new = name or numbered(i)
        while new in taken:
            counts[base] += 1
            new = f"{base} {counts[base] + 1}"
        taken.add(new)
        made.append(new)
        if name:
            where = f"Columns {first[name] + 1} and {i + 1} have the same name"
            found.note("header_twice", f"{where}; the later one is counted. Rename one of them.")
        else:
            found.note("header_empty", f"Column {i + 1} has no name; it is called by its number. Name it.")
    return made
