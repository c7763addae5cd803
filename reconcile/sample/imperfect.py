"""An extract as a report writer leaves it: titles above, a footer below, names of its own, and slips.

Made of the students of the Colleague extract, so that nobody new is in it. What is wrong with it:

- two title lines and an empty one stand above the column names, a footer and an empty line below the rows;
- it is written in cp1252, and says so nowhere;
- the id, birthdate, e-mail, CCCID, college and term go by names that no layout knows;
- the line of column names is repeated where a printed page began, behind an empty line;
- a remark has a comma and no quotes around it, another one a lone quote, a third one an SSN;
- some birthdates have the day before the month;
- a row has no id, and two persons have the same.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

ENCODING: Final = "cp1252"
COLUMNS: Final = {
    "Student Ref": "ID",
    "Surname": "LAST.NAME",
    "Given Name": "FIRST.NAME",
    "Middle": "MIDDLE.NAME",
    "Born": "BIRTH.DATE",
    "Personal Mail": "PERSON.PREFERRED.EMAIL",
    "Mobile": "PERSONAL.PHONE.NUMBER",
    "Address": "ADDRESS.LINES",
    "Town": "CITY",
    "ZIP": "ZIP",
    "CCC Apply No": "PERSON.ALT.IDS",
    "Site": "COLLEGE",
    "Semester": "TERMS",
}
REMARK: Final = "Remark"
_ABOVE: Final = ("Students enrolled in Fall 2026", "Institutional Research, printed 11/16/2026", "")
_ROWS: Final = 150
_ACCENTED: Final = 12  # of these rows have a letter that ASCII lacks
_PAGE: Final = 75  # rows of a printed page
_DAY_FIRST: Final = 9  # every ninth birthdate was typed in by another office
_REMARKS: Final = {
    20: "moved, address unknown",
    33: 'brings a 6" ruler',
    47: "wrote SSN 899-21-4470 on the form",
    61: "paper file",
    90: "paper file",
}
_MANGLED: Final = "Ã"
_NO_ID, _TWICE = 101, (118, 119)


def imperfect(colleague: pl.DataFrame, /) -> bytes:
    """Write the extract.

    Args:
        colleague: the sample's students in the columns of Colleague, as text.
    """
    rows = [_row(at, row) for at, row in enumerate(_chosen(colleague))]
    head = ",".join((*COLUMNS, REMARK))
    lines = [*_ABOVE, head, *rows[:_PAGE], "", head, *rows[_PAGE:], "", f"{len(rows)} rows selected.", ""]
    return "\r\n".join(lines).encode(ENCODING)


def _chosen(colleague: pl.DataFrame) -> list[dict[str, str]]:
    """Students of one number, those with an accent in the name among them, in the order of the file."""
    plain, accented = [], []
    for row in colleague.fill_null("").iter_rows(named=True):
        name = row["LAST.NAME"] + row["FIRST.NAME"]
        if not name.isascii() and _can_be_written(row):
            accented.append(row)
        elif row["BIRTH.DATE"] and "".join(row.values()).isascii():
            plain.append(row)
    taken = [*accented[:_ACCENTED], *plain[: _ROWS - len(accented[:_ACCENTED])]]
    return sorted(taken, key=lambda row: row["ID"])


def _can_be_written(row: Mapping[str, str]) -> bool:
    """Say whether the encoding has all letters, and none of them was mangled by an earlier one."""
    text = "".join(row.values())
    return _MANGLED not in text and text.encode(ENCODING, "ignore").decode(ENCODING) == text


def _row(at: int, row: Mapping[str, str]) -> str:
    values = {name: row[of].partition("|")[0] for name, of in COLUMNS.items()}
    values["Born"] = _born(at, values["Born"])
    if at == _NO_ID:
        values["Student Ref"] = ""
    if at in _TWICE:
        values["Student Ref"] = "9000001"
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(values.values())
    # The report writer puts quotes around all but the remark.
    return f"{written.getvalue()},{_REMARKS.get(at, '')}"


def _born(at: int, text: str) -> str:
    month, _, rest = text.partition("/")
    day, _, year = rest.partition("/")
    return f"{day}/{month}/{year}" if at % _DAY_FIRST == 0 and year else text
