import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.join import join

ACCOUNTS = pl.DataFrame({"cccid": ["ABD1234", "ABE0001"]})


def test_each_number_of_each_student_is_looked_up_once() -> None:
    students = pl.DataFrame(
        {
            "sis_id": ["1", "2", "3", "4"],
            "cccids": [["ABD1234", " abd1234"], ["ABD1234"], None, ["ABX0001", ""]],
        }
    )
    held = join(students, ACCOUNTS).held
    assert held.select("sis_id", "cccid", "in_snapshot", "students").rows() == [
        ("1", "ABD1234", True, 2),
        ("2", "ABD1234", True, 2),
        ("4", "ABX0001", False, 1),
    ]


def test_what_the_sis_wrote_is_kept_beside_the_key() -> None:
    held = join(pl.DataFrame({"sis_id": ["1", "2"], "cccid": ["abd1234", " ABE0001\u00a0"]}), ACCOUNTS).held
    assert held.select("written", "cccid").rows() == [("abd1234", "ABD1234"), ("ABE0001", "ABE0001")]


def test_fraud_and_former_numbers_are_told_apart() -> None:
    students = pl.DataFrame({"sis_id": ["1", "2"], "cccid": ["ABD1234", "ABF0007"]})
    held = join(
        students,
        ACCOUNTS,
        fraud=pl.DataFrame({"cccid": ["ABD1234"]}),
        former=pl.DataFrame({"cccid": ["ABF0007"]}),
    ).held
    assert held.select("fraud", "retired").rows() == [(True, False), (False, True)]


def test_a_former_number_that_is_in_the_snapshot_again_is_not_retired() -> None:
    held = join(pl.DataFrame({"sis_id": ["1"], "cccid": ["ABD1234"]}), ACCOUNTS, former=ACCOUNTS).held
    assert held["retired"].to_list() == [False]


def test_the_latest_application_of_a_known_student_counts() -> None:
    applications = pl.DataFrame(
        {
            "sis_id": ["1", "1", "9", None],
            "cccid": ["ABD1234", "ABD1234", "ABE0001", "ABE0001"],
            "submitted": ["2024-01-01", "2025-06-01", "2025-01-01", None],
        }
    )
    applied = join(
        pl.DataFrame({"sis_id": ["1"], "cccid": [None]}, schema={"sis_id": pl.String, "cccid": pl.String}),
        ACCOUNTS,
        applications=applications,
    ).applied
    assert applied.rows() == [("1", "ABD1234", "2025-06-01", True)]


@pytest.mark.parametrize("none", [None, []])
def test_a_student_without_a_number_keeps_the_application(none) -> None:
    students = pl.DataFrame(
        {"sis_id": ["1"], "cccids": [none]}, schema_overrides={"cccids": pl.List(pl.String)}
    )
    applications = pl.DataFrame({"sis_id": ["1"], "cccid": ["ABD1234"]})
    joined = join(students, ACCOUNTS, applications=applications)
    assert joined.applied["cccid"].to_list() == ["ABD1234"]
    assert joined.held.is_empty()


def test_row_order_does_not_matter() -> None:
    students = pl.DataFrame({"sis_id": [str(n) for n in range(50)], "cccid": ["ABD1234", "ABE0001"] * 25})
    assert join(students, ACCOUNTS).held.equals(join(students.reverse(), ACCOUNTS.reverse()).held)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="no column sis_id"):
        join(pl.DataFrame({"id": ["1"]}), ACCOUNTS)
    with pytest.raises(InputError, match='"cccids"'):
        join(pl.DataFrame({"sis_id": ["1"]}), ACCOUNTS)


ONE = pl.DataFrame({"sis_id": ["1"], "cccid": ["ABD1234"]})


@pytest.mark.parametrize(
    ("students", "accounts", "applications", "message"),
    [
        (ONE.rename({"cccid": "cccids"}), ACCOUNTS, None, "students: column cccids is String; a list of"),
        (ONE.with_columns(cccids=pl.Series([[7]])), ACCOUNTS, None, r"column cccids is List\(Int64\)"),
        (ONE.with_columns(cccid=pl.Series([["ABD1234"]])), ACCOUNTS, None, r"cccid is List\(String\); text"),
        (ONE, pl.DataFrame({"cccid": [7]}), None, "accounts: column cccid is Int64; text was expected"),
        (ONE, ACCOUNTS, ONE.with_columns(cccid=7), "applications: column cccid is Int32"),
        (ONE, ACCOUNTS, ONE.with_columns(sis_id=7), "applications: column sis_id is Int32, but String"),
    ],
)
def test_a_column_of_another_type_is_refused(students, accounts, applications, message) -> None:
    with pytest.raises(InputError, match=message):
        join(students, accounts, applications=applications)


@pytest.mark.parametrize("column", [{"cccids": [None]}, {"cccids": [[]]}, {"cccid": [None]}])
def test_a_column_of_nothing_is_no_number(column) -> None:
    assert join(pl.DataFrame({"sis_id": ["1"], **column}), ACCOUNTS).held.is_empty()
