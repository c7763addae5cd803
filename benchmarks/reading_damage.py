"""One table, damaged systematically: each file beside the table that a careful person would read from it.

The kinds of damage follow Vitagliano et al., "Pollock: A Data Loading Benchmark" (VLDB 2023); the table,
the files and the code are our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Rows = list[tuple[str, ...]]
    Change = Callable[[list[str], Rows, int], str]  # of one row, in the lines and in what is meant

HEADER: Final = (
    *("Student ID", "Last Name", "First Name", "Birth Date", "Units", "Program"),
    *("Street", "Note", "Balance"),
)
ROWS: Final = 84
_LAST: Final = (
    "García",
    "O'Brien",
    "Null",
    "De la Cruz",
    "Smith",
    "Nguyễn",
    "Lee",
    "Peña",
    "van Dyke",
    "Ito",
)
_LAST_1252: Final = tuple(name.replace("ễ", "e") for name in _LAST)
_FIRST: Final = ("Ana", "José", "Mei", "True", "Chris", "Zoë", "Ann Marie", "Lu")
_PROGRAM: Final = ("Nursing", "Welding, Metal", "History", "", "Early Childhood", 'The "Arts"', "Biology")
_NOTE: Final = (
    *("", "paid", "see file 12, page 3", "NA", "transfers in fall", 'said "yes"', ""),
    "first\nsecond",
)


@dataclass(frozen=True)
class Damaged:
    """A file and what is to be read from it.

    Attributes:
        name: what was done, and where.
        kind: what was done.
        data: the bytes of the file.
        header: the column names; None where any name will do. Nothing at all when there is no table.
        rows: the rows as text.
        clean: whether there is nothing to say about it.
    """

    name: str
    kind: str
    data: bytes
    header: tuple[str | None, ...] | None
    rows: tuple[tuple[str, ...], ...]
    clean: bool = False


def table(*, western: bool = False) -> Rows:
    """Make the rows: leading zeros, words for nothing, commas, quotes and line breaks in texts."""
    last = _LAST_1252 if western else _LAST
    return [
        (
            f"{n * 7919 % 1_000_000:07}",
            last[n % len(last)],
            _FIRST[n % len(_FIRST)],
            f"{1970 + n % 35}-{n % 12 + 1:02}-{n % 28 + 1:02}",
            f"{n % 19}.{n % 2 * 5}",
            _PROGRAM[n % len(_PROGRAM)],
            f"{n * 37 + 100} Main St",
            _NOTE[n % len(_NOTE)],
            f"{n * 1.25:.2f}",
        )
        for n in range(1, ROWS + 1)
    ]


def write(
    rows: Sequence[Sequence[str]],
    *,
    delimiter: str = ",",
    quote: str = '"',
    escape: str | None = None,
    end: str = "\n",
    every: bool = False,
) -> str:
    """Write rows by the rules of a dialect, any text being a delimiter."""
    return "".join(
        record(r, delimiter=delimiter, quote=quote, escape=escape, every=every) + end for r in rows
    )


def record(
    row: Sequence[str],
    *,
    delimiter: str = ",",
    quote: str = '"',
    escape: str | None = None,
    every: bool = False,
) -> str:
    """Write one record, without its end."""
    cells = []
    for value in row:
        if every or quote in value or delimiter in value or "\n" in value or "\r" in value:
            inner = value.replace(escape, escape * 2) if escape else value
            cells.append(f"{quote}{inner.replace(quote, (escape or quote) + quote)}{quote}")
        else:
            cells.append(value)
    return delimiter.join(cells)


def damaged(*, every: int = 1) -> Iterator[Damaged]:
    """All files; `every` takes only each so-many-th row for damages of a single row."""
    yield from _clean()
    yield from _dialects()
    yield from _line_ends()
    yield from _encodings()
    yield from _headers()
    yield from _surroundings()
    yield from _ends()
    for kind, change in _OF_A_ROW.items():
        for at in range(0, ROWS, every):
            quoted = at % 3 == 0
            rows = table()
            lines = [record(row, every=quoted) for row in (HEADER, *rows)]
            data = change(lines, rows, at).encode("utf-8", "surrogateescape")
            yield Damaged(f"{kind} in row {at + 1}", kind, data, HEADER, tuple(rows))


def _damaged(kind: str, data: str | bytes, rows: Sequence[Sequence[str]], **more: object) -> Damaged:
    raw = data if isinstance(data, bytes) else data.encode()
    header = more.pop("header", HEADER)
    return Damaged(kind, kind.split(":", maxsplit=1)[0], raw, header, tuple(map(tuple, rows)), **more)  # type: ignore[arg-type]


def _clean() -> Iterator[Damaged]:
    rows = table()
    for mark in (",", ";", "\t", "|"):
        for end in ("\n", "\r\n"):
            for every in (False, True):
                for code in ("utf-8", "utf-8-sig", "utf-16"):
                    text = write([HEADER, *rows], delimiter=mark, end=end, every=every)
                    name = f"clean: {mark!r} {end!r} {code} {'all quoted' if every else ''}"
                    yield _damaged(name, text.encode(code), rows, clean=True)


_MARKS: Final = (
    *("^", "~", ":", " ", "\x1f", "\x01", "!", "#", "*", "&", "¦", "¬"),
    *("||", "::", ", ", "; ", "~|~", "|~|", "@@", "^^", "\t\t", " | ", "$$", "<>"),
)


def _dialects() -> Iterator[Damaged]:
    rows = table()
    for mark in _MARKS:
        for every in (False, True):
            text = write([HEADER, *rows], delimiter=mark, every=every)
            yield _damaged(f"delimiter: {mark!r} {'all quoted' if every else ''}", text, rows)
    for quote in ("'", "`"):
        for every in (False, True):
            for mark in (",", ";", "\t"):
                text = write([HEADER, *rows], delimiter=mark, quote=quote, every=every)
                yield _damaged(f"quotes: {quote} {mark!r} {'all quoted' if every else ''}", text, rows)
    for mark in (",", ";", "|"):
        for every in (False, True):
            text = write([HEADER, *rows], delimiter=mark, escape="\\", every=every)
            yield _damaged(f"escape: backslash {mark!r} {'all quoted' if every else ''}", text, rows)
    bare = [tuple(v.replace("\n", " ") for v in row) for row in rows]
    for mark in ("\t", "|", "~"):
        text = "".join(mark.join(row) + "\n" for row in (HEADER, *bare))
        yield _damaged(f"no quotes: {mark!r}", text, bare)
    spaced = [tuple(v.replace(",", "").replace("\n", " ") or "-" for v in row) for row in rows]
    wide = [max(len(row[i]) for row in (HEADER, *spaced)) + 3 for i in range(len(HEADER))]
    text = "".join("".join(map(str.ljust, row, wide)).rstrip() + "\n" for row in (HEADER, *spaced))
    yield _damaged("aligned by spaces", text, spaced)


def _line_ends() -> Iterator[Damaged]:
    rows = table()
    for end in ("\r", "\n\r", "\r\r\n", "\x1e", "\u2028", "\x85"):
        for mark in (",", ";", "\t"):
            some = [tuple(v.replace("\n", " ") for v in row) for row in rows]
            text = write([HEADER, *some], end=end, delimiter=mark)
            yield _damaged(f"line ends: {end!r} {mark!r}", text, some)


def _encodings() -> Iterator[Damaged]:
    for code in ("cp1252", "latin-1", "mac_roman", "cp850", "utf-16", "utf-16-be", "utf-16-le", "utf-32"):
        rows = table(western=True)
        for mark in (",", "\t"):
            data = write([HEADER, *rows], delimiter=mark).encode(code)
            yield _damaged(f"encoding: {code} {mark!r}", data, rows)
    rows = table(western=True)
    yield _damaged("encoding: utf-16 cut by a byte", write([HEADER, *rows]).encode("utf-16")[:-1], rows)


def _headers() -> Iterator[Damaged]:
    rows = table()
    text = write(rows)
    nameless = (None,) * len(HEADER)
    yield _damaged("header: none", text, rows, header=nameless)
    yield _damaged("header: none, all quoted", write(rows, every=True), rows, header=nameless)
    yield _damaged("header: alone", write([HEADER]), [])
    yield _damaged("header: one row", write([HEADER, rows[0]]), rows[:1])
    upper = ("Student", "", "", "", "Enrolment", "", "Address", "Other", "")
    yield _damaged("header: of two rows", write([upper, HEADER, *rows]), rows, header=nameless)
    split = [tuple(name.split(" ")[0] for name in HEADER), tuple(" ".join(n.split(" ")[1:]) for n in HEADER)]
    yield _damaged("header: split over two rows", write([*split, *rows]), rows, header=nameless)
    twice = (*HEADER[:4], "Units", "Units", *HEADER[6:])
    yield _damaged("header: a name twice", write([twice, *rows]), rows, header=(*twice[:5], None, *twice[6:]))
    gap = write([(*HEADER[:4], "", *HEADER[5:]), *rows])
    yield _damaged("header: a name missing", gap, rows, header=(*HEADER[:4], None, *HEADER[5:]))
    yield _damaged("header: names in quotes and spaces", write([[f" {n} " for n in HEADER], *rows]), rows)
    yield _damaged("header: underlined", write([HEADER, ["-" * len(n) for n in HEADER], *rows]), rows)
    yield _damaged("header: one delimiter more", write([HEADER])[:-1] + ",\n" + text, rows)
    ends = "".join(line + ",\n" for line in map(record, rows))
    yield _damaged("header: rows end in a delimiter", write([HEADER]) + ends, rows)
    yield _damaged("header: all lines end in a delimiter", write([HEADER])[:-1] + ",\n" + ends, rows)


def _surroundings() -> Iterator[Damaged]:
    rows = table()
    for mark in (",", ";", "\t"):
        body = write([HEADER, *rows], delimiter=mark)
        titles = {
            "a title": "Student extract\n",
            "a title and a blank line": "Student extract\n\n",
            "three titles": "College of the Hills\nStudent extract\nFall 2026\n",
            "ten lines": "".join(f"Line {n} of the report\n" for n in range(10)),
            "keys and values": f"Report{mark}Students\nRun{mark}2026-11-01\n\n",
            "comments": "# made by a job\n# do not edit\n",
            "blank lines": "\n\n\n",
            "a title with the table's delimiters": "Student extract" + mark * (len(HEADER) - 1) + "\n",
            "a title with commas": "Students, staff, and others, fall term\n",
            "the separator": f"sep={mark}\n",
        }
        for name, above in titles.items():
            yield _damaged(f"above: {name} {mark!r}", above + body, rows)
        owed = "4462.50" if mark == "," else "4,462.50"
        feet = {
            "rows selected": "3 rows selected.\n",
            "rows affected": "\n(84 rows affected)\n",
            "record count": f"Total records: {ROWS}\n",
            "end of report": "\n*** END OF REPORT ***\n",
            "totals": mark.join(("Total", *[""] * 3, "756.0", *[""] * 3, owed)) + "\n",
            "two lines": f"{ROWS} rows\nPrinted 2026-11-01\n",
            "a note after a blank line": "\nConfidential: for internal use only\n",
            "a count with a delimiter": f"Count{mark}{ROWS}\n",
        }
        for name, below in feet.items():
            yield _damaged(f"below: {name} {mark!r}", body + below, rows)
        other = [("Code", "Term", "Day"), *((f"{n:03}", "Fall", "Monday") for n in range(20))]
        more = [(*HEADER, "Age", "City"), *((*row, "30", "Chico") for row in rows[:20])]
        same = [tuple(f"Other {n}" for n in HEADER), *rows[:20]]
        for name, second in (("fewer columns", other), ("more columns", more), ("as many", same)):
            below = "\n" + write(second, delimiter=mark)
            yield _damaged(f"two tables: {name} {mark!r}", body + below, rows)
            yield _damaged(f"two tables: {name}, no blank line {mark!r}", body + below[1:], rows)


def _ends() -> Iterator[Damaged]:
    rows = table()
    text = write([HEADER, *rows])
    yield _damaged("end: no payload", b"", [], header=None)
    yield _damaged("end: blank lines only", b"\n\n\n", [("",), ("",)], header=(None,))
    yield _damaged("end: no line end", text[:-1], rows, clean=True)
    yield _damaged("end: a blank line", text + "\n", rows, clean=True)
    yield _damaged("end: five blank lines", text + "\n" * 5, rows, clean=True)
    yield _damaged("end: spaces", text + "   \n", rows)
    yield _damaged("end: Ctrl-Z", text + "\x1a", rows)
    yield _damaged("end: NULs", text + "\0" * 100, rows)
    yield _damaged("end: cut in a record", text[: text.rfind("Main")], rows[:-1])
    last = max(i for i, row in enumerate(rows) if '"' in record(row))
    cut = write([HEADER, *rows[:last]]) + record(rows[last])
    yield _damaged("end: cut in quotes", cut[: cut.rfind('"')], rows[:last])
    halves = (write([HEADER, *half]) for half in (rows[:40], rows[40:]))
    yield _damaged("end: a second mark of bytes", "".join(f"\ufeff{half}" for half in halves), rows)


def _cells(rows: Rows, at: int) -> list[str]:
    return [record([value], every=at % 3 == 0) for value in rows[at]]


def _replaced(lines: list[str], at: int, *new: str) -> str:
    return "\n".join([*lines[: at + 1], *new, *lines[at + 2 :]]) + "\n"


def _less(lines: list[str], rows: Rows, at: int) -> str:
    cells, place = _cells(rows, at), at % 8
    cells[place : place + 2] = [cells[place] + cells[place + 1]]
    return _replaced(lines, at, ",".join(cells))


def _more(lines: list[str], rows: Rows, at: int) -> str:
    cells = _cells(rows, at)
    cells.insert(at % 8 + 1, "")
    return _replaced(lines, at, ",".join(cells))


def _in_cell(written: Callable[[str], str], meant: Callable[[str], str] | None = None) -> Change:
    """Write one cell in a way of its own, by which something else may be meant; the others stay."""

    def change(lines: list[str], rows: Rows, at: int) -> str:
        column = (1, 2, 6)[at % 3]
        value, cells = rows[at][column], _cells(rows, at)
        cells[column] = written(value)
        rows[at] = (*rows[at][:column], (meant or written)(value), *rows[at][column + 1 :])
        return _replaced(lines, at, ",".join(cells))

    return change


def _other_mark(mark: str) -> Change:
    return lambda lines, rows, at: _replaced(lines, at, record(rows[at], delimiter=mark, every=at % 3 == 0))


def _other_end(end: str) -> Change:
    def change(lines: list[str], _: Rows, at: int) -> str:
        return "\n".join(lines[: at + 1]) + "\n" + lines[at + 1] + end + "\n".join(lines[at + 2 :]) + "\n"

    return change


def _behind(line: str) -> Change:
    return lambda lines, _, at: _replaced(lines, at, lines[at + 1], line)


def _empty_row(lines: list[str], rows: Rows, at: int) -> str:
    rows.insert(at + 1, ("",) * len(HEADER))
    return _replaced(lines, at, lines[at + 1], "," * (len(HEADER) - 1))


def _trailing(lines: list[str], _: Rows, at: int) -> str:
    return _replaced(lines, at, lines[at + 1] + ",")


def _cut_row(lines: list[str], rows: Rows, at: int) -> str:
    rows[at] = (*rows[at][:5], "", "", "", "")
    return _replaced(lines, at, record(rows[at][:5], every=at % 3 == 0))


_OF_A_ROW: Final[dict[str, Change]] = {
    "one delimiter less": _less,
    "one delimiter more": _more,
    "a delimiter at the end": _trailing,
    "a record cut short": _cut_row,
    "a quote in a cell": _in_cell(lambda v: f'{v[:2]}"{v[2:]}'),
    "a quote that never closes": _in_cell(lambda v: f'"{v}'),
    "a quote behind a cell": _in_cell(lambda v: f'{v}"'),
    "a quote not escaped": _in_cell(lambda v: f'"{v[:1]}"{v[1:]} x"', lambda v: f'{v[:1]}"{v[1:]} x'),
    "two quotes not escaped": _in_cell(lambda v: f'"{v} "x" y"', lambda v: f'{v} "x" y'),
    "an escape by backslash": _in_cell(lambda v: f'"{v} \\"x\\" y"', lambda v: f'{v} "x" y'),
    "spaces around quotes": _in_cell(lambda v: f' "{v}, x" ', lambda v: f"{v}, x"),
    "semicolons in a row": _other_mark(";"),
    "tabs in a row": _other_mark("\t"),
    "pipes in a row": _other_mark("|"),
    "a carriage return as line end": _other_end("\r"),
    "CRLF as line end": _other_end("\r\n"),
    "a lost line end": _other_end(""),
    "a blank line": _behind(""),
    "a line of spaces": _behind("   "),
    "an empty row": _empty_row,
    "the header again": _behind(record(HEADER)),
    "a comment": _behind("# checked, by hand"),
    "a page break": _behind("Page 2 of 7"),
    "a NUL": _in_cell(lambda v: f"{v[:2]}\0{v[2:]}", lambda v: v),
    "another encoding": _in_cell(lambda _: "Mu\udcf1oz", lambda _: "Muñoz"),
    "a line break outside quotes": _in_cell(lambda v: f"{v}\nx"),
    "a carriage return in a cell": _in_cell(lambda v: f"{v}\rx"),
    "a line separator in a cell": _in_cell(lambda v: f"{v}\u2028x\x85y"),
}
