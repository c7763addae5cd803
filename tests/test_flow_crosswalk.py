"""Every number of every student once, and at most one of them the one to use."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from reconcile.columns import Status
from reconcile.flow.crosswalk import SCHEMA, crosswalk, of_this_sis, reused_ids

ISSUED = {
    "college": pl.String, "sis_id": pl.String, "cccid": pl.String, "kind": pl.String, "issued_on": pl.String,
}  # fmt: skip
PAST = pl.DataFrame(
    {"sis_id": ["1", None, "3"], "cccid": ["ABD0009", "ABD0008", None], "since": "2019-01-01"}
)


def make(
    *,
    status: Status,
    held: tuple[tuple[str, bool], ...] = (),
    sure: tuple[str, ...] = (),
    proposed: str | None = None,
    issued: tuple[tuple[str, str, str], ...] = (),
    applied: tuple[tuple[str, str], ...] = (),
    past: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Make the crosswalk of student 1: numbers held (with whether the snapshot has them), given, applied."""
    people = pl.DataFrame(
        {
            "sis_id": ["1"],
            "status": [status.value],
            "proposed_cccid": [proposed],
            "other_cccids": [list(sure)],
        },
        schema_overrides={"proposed_cccid": pl.String, "other_cccids": pl.List(pl.String)},
    )
    joined = SimpleNamespace(
        held=pl.DataFrame(
            [("1", text, text.strip().upper(), known) for text, known in held],
            schema={"sis_id": pl.String, "written": pl.String, "cccid": pl.String, "in_snapshot": pl.Boolean},
            orient="row",
        ),
        applied=pl.DataFrame(
            [("1", cccid, day) for cccid, day in applied],
            schema={"sis_id": pl.String, "cccid": pl.String, "submitted": pl.String},
            orient="row",
        ),
    )
    given = pl.DataFrame([("021", "1", *one) for one in issued], schema=ISSUED, orient="row")
    return crosswalk(SimpleNamespace(frame=people), joined, issued=given, past=past)  # type: ignore[arg-type]


def rows(made: pl.DataFrame) -> list[tuple[str, ...]]:
    assert made.schema == SCHEMA
    return made.select("cccid", "origin", "current").rows()


def test_a_confirmed_number_is_the_one_to_use_since_its_application() -> None:
    made = make(
        status=Status.CONFIRMED,
        held=(("ABD0001", True),),
        sure=("ABD0001",),
        applied=(("ABD0001", "2020-02-02"),),
    )
    assert made.rows() == [("1", "ABD0001", "sis", "yes", "2020-02-02")]


def test_of_several_numbers_in_the_sis_the_sure_one_is_current() -> None:
    made = make(
        status=Status.CONFIRMED,
        held=(("ABD0001", True), ("ABD0002", True), ("ABC", False)),
        sure=("ABD0002",),
    )
    assert rows(made) == [("ABD0002", "sis", "yes"), ("ABC", "sis", "no"), ("ABD0001", "sis", "no")]


def test_a_loaded_number_of_ours_outweighs_one_that_is_nowhere() -> None:
    made = make(
        status=Status.CONFIRMED,
        held=(("ABD0001", False), ("ZAA0001", False)),
        issued=(("ZAA0001", "mint", "2026-01-01"),),
    )
    assert rows(made) == [("ZAA0001", "sis", "yes"), ("ABD0001", "sis", "no")]


@pytest.mark.parametrize(
    "status", [Status.PENDING_LOAD, Status.MINTABLE, Status.RECOVERABLE, Status.OUT_OF_SCOPE]
)
def test_a_given_number_is_to_be_loaded(status: Status) -> None:
    made = make(status=status, issued=(("ZAA0001", "mint", "2026-01-01"),))
    assert made.rows() == [("1", "ZAA0001", "issued", "yes", "2026-01-01")]


def test_the_latest_given_number_is_current() -> None:
    made = make(
        status=Status.PENDING_LOAD,
        issued=(("ZAA0001", "mint", "2026-01-01"), ("ABD0001", "recover", "2026-05-05")),
    )
    assert rows(made) == [("ABD0001", "recovered", "yes"), ("ZAA0001", "issued", "no")]


@pytest.mark.parametrize("status", [Status.CONFLICT, Status.HELD, Status.SEVERAL_ACCOUNTS])
def test_nothing_is_current_while_a_person_decides(status: Status) -> None:
    made = make(
        status=status,
        held=(("ABD0001", True),),
        sure=("ABD0001", "ABD0002"),
        proposed="ABD0002",
        issued=(("ZAA0001", "mint", "2026-01-01"),),
    )
    assert rows(made) == [
        ("ABD0001", "sis", "no"),
        ("ABD0002", "proposed", "no"),
        ("ZAA0001", "issued", "no"),
    ]


def test_another_number_in_the_sis_and_a_given_one_are_not_both_current() -> None:
    made = make(
        status=Status.CONFIRMED,
        held=(("ABD0001", True),),
        sure=("ABD0001",),
        issued=(("ZAA0001", "mint", "2026-01-01"),),
    )
    assert rows(made) == [("ABD0001", "sis", "yes"), ("ZAA0001", "issued", "no")]


def test_what_was_before_is_kept_as_history() -> None:
    made = make(status=Status.MINTABLE, past=PAST)
    assert made.rows() == [("1", "ABD0009", "past", "no", "2019-01-01")]
    assert make(status=Status.MINTABLE, past=PAST.drop("since"))["since"].to_list() == [None]


def test_no_numbers_are_an_empty_table() -> None:
    assert make(status=Status.MINTABLE).height == 0


def test_a_student_of_an_earlier_extract_stays_to_be_loaded() -> None:
    made = make(status=Status.CONFIRMED, issued=(("ZAA0001", "mint", "2026-01-01"),))
    assert made["current"].to_list() == ["no"]
    people = pl.DataFrame(
        schema={
            "sis_id": pl.String,
            "status": pl.String,
            "proposed_cccid": pl.String,
            "other_cccids": pl.List(pl.String),
        }
    )
    joined = SimpleNamespace(
        held=pl.DataFrame(
            schema=dict.fromkeys(("sis_id", "written", "cccid"), pl.String) | {"in_snapshot": pl.Boolean}
        ),
        applied=pl.DataFrame(schema=dict.fromkeys(("sis_id", "cccid", "submitted"), pl.String)),
    )
    given = pl.DataFrame([("021", "7", "ZAA0001", "mint", "2026-01-01")], schema=ISSUED, orient="row")
    made = crosswalk(SimpleNamespace(frame=people), joined, issued=given)  # type: ignore[arg-type]
    assert made.rows() == [("7", "ZAA0001", "issued", "yes", "2026-01-01")]


def test_another_sis_in_the_same_registry_is_another_world() -> None:
    """Its ids may be the same, and are other persons."""
    issued = pl.DataFrame(
        {"college": ["021", "022", "021"], "sis_id": ["1", "1", "3"], "cccid": ["a", "b", "c"]}
    )
    for college, kept in (("021", ["a"]), ("022", ["b"]), (None, [])):
        students = pl.DataFrame(
            {"college": [college], "sis_id": ["1"]}, schema_overrides={"college": pl.String}
        )
        assert of_this_sis(issued, students)["cccid"].to_list() == kept


def test_an_id_that_was_given_to_another_person_since_is_named() -> None:
    person = {"college": ["021"] * 3, "sis_id": ["1", "2", "3"], "first_name": ["Ann", "Bo", "Cy"]}
    given = pl.DataFrame(person | {"last_name": ["Lee"] * 3, "birthdate": ["2001-01-02"] * 3})
    now = given.with_columns(
        first_name=pl.Series(["ANN", "Bo", "Zoe"]),
        last_name=pl.Series(["Lee", "Married", "Roe"]),
        birthdate=pl.Series(["2001-01-02", "2001-01-02", None]),
    )
    assert reused_ids(given, now).to_list() == ["3"]
