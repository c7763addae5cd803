"""The SB34 worksheet: whose number is reported, what is corrected, and what stops a submission."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.report.record import TEMPLATE, read_record_layout, records
from reconcile.report.sb34 import WORKSHEET, MisSettings, Sb34, sb34

NONE = "XXXXXXXX"
SETTINGS = MisSettings(missing=NONE, terms={"202710": "267", "202720": "273"})
STUDENTS = pl.DataFrame(
    [
        ("1", "confirmed", "agrees", "AAA0001", "ZZ1", "202710;202720"),
        ("2", "pending_load", "absent", None, "ZZ1", "202710"),
        ("3", "conflict", "other_person", "AAA0003", "ZZ1", "202710"),
        ("4", "duplicate_student", "agrees", "AAA0004", None, "202710"),
        ("5", "unknown_cccid", "not_in_snapshot", "AAA0005", "ZZ1", "202720"),
        ("6", "review", "absent", None, "ZZ1", "202710"),
        ("7", "confirmed", "agrees", "AAA0007", "ZZ1", None),
        ("8", "out_of_scope", "absent", None, "ZZ1", "202710"),
        ("9", "malformed_cccid", "malformed", "AAI0009", "ZZ1", "202710"),
    ],
    schema=["sis_id", "status", "sis_cccid", "cccid", "college", "terms"],
    orient="row",
)
CROSSWALK = pl.DataFrame(
    [("1", "AAA0001", "yes"), ("1", "AAB0001", "no"), ("2", "AAA0002", "yes"), ("3", "AAA0003", "no")],
    schema=["sis_id", "cccid", "current"],
    orient="row",
)


def make(**given: Any) -> Sb34:
    return sb34(STUDENTS, CROSSWALK, **{"settings": SETTINGS, "colleges": ("ZZ1",)} | given)


def numbers(made: Sb34) -> dict[tuple[str, str], str]:
    return {(row["sis_id"], row["GI03"]): row["SB34"] for row in made.worksheet.iter_rows(named=True)}


def test_a_number_is_reported_where_it_is_surely_the_students() -> None:
    made = make()
    assert numbers(made) == {
        ("1", "267"): "AAA0001",
        ("1", "273"): "AAA0001",
        ("2", "267"): "AAA0002",
        ("3", "267"): NONE,
        ("4", "267"): "AAA0004",
        ("5", "273"): NONE,
        ("6", "267"): NONE,
        ("9", "267"): NONE,
    }
    why = dict(made.worksheet.select("sis_id", "why").rows())
    assert (why["1"], why["6"]) == (None, "May have an account")
    assert made.passed


def test_of_a_partial_snapshot_the_sis_is_believed() -> None:
    partial = MisSettings(missing=NONE, terms=SETTINGS.terms, partial=True)
    assert numbers(make(settings=partial))["5", "273"] == "AAA0005"


def test_rows_add_up() -> None:
    made = make()
    assert dict(made.rows.rows()) == {
        "students of the run": 9,
        "of these not in the population": 1,
        "in the population, but in none of the terms": 1,
        "students of the worksheet": 7,
        "rows of the worksheet, one a term": 8,
    }
    assert dict(make(terms=("202720",)).rows.rows())["in the population, but in none of the terms"] == 6
    assert made.shares.rows() == [("ZZ1", "267", 6, 3, 0.5), ("ZZ1", "273", 2, 1, 0.5)]


def test_a_share_is_rounded_once() -> None:
    students = pl.concat(
        [
            STUDENTS[row].with_columns(sis_id=pl.lit(f"{row}.{at}"))
            for row, most in ((0, 28), (5, 6))
            for at in range(most)
        ]
    ).with_columns(terms=pl.lit("202710"))
    made = sb34(students, CROSSWALK, settings=SETTINGS, colleges=("ZZ1",))
    assert made.shares["share"].to_list() == [28 / 34]
    assert "82.4% of 34" in made.chart.html


def test_a_term_without_gi03_is_named() -> None:
    with pytest.raises(InputError, match=r'One|1 term.*"202720".*\[mis.terms\]'):
        make(settings=MisSettings(missing=NONE, terms={"202710": "267"}))


@pytest.mark.parametrize(
    ("missing", "terms", "said"),
    [
        ("XXX", {}, "8 letters or digits"),
        ("AAA00010", {}, "looks like a CCCID"),
        (NONE, {"202710": "26"}, "three digits"),
    ],
)
def test_settings_that_would_submit_nonsense_are_refused(
    missing: str, terms: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        MisSettings(missing=missing, terms=terms)


def test_sb00_is_taken_only_where_it_is_no_ssn() -> None:
    given = pl.DataFrame(
        [("1", "C", "900000001"), ("2", "S", "900000002"), ("3", "C", "123-45-6789")],
        schema=["sis_id", "SB01", "SB00"],
        orient="row",
    )
    made = make(identifiers=given)
    held = dict(made.worksheet.select("sis_id", "SB00").rows())
    assert (held["1"], held["2"]) == ("900000001", None)
    failed = made.checks.filter(pl.col("result") == "failed")
    assert failed["check"].to_list() == ["SB00 is filled only where it is no SSN"]
    assert not made.passed


def test_two_students_with_one_number_fail_the_check() -> None:
    twice = pl.concat([STUDENTS, STUDENTS.head(1).with_columns(sis_id=pl.lit("1b"))])
    crosswalk = pl.concat([CROSSWALK, CROSSWALK.head(1).with_columns(sis_id=pl.lit("1b"))])
    made = sb34(twice, crosswalk, settings=SETTINGS, colleges=("ZZ1",))
    assert (
        dict(made.checks.select("check", "rows").rows())[
            "No CCCID stands on two students of a college and term"
        ]
        == 4
    )


def test_corrections_of_what_was_submitted() -> None:
    before = pl.DataFrame(
        [
            ("ZZ1", "257", "1", "AAA0001 "),  # an earlier term, right
            ("ZZ1", "257", "2", NONE),
            ("ZZ1", "257", "4", "AAB0004"),
            ("ZZ1", "257", "3", "AAA0003"),
            ("ZZ1", "257", "6", "AAB0006"),
            ("ZZ1", "257", "9", "AAI0009"),
            ("ZZ1", "257", "77", "AAB0077"),  # nothing is known of them
        ],
        schema=["GI01", "GI03", "sis_id", "SB34"],
        orient="row",
    )
    made = make(submitted=before).corrections
    assert made.select("sis_id", "old_SB34", "new_SB34", "kind").rows() == [
        ("2", NONE, "AAA0002", "add"),
        ("3", "AAA0003", NONE, "withdraw"),
        ("4", "AAB0004", "AAA0004", "replace"),
        ("6", "AAB0006", None, "decide"),
        ("9", "AAI0009", NONE, "withdraw"),
    ]
    with pytest.raises(InputError, match="SB34"):
        make(submitted=before.drop("SB34"))


def test_of_two_submissions_the_last_counts_and_every_row_is_told() -> None:
    rows = [("1", "AAB0001"), ("2", NONE), ("77", "AAB0077"), ("1", "AAA0001"), ("8", NONE)]
    before = pl.DataFrame(
        [("ZZ1", "257", *row) for row in rows], schema=["GI01", "GI03", "sis_id", "SB34"], orient="row"
    )
    made = make(submitted=before)
    assert made.corrections.select("sis_id", "kind").rows() == [("2", "add")]
    assert made.submitted["count"].to_list() == [5, 1, 2, 1, 1]
    assert made.to_correct.frame.rows() == [("add", 1, "a CCCID is known by now")]
    assert make().submitted.is_empty()


# Records of fixed width -----------------------------------------------------------------------------

LAYOUT = """
length = 20
line_end = "lf"
[[field]]
from = 1
to = 2
value = "SB"
[[field]]
from = 3
to = 5
column = "GI01"
[[field]]
from = 10
to = 17
column = "SB34"
"""


def laid_out(tmp_path: Any, text: str) -> Any:
    path = tmp_path / "sb.toml"
    path.write_text(text, encoding="utf-8")
    return read_record_layout(path, columns=WORKSHEET[:-2])


def test_records_are_as_wide_as_the_layout_says(tmp_path: Any) -> None:
    lines = records(make().worksheet, laid_out(tmp_path, LAYOUT)).decode("ascii").splitlines()
    assert lines[0] == "SBZZ1    AAA0001    "
    assert {len(line) for line in lines} == {20}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("length = 20", "length = 12"), "beyond the length"),
        (("from = 3", "from = 2"), "overlap"),
        (('column = "SB34"', 'column = "SB35"'), "no column SB35"),
        (('value = "SB"', 'value = "SBX"'), "wider than its place"),
        (("to = 2\n", ""), "from and to"),
        (('"lf"', '"cr"'), "line_end"),
        (("length", "lenth"), "length is not completed"),
    ],
)
def test_a_layout_that_cannot_be_right_is_refused(tmp_path: Any, change: tuple[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        laid_out(tmp_path, LAYOUT.replace(*change))


def test_a_layout_that_is_not_there_is_called_that(tmp_path: Any) -> None:
    with pytest.raises(InputError, match=r"none.toml does not exist"):
        read_record_layout(tmp_path / "none.toml", columns=WORKSHEET)


def test_the_template_is_not_taken_for_a_layout(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="not completed"):
        laid_out(tmp_path, TEMPLATE)


def test_a_value_that_does_not_fit_is_named_by_its_row(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="GI01 do not fit"):
        records(make().worksheet, laid_out(tmp_path, LAYOUT.replace("to = 5", "to = 4")))
