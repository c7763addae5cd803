"""Marked persons for the guard tests: put into input files, then looked for wherever they must not be.

Nobody in this file exists; areas of 800 and above were never given out as social security numbers.
"""

from __future__ import annotations

import csv
import html
import io
import json
import sqlite3
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Rows = list[list[str]]


@dataclass(frozen=True)
class Canary:
    """A person whose every value is rare enough to be found again."""

    first: str
    last: str
    born: date
    ssn: str

    @property
    def email(self) -> str:
        return f"{_bare(self.last).lower()}.{self.born:%d%m}@kanari.example.net"


CANARIES = (
    Canary("Zythromanda", "Qarvellonix", date(1931, 3, 27), "812345678"),
    Canary("Béatrïxandra", "Ñuñezcanaro", date(1933, 8, 19), "823456712"),
    Canary("Łukaszowian", "Żółćkanarek", date(1934, 11, 28), "834567123"),
    Canary("VILHELMOXA", "QUORBLATTSEN", date(1936, 7, 14), "845671234"),
    Canary("yevgenixta", "krivosudovna", date(1937, 9, 23), "856712345"),
    Canary("Ōmarixtu", "Ğüvenkanary", date(1938, 1, 31), "867123456"),
    Canary("Wexlorina", "Jubbathorne", date(1939, 12, 17), "871234568"),
    Canary("Xanderloqui", "Jubbathorne", date(1939, 12, 17), "871234586"),
)
KINDS = frozenset({"ssn", "date", "name", "email"})
SSN_ONLY = frozenset({"ssn"})
_MANY = 20_000
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1", "cp1252", "cp1254")


def write_ssn(ssn: str, way: int) -> str:
    """Write a number with hyphens, bare, or with spaces."""
    parts = (ssn[:3], ssn[3:5], ssn[5:])
    return ("-".join(parts), ssn, " ".join(parts))[way % 3]


def write_date(day: date, way: int) -> str:
    """Write a date as ISO, MM/DD/YYYY, DD-MON-YYYY, YYYYMMDD or MM/DD/YY."""
    return day.strftime(("%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y", "%Y%m%d", "%m/%d/%y")[way % 5]).upper()


@cache
def needles() -> tuple[tuple[bytes, str], ...]:
    """All bytes to look for, in lower case, each with what it is; not the value, for output is a log."""
    found: dict[bytes, str] = {}
    for number, canary in enumerate(CANARIES):
        for kind, texts in (
            ("ssn", _ssn_texts(canary.ssn)),
            ("date", _date_texts(canary.born)),
            ("name", [t for name in (canary.first, canary.last) for t in _name_texts(name)]),
            ("email", [canary.email]),
        ):
            for text, encoding in product(texts, _ENCODINGS):
                try:
                    data = text.encode(encoding).lower()
                except UnicodeEncodeError:
                    continue
                found.setdefault(data, f"{kind} of canary {number} ({encoding})")
    kept: dict[bytes, str] = {}
    for data in sorted(found, key=len):  # a writing that holds a shorter one is found by that
        if not any(
            found[data].split(" (")[0] == kept[known].split(" (")[0] and known in data for known in kept
        ):
            kept[data] = found[data]
    return tuple(kept.items())


def search(data: bytes, /, *, kinds: frozenset[str] = KINDS) -> set[str]:
    """Say which canaries stand in the bytes; in many bytes all are looked for at once before each alone."""
    lowered = data.lower()
    wanted, letters = _wanted(kinds)
    if (
        len(lowered) > _MANY
        and not pl.select(pl.lit(lowered.decode("latin-1")).str.contains_any(letters)).item()
    ):
        return set()
    return {what for needle, what in wanted if needle in lowered}


@cache
def _wanted(kinds: frozenset[str]) -> tuple[list[tuple[bytes, str]], list[str]]:
    """The needles of some kinds, and again as text, a letter a byte."""
    wanted = [(needle, what) for needle, what in needles() if what.split()[0] in kinds]
    return wanted, [needle.decode("latin-1") for needle, _ in wanted]


def _ssn_texts(ssn: str) -> Iterator[str]:
    for separator in ("", "-", " ", ".", "\N{EN DASH}", "\N{NON-BREAKING HYPHEN}", "\N{NO-BREAK SPACE}"):
        yield separator.join((ssn[:3], ssn[3:5], ssn[5:]))


def _date_texts(day: date) -> Iterator[str]:
    yield from (write_date(day, way) for way in range(5))
    yield from (f"{day:%d/%m/%Y}", f"{day:%m-%d-%Y}", f"{day:%d.%m.%Y}", f"{day.month}/{day.day}/{day.year}")
    yield f"({day.year}, {day.month}, {day.day}"  # as Python shows a date
    yield f"{day:%B} {day.day}, {day.year}"


def _name_texts(name: str) -> set[str]:
    polish = name.replace("Ł", "L").replace("ł", "l")
    written = {name, _bare(name), unicodedata.normalize("NFD", name), polish}
    cased = {form(text) for text in written for form in (str, str.upper, str.lower, str.casefold, str.title)}
    escaped = {json.dumps(text)[1:-1] for text in cased} | {html.escape(text) for text in cased}
    entities = {text.encode("ascii", "xmlcharrefreplace").decode() for text in cased}
    garbled = {text.encode("utf-8").decode("latin-1") for text in cased}
    return cased | escaped | entities | garbled


def _bare(name: str) -> str:
    plain = name.translate(str.maketrans("ŁłĞğ", "LlGg"))
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


def edit_csv(path: Path, change: Callable[[Rows], None], /, *, encoding: str = "utf-8") -> None:
    """Change the rows of a UTF-8 file, the header among them, and write them in some encoding."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding, errors="replace"))


def put_into(folder: Path, /) -> None:
    """Put the canaries into a sample folder of the layout "colleague".

    They come out with different statuses: the first ones are to be created, the next have an account
    that the SIS does not know, the last two may be one person.
    """
    edit_csv(folder / "students.csv", _students)
    edit_csv(folder / "accounts.csv", _accounts)
    edit_csv(folder / "applications.csv", _applications)


def _cells(rows: Rows, number: int) -> dict[str, int]:
    assert number < len(rows)
    return {name: place for place, name in enumerate(rows[0])}


def _put(rows: Rows, number: int, values: dict[str, str]) -> None:
    places = _cells(rows, number)
    for name, value in values.items():
        rows[number][places[name]] = value


def _students(rows: Rows) -> None:
    for number, canary in enumerate(CANARIES):
        _put(
            rows,
            number + 1,
            {
                "ID": f"990000{number}",  # so that no application speaks of them
                "LAST.NAME": canary.last,
                "FIRST.NAME": canary.first,
                "MIDDLE.NAME": "",
                "SUFFIX": "",
                "NAME.HISTORY.LAST.NAME": CANARIES[2].last if number == 0 else "",
                "NAME.HISTORY.FIRST.NAME": CANARIES[2].first if number == 0 else "",
                "BIRTH.DATE": write_date(canary.born, number),
                "SSN": write_ssn(canary.ssn, number),
                "DECEASED.DATE": "",
                "PERSON.PREFERRED.EMAIL": canary.email,
                "PERSONAL.PHONE.NUMBER": f"916-555-019{number}",
                "SSID": "",
                "PERSON.ALT.IDS": "",
                "PERSON.ALT.ID.TYPES": "",
                "COLLEGE": "ZZ1",
                "TERMS": "2026FA",
                "ENROLLED": "Y",
                "CREDIT": "C",
                "PERSON.TYPE": "STU",
                "RESTRICTION": "",
            },
        )
    # An SSN as the id of a student, and one typed into a column where none belongs.
    _put(rows, 1, {"ID": CANARIES[0].ssn})
    _put(rows, 2, {"MIDDLE.NAME": write_ssn(CANARIES[1].ssn, 0)})
    _put(rows, 3, {"PERSONAL.PHONE.NUMBER": write_ssn(CANARIES[2].ssn, 2)})


def _accounts(rows: Rows) -> None:
    for number, canary in enumerate(CANARIES[3:], start=3):
        _put(
            rows,
            number + 1,
            {
                "lastname": canary.last.title(),
                "firstname": canary.first.title(),
                "middlename": "",
                "birthdate": write_date(canary.born, 0),
                "ssn": write_ssn(canary.ssn, number + 1),
                "email": canary.email,
                "otherlastname": CANARIES[1].last if number == 4 else "",
            },
        )


def _applications(rows: Rows) -> None:
    for number, canary in enumerate(CANARIES[:6]):
        _put(
            rows,
            number + 1,
            {
                "lastname": canary.last,
                "firstname": canary.first,
                "birthdate": write_date(canary.born, 0),
                "email": canary.email,
            },
        )
    _put(rows, 1, {"sis_person_id": write_ssn(CANARIES[0].ssn, 0)})
    _put(rows, 2, {"sis_person_id": CANARIES[0].ssn})


def tables_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every cell of an SQLite file, for looking behind pages and compression."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                yield name, repr(row).encode()
    connection.close()
