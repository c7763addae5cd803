"""The rows of a batch: one a student, in an order of their own, with what an account is made of."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
from plans import Row, change_rows, take

from reconcile.columns import CONSENT, Status
from reconcile.flow.requests import ATTESTATION, FIELDS, batch_rows, creation_form, with_mailbox
from reconcile.flow.run import run
from reconcile.flow.submit import wanted_rows
from reconcile.mint.rows import PAYLOAD, require_form
from reconcile.plan import MintPlan

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 16, 12, tzinfo=UTC)

MINT = MintPlan(
    proposer="analyst", attested_by="dean", attested_authority="policy", attested_on=date(2026, 11, 16)
)
STUDENTS = pl.DataFrame(
    {
        "sis_id": ["9", "10", "1"],
        "college": ["021", None, "022"],
        "first_name": ["Ann", "Bea", None],
        "ssn_last4": ["1234", None, None],
        "key_first": ["ann", "bea", None],
        "line": [2, 3, 4],
    }
)


def test_a_form_is_one_row_a_student_in_key_order() -> None:
    form = creation_form(STUDENTS, MINT)
    assert form.columns == ["request_key", "college", "sis_id", *FIELDS, *ATTESTATION]
    assert form["request_key"].to_list() == ["/10", "021/9", "022/1"]
    assert form["first_name"].to_list() == ["Bea", "Ann", None]
    assert form.schema == dict.fromkeys(form.columns, pl.String)
    assert form.equals(creation_form(STUDENTS.reverse(), MINT))


def test_the_attestation_is_the_plans_or_none() -> None:
    attested = creation_form(STUDENTS, MINT).select(ATTESTATION).unique()
    assert attested.rows() == [("dean", "policy", "2026-11-16")]
    bare = MintPlan(proposer="analyst")
    for form in (creation_form(STUDENTS, MINT, attested=False), creation_form(STUDENTS, bare)):
        assert form.select(ATTESTATION).unique().rows() == [(None, None, None)]


CONSENTS = """sis_id,consented_by,relation,consented_on,recorded_by
0034338,Eva Example,mother,2026-10-01,registrar
0034338,Eva Example,mother,2026-11-02,registrar
0084876,Eva Example,,2026-11-02,registrar
0211865,Eva Example,mother,2026-12-24,registrar
,Eva Example,mother,2026-11-02,registrar
"""


def test_a_run_creates_for_a_child_only_with_its_guardians_consent(small: Path, tmp_path: Path) -> None:
    """Four children: with a consent, with one that lacks the relation, with a future one, with none."""
    plan = take(small, tmp_path / "here", consent={"path": "consent.csv"})
    children = ("0034338", "0084876", "0211865", "0287839")

    def younger(rows: list[Row]) -> None:
        for row in rows:
            if row["ID"] in children:
                row["BIRTH.DATE"] = "02/07/2015"

    change_rows(plan.parent / "students.csv", younger)
    (plan.parent / "consent.csv").write_text(CONSENTS, encoding="utf-8")
    done = run(plan, at=AT)
    found = done.resolution.frame.filter(pl.col("sis_id").is_in(children)).sort("sis_id")
    assert found["status"].to_list() == ["mintable", "blocked", "blocked", "blocked"]
    _, related, dated, bare = found["evidence"].to_list()
    assert "guardian_relation_named" in related
    assert "guardian_consent_named" not in related
    assert "guardian_consent_not_in_future" in dated
    assert all(
        rule in bare for rule in ("guardian_consent_named", "guardian_consent_dated", "consent_recorded")
    )
    assert "id_missing" in done.inputs.diagnostics.filter(table="consent")["kind"].to_list()
    asked = wanted_rows(done).filter(sis_id="0034338").select(CONSENT).row(0)
    assert asked == ("Eva Example", "mother", "2026-11-02", "registrar")
    for file in (done.folder or tmp_path).iterdir():
        assert b"Eva Example" not in file.read_bytes(), file.name


def test_no_students_are_an_empty_form() -> None:
    assert creation_form(STUDENTS.clear(), MINT).height == 0


def test_only_what_may_be_created_or_written_back_is_asked_for() -> None:
    wanted = {Status.MINTABLE: "mint", Status.RECOVERABLE: "recover"}
    ids = [str(n) for n in range(len(Status))]
    form = creation_form(pl.DataFrame({"sis_id": ids, "college": ["021"] * len(ids)}), MINT)
    resolved = pl.DataFrame(
        {
            "sis_id": ids,
            "status": [status.value for status in Status],
            "proposed_cccid": [None if s is Status.MINTABLE else f"ABD{n:04}" for n, s in enumerate(Status)],
        }
    )
    rows = batch_rows(form, resolved)
    kinds = {list(Status)[int(sis_id)]: kind for sis_id, kind in rows.select("sis_id", "kind").iter_rows()}
    assert kinds == wanted
    assert rows["cccid"].null_count() == 1
    assert rows["request_key"].is_sorted()
    require_form(rows)  # a batch takes them as they are


def test_what_is_asked_for_is_kept_but_for_ssns() -> None:
    assert {*FIELDS, *ATTESTATION} - set(PAYLOAD) == {"ssn_hmac", "ssn_last4", "ssn_type", "ssn_class"}


def test_a_mailbox_stands_in_where_an_address_is_missing_or_not_the_students_own() -> None:
    form = pl.DataFrame(
        {
            "sis_id": ["S 1", "S2", "S3", "S4", "S5"],
            "college": ["021", "021", "022", "022", "022"],
            "email": [None, "one@example.edu", "ONE@example.edu", "held@example.edu", "own@example.edu"],
        }
    )
    accounts = pl.DataFrame({"email": ["Held@Example.edu", None]})
    bare = with_mailbox(form, MINT, accounts)
    assert bare["email"].to_list() == form["email"].to_list()
    assert bare["email_in_use"].to_list() == ["false", "false", "false", "true", "false"]
    helped = with_mailbox(form, replace(MINT, mailbox="new@college.edu"), accounts)
    assert helped["email"].to_list() == [
        f"new+021-x{hashlib.sha256(b'S 1').hexdigest()[:12]}@college.edu",
        "new+021-S2@college.edu",
        "new+022-S3@college.edu",
        "new+022-S4@college.edu",
        "own@example.edu",
    ]
    assert set(helped["email_in_use"]) == {"false"}
    assert with_mailbox(form, MINT, accounts.drop("email"))["email_in_use"].to_list() == ["false"] * 5


def test_an_address_that_stands_in_is_checked_like_any_other() -> None:
    form = pl.DataFrame({"sis_id": ["A.1", "A-1", "B2"], "college": ["021"] * 3, "email": [None] * 3})
    form = form.cast({"email": pl.String})
    held = pl.DataFrame({"email": ["New+021-B2@college.edu"]})
    helped = with_mailbox(form, replace(MINT, mailbox="new@college.edu"), held)
    assert helped["email"].n_unique() == 3
    assert helped["email_in_use"].to_list() == ["false", "false", "true"]
