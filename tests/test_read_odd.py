"""Files that were damaged on their way, or hold more than one table: nothing of it goes unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconcile.errors import InputError
from reconcile.privacy import SsnKey
from reconcile.read import read

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read import ReadResult

HEAD = "sid,last,first,units,gpa\n"
ROWS = "".join(
    f"{100 + n},Last{chr(97 + n)},First{chr(122 - n)},{3 * n},{3 + n / 10:.1f}\n" for n in range(8)
)
NAMES = ["sid", "last", "first", "units", "gpa"]


def taken(folder: Path, content: str | bytes) -> ReadResult:
    place = folder / "extract.csv"
    place.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read(place, ssn_key=SsnKey(bytes(32)))


def noted(made: ReadResult) -> list[tuple[int | None, str]]:
    return made.diagnostics.select("line", "kind").rows()


def wrapped(text: str) -> str:
    return "".join('"' + line.replace('"', '""') + '"\n' for line in text.splitlines())


QUOTED = "".join('"' + line.replace(",", '","') + '"\n' for line in (HEAD + ROWS).splitlines())


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param((HEAD + ROWS).replace("\n", "\\n"), "line_end_guess", id="line ends written out"),
        pytest.param((HEAD + ROWS).replace("\n", "\\r\\n") + "\n", "line_end_guess", id="with returns"),
        pytest.param(
            ("\ufeff" + HEAD + ROWS).encode("utf-16-le").replace(b"\n\0", b"\n"),
            "line_end_guess",
            id="narrow line ends",
        ),
        pytest.param(
            ("\ufeff" + HEAD + ROWS).encode("utf-16-be").replace(b"\0\n", b"\r\n"),
            "line_end_guess",
            id="narrow line ends, big end first",
        ),
        pytest.param(b"\xff\xfe" + (HEAD + ROWS).encode(), "encoding_guess", id="a wrong mark"),
        pytest.param(wrapped(HEAD + ROWS), "quote_guess", id="lines in quotes"),
        pytest.param(HEAD + wrapped(ROWS), "quote_guess", id="all lines in quotes but the names"),
        pytest.param(wrapped(QUOTED), "quote_guess", id="quoted twice"),
        pytest.param(
            QUOTED.replace('","', '"",""').replace("\n", "\r\n"), "quote_guess", id="doubled inside"
        ),
    ],
)
def test_lost_lines_and_quotes_are_given_back(tmp_path: Path, content: str | bytes, kind: str) -> None:
    made = taken(tmp_path, content)
    assert made.frame.columns == NAMES
    assert made.frame.row(0) == ("100", "Lasta", "Firstz", "0", "3.0")
    assert (made.frame.height, noted(made)) == (8, [(None, kind)])


def test_rows_without_line_ends_are_not_shown_as_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one line, which holds rows") as caught:
        taken(tmp_path, (HEAD + ROWS).replace("\n", ","))
    assert "Lasta" not in str(caught.value)
    months = "id," + ",".join(map(str, range(1, 13))) + "\n"
    assert taken(tmp_path, months).frame.width == 13


@pytest.mark.parametrize(
    ("below", "doubts"),
    [
        (",,Total,84,3.4\n", [(10, "footer_doubt")]),
        ("Average,,,10.5,3.35\nGrand Total,8,8,84,3.35\n", [(10, "footer_doubt"), (11, "footer_doubt")]),
        ("Count: 8,,,,\n", [(10, "footer_doubt")]),
        (",Total,Ann,84,3.4\n", []),
        (",,,,\nFERPA protected,,,,\n", [(10, "empty_row"), (11, "footer_doubt")]),
        ("\nA1,Algebra,Math,3,30\n", [(10, "blank_lines")]),
        ("\ncode,title,dept,cap,cost\nA1,Algebra,Math,3,30\n", [(10, "blank_lines"), (11, "table_doubt")]),
        ("\nt1,t2,t3,t4,t5\n1,2,3,4,5\n", [(10, "blank_lines"), (11, "table_doubt")]),
    ],
)
def test_what_may_be_no_row_is_kept_and_doubted(tmp_path: Path, below: str, doubts: list[object]) -> None:
    made = taken(tmp_path, HEAD + ROWS + below)
    assert (made.frame.height, made.quarantined) == (8 + len(below.split()) - below.count(" "), 0)
    assert noted(made) == doubts


def test_the_names_again_in_capitals_are_no_second_table(tmp_path: Path) -> None:
    made = taken(tmp_path, HEAD + ROWS + HEAD.upper() + ROWS)
    assert (made.frame.height, made.quarantined) == (16, 1)
    assert noted(made) == [(10, "header_repeated")]
    assert noted(taken(tmp_path, HEAD + HEAD + ROWS)) == [(2, "header_repeated")]


def test_a_table_in_bars_has_a_ruler(tmp_path: Path) -> None:
    made = taken(tmp_path, "| sid | last |\n|-----|------|\n| 1 | Lee |\n| 2 | Ann |\n")
    assert made.frame.columns == ["sid", "last"]
    assert (made.frame.height, noted(made)) == (2, [(None, "empty_column"), (2, "ruler")])
