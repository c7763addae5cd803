"""What report writers and SQL clients print around and among the rows is cut off, or said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import workbooks

from reconcile.errors import InputError
from reconcile.privacy import SsnKey
from reconcile.read import read

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read import ReadResult

NAMES = ["id", "last", "first", "units"]
PEOPLE = [(f"10{n:02}", f"Last{'abcdefghijkl'[n]}", f"First{'zyxwvutsrqpo'[n]}", f"{n}.5") for n in range(12)]
HEAD = "id,last,first,units\n"
LINES = [",".join(row) + "\n" for row in PEOPLE]


def taken(folder: Path, content: str | bytes) -> ReadResult:
    place = folder / "extract.txt"
    place.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read(place, ssn_key=SsnKey(bytes(32)))


def noted(made: ReadResult) -> list[tuple[int | None, str]]:
    return made.diagnostics.select("line", "kind").rows()


def columns(row: tuple[str, ...]) -> str:
    """As under a ruler: one blank between columns, the last of them on the right."""
    return f"{row[0]:<6} {row[1]:<12} {row[2]:<12} {row[3]:>6}\n"


RULER = "------ ------------ ------------ ------\n"
TOP = columns(("id", "last", "first", "units")) + RULER
BODY = [columns(row) for row in PEOPLE]


# Tables that are drawn.


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        pytest.param("\n" + TOP + "".join(BODY) + "\n12 rows selected.\n", ["ruler", "footer"], id="spool"),
        pytest.param(
            "SQL> select * from people;\n\n" + TOP + "".join(BODY) + "SQL> spool off\n",
            ["preamble", "ruler", "footer"],
            id="prompts",
        ),
        pytest.param(
            "Roster  page 1\n"
            + TOP
            + "".join(BODY[:6])
            + "\nRoster  page 2\n"
            + TOP
            + "".join(BODY[6:])
            + "(12 rows affected)\n",
            ["preamble", "ruler", "ragged", "header_repeated", "ruler", "footer"],
            id="pages",
        ),
        pytest.param(
            TOP.replace("-\n", "-\r\n") + "".join(BODY).replace("Lasta    ", "Lasta\t"), ["ruler"], id="tabs"
        ),
        pytest.param(
            "| id | last | first | units |\n|:--|:---|:-:|--:|\n"
            + "".join(f"| {' | '.join(row)} |\n" for row in PEOPLE),
            ["empty_column", "ruler"],
            id="markdown",
        ),
        pytest.param(
            " id   | last  | first  | units \n------+-------+--------+-------\n"
            + "".join(f" {a} | {b} | {c} | {d:>5}\n" for a, b, c, d in PEOPLE)
            + "(12 rows)\n",
            ["ruler", "footer"],
            id="psql",
        ),
        pytest.param(
            "+----+----+\n| id | last | first | units |\n+----+----+\n"
            + "".join(f"| {' | '.join(f'{cell:<7}' for cell in row)} |\n" for row in PEOPLE)
            + "+----+----+\n",
            ["empty_column", "ruler", "ruler", "ruler"],
            id="mysql",
        ),
        pytest.param(
            "┌────┬────┐\n│ id │ last │ first │ units │\n├────┼────┤\n"
            + "".join(f"│ {' │ '.join(row)} │\n" for row in PEOPLE)
            + "└────┴────┘\n",
            ["empty_column", "ruler", "ruler", "ruler"],
            id="box",
        ),
    ],
)
def test_a_drawn_table_is_read_as_it_was_meant(tmp_path: Path, content: str, kinds: list[str]) -> None:
    made = taken(tmp_path, content)
    assert made.frame.columns == NAMES
    assert made.frame.rows() == PEOPLE
    assert [kind for _, kind in noted(made) if kind != "blank_lines"] == kinds
    assert made.source.rows == made.frame.height + made.quarantined


def test_a_long_drawn_table_ends_with_a_ruler_too(tmp_path: Path) -> None:
    rows = "".join(f"| {n:<5} | Lee  |\n" for n in range(400))
    made = taken(tmp_path, f"+----+\n| id | last |\n+----+\n{rows}+----+\n400 rows in set (0.00 sec)\n")
    assert made.frame["id"].to_list() == [str(n) for n in range(400)]
    assert noted(made)[-2:] == [(404, "footer"), (405, "footer")]


def test_rows_that_wrap_under_rulers_of_their_own_are_refused(tmp_path: Path) -> None:
    text = "id   last\n---- -----\nfirst\n-----\n" + "".join(f"{a} {b}\n{c}\n\n" for a, b, c, _ in PEOPLE)
    with pytest.raises(InputError, match="line 4: a second ruler"):
        taken(tmp_path, text)


def test_dashes_that_are_values_rule_nothing(tmp_path: Path) -> None:
    made = taken(tmp_path, "id,a,b\n" + "".join(f"{n},---,-- ---\n" for n in range(8)))
    assert (made.frame.height, noted(made)) == (8, [])


# Lines above.


@pytest.mark.parametrize("title", ["Title {} of the report", "Filter {}: any of {}"])
def test_more_titles_than_rows_are_titles(tmp_path: Path, title: str) -> None:
    above = "".join(title.format(n, n) + "\n" for n in range(35))
    made = taken(tmp_path, above + "\n" + HEAD + "".join(LINES))
    assert made.frame.rows() == PEOPLE
    assert {kind for line, kind in noted(made) if line and line <= 35} == {"preamble"}


def test_titles_of_merged_cells_and_dates_of_pages_are_no_names(tmp_path: Path) -> None:
    merged = ",,,\n,Student list,,\n,,,\n"
    assert taken(tmp_path, merged + HEAD + "".join(LINES)).frame.rows() == PEOPLE
    pages = [
        f"8/15/2025 7:0{n}:12AM,,,Page {n} of 2\n" + HEAD + "".join(LINES[6 * n - 6 : 6 * n]) for n in (1, 2)
    ]
    made = taken(tmp_path, "".join(pages))
    assert noted(made) == [(1, "preamble"), (9, "report_row"), (10, "header_repeated")]
    assert made.frame.columns == NAMES


# Among the rows.


@pytest.mark.parametrize(
    ("among", "said"),
    [
        ("Dept total,,,39.0\n", True),
        (",,Total for Biology,39.0\n", True),
        (",,,39.0\n", True),
        ("Count: 4,,,\n", True),
        ("Department: Biology,,,\n", True),
        ("1099,Total,Ann,3.0\n", False),
        ("1099,,Total,3.0\n", False),
        ("1099,,,\n", False),
    ],
)
def test_sums_and_headings_of_groups_are_kept_and_doubted(tmp_path: Path, among: str, said: bool) -> None:
    made = taken(tmp_path, HEAD + "".join(LINES[:6]) + among + "".join(LINES[6:]))
    assert made.frame.height == 13
    assert noted(made) == ([(8, "report_row")] if said else [])


def test_headings_among_names_are_told_by_the_first_row(tmp_path: Path) -> None:
    groups = "".join(
        f"{group},,\n" + "".join(f"Lee,Ann{n},x\n" for n in range(4)) for group in ("Art", "Music")
    )
    made = taken(tmp_path, "last,first,note\n" + groups)
    assert noted(made) == [(2, "report_row"), (7, "report_row")]


def test_a_group_that_is_named_once_is_doubted(tmp_path: Path) -> None:
    rows = "".join(
        f"{'' if n % 4 else ('Art', 'Music', 'Welding')[n // 4]},{line}" for n, line in enumerate(LINES)
    )
    made = taken(tmp_path, "major," + HEAD + rows)
    assert noted(made) == [(2, "report_row")]
    sparse = "".join(f"{'' if n % 4 else f'ABC12{n:02}'},{line}" for n, line in enumerate(LINES))
    assert noted(taken(tmp_path, "cccid," + HEAD + sparse)) == []


def test_columns_in_another_order_are_taken_by_their_names(tmp_path: Path) -> None:
    other = "Last,id,units,first\n" + "".join(f"{b},{a},{d},{c}\n" for a, b, c, d in PEOPLE[6:9])
    made = taken(tmp_path, HEAD + "".join(LINES[:6]) + other + HEAD + "".join(LINES[9:]))
    assert made.frame.rows() == PEOPLE
    assert noted(made) == [(8, "column_order"), (8, "header_repeated"), (12, "header_repeated")]


def test_names_of_other_columns_are_doubted(tmp_path: Path) -> None:
    made = taken(tmp_path, HEAD + "".join(LINES[:6]) + "id,last,first,gpa\n" + "".join(LINES[6:]))
    assert (made.frame.height, noted(made)) == (13, [(8, "table_doubt")])
    fields = "field,label,type\nid,Student id,text\nlabel,Label,text\ntype,Type,code\n"
    assert noted(taken(tmp_path, fields)) == []


# Within values.


@pytest.mark.parametrize("sign", ["\x07", "\x0b", "\x1b", "\x7f", "\x92", "\u200b", "\u00ad", "\ufeff"])
def test_signs_that_nobody_sees_are_kept_and_said(tmp_path: Path, sign: str) -> None:
    made = taken(tmp_path, HEAD + "".join(LINES).replace("Lastc", f"Las{sign}tc"))
    assert made.frame["last"][2] == f"Las{sign}tc"
    assert noted(made) == [(4, "control_kept")]


def test_joiners_and_marks_of_letters_are_seen(tmp_path: Path) -> None:
    made = taken(
        tmp_path, HEAD + "".join(LINES).replace("Lastc", "Last👩\u200d🎓c").replace("Lastd", "L\u2019Haÿ")
    )
    assert noted(made) == []


@pytest.mark.parametrize("sign", ["$", "#", "@", "*", "%", "+", "-", "<"])
@pytest.mark.parametrize("delimiter", [",", "|", "\t"])
def test_signs_in_front_of_all_values_stay(tmp_path: Path, sign: str, delimiter: str) -> None:
    rows = [[f"{sign}{name}{n or ''}" for name in "abc"] for n in range(12)]
    made = taken(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows))
    assert [made.frame.columns, *map(list, made.frame.rows())] == rows
    assert [kind for _, kind in noted(made)] == []


@pytest.mark.parametrize(
    "values",
    [
        [f"key{n}: value {n}" for n in range(14)],
        [f"id={n}&term={n}" for n in range(14)],
        [f"#{n}" for n in range(1, 9)],
        ["alpha beta", "gamma", "3 rows"],
        ["Abbott", "Barnes", "Total"],
    ],
)
def test_one_column_stays_one_and_loses_no_row(tmp_path: Path, values: list[str]) -> None:
    made = taken(tmp_path, "\n".join(["setting", *values, ""]))
    assert made.frame.rows() == [(value,) for value in values]
    assert noted(made) == []


def test_a_count_of_the_rows_above_is_no_value(tmp_path: Path) -> None:
    assert noted(taken(tmp_path, "note\nalpha\nbeta\n2 rows\n")) == [(4, "footer")]


def test_columns_filled_up_with_blanks_are_said(tmp_path: Path) -> None:
    text = "".join("|".join(f"{cell:<9}" for cell in row) + "\n" for row in [NAMES, *PEOPLE])
    made = taken(tmp_path, text)
    assert made.frame.row(0) == ("1000     ", "Lasta    ", "Firstz   ", "0.5      ")
    assert {kind for _, kind in noted(made)} == {"padding"}


def test_signs_at_the_ends_of_names_are_doubted(tmp_path: Path) -> None:
    made = taken(tmp_path, (HEAD + "".join(LINES)).replace("\n", ";\n"))
    assert noted(made) == [(None, "delimiter_guess")]


def test_measures_below_the_rows_are_doubted(tmp_path: Path) -> None:
    rows = "".join(f"{n},3,4\n" for n in range(8))
    assert noted(taken(tmp_path, f"id,q1,q2\n{rows}Mean,3,4\nSD,0,0\n")) == [
        (10, "footer_doubt"),
        (11, "footer_doubt"),
    ]


def test_curly_quotes_around_all_fields_are_quotes(tmp_path: Path) -> None:
    text = "".join(",".join(f"“{cell}”" for cell in row) + "\n" for row in [NAMES, *PEOPLE])
    made = taken(tmp_path, text)
    assert (made.frame.rows(), noted(made)) == (PEOPLE, [(None, "quote_guess")])


def test_rows_that_are_counted_without_a_name_are_those_of_r(tmp_path: Path) -> None:
    made = taken(tmp_path, HEAD + "".join(f"{n},{line}" for n, line in enumerate(LINES, 1)))
    assert made.frame.drop("column 1").rows() == PEOPLE
    assert noted(made) == [(None, "header_empty")]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- made by a portal -->\n<html><body>Sign in</body></html>\n",
        "\n<form method=post>\n<p>Your session has ended, please sign in, again</p>\n</form>\n",
        "SELECT *\n*\nERROR at line 1:\nORA-00942: table or view does not exist\n",
        "Warning: connect(): refused in /srv/export.php on line 7\n",
    ],
)
def test_what_a_program_wrote_instead_of_a_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"web page|error message"):
        taken(tmp_path, text)


def test_a_number_among_texts_with_leading_zeros_is_doubted(tmp_path: Path) -> None:
    ids = [["id", "last"], ["0001231", "Quist"], [1232, "Lem"], ["0001233", "Ng"]]
    made = taken(tmp_path, workbooks.workbook(("Fall", ids)))
    assert noted(made) == [(3, "id_zeros_lost")]
