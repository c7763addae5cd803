"""The gate: when a run's rows become a batch, and what closes it instead."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.columns import Status, UseCase
from reconcile.errors import KeyMismatch, RegistryError
from reconcile.flow.alike import tell_apart
from reconcile.flow.earlier import PREVIOUS
from reconcile.flow.submit import submit, summary
from reconcile.mint.batch import GateVerdict, approve, fingerprint, look_up, mint, propose, reject
from reconcile.mint.draft import draft, rows_of
from reconcile.plan import Issuer, IssuerPlan, RequestPlan
from reconcile.policy import Policy
from reconcile.registry import Registry
from reconcile.registry.anchor import anchor
from reconcile.resolve import Resolution
from reconcile.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconcile.flow.run import Run

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINTING = IssuerPlan(kind=Issuer.REGISTRY, range=("ZBB0001", "ZBB9999"), authority="Chancellor's Office")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "registry.sqlite", demo=True) as opened:
        yield opened


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "real.sqlite") as opened:
        yield opened


def before(run: Run, **changes: object) -> Run:
    """Take a run back to where it stood before its batch, with parts of its plan changed."""
    return replace(run, plan=replace(run.plan, **changes), batch=None, notes=(), gate_open=True)  # type: ignore[arg-type]


def only(run: Run, *statuses: Status) -> Run:
    frame = run.resolution.frame.filter(pl.col("status").is_in([s.value for s in statuses]))
    return replace(before(run), resolution=Resolution(frame=frame))


def closed(done: Run, registry: Registry) -> str:
    """Give the one reason why the gate is closed."""
    submit(done, registry, at=AT)
    assert done.batch is None
    assert not done.gate_open
    assert "submitted" not in registry.audit()["what"].to_list()
    (note,) = done.notes
    assert note.startswith("The gate is closed: ")
    assert note.endswith(". Nothing was proposed.")
    return note.removeprefix("The gate is closed: ").removesuffix(". Nothing was proposed.")


def test_rows_become_a_batch_that_waits(small_run: Run, registry: Registry) -> None:
    done = before(small_run)
    submit(done, registry, at=AT)
    assert small_run.batch is not None
    assert done.batch == small_run.batch
    assert (done.gate_open, done.notes) == (True, ())
    batch = look_up(registry, small_run.batch.id)
    assert (batch.state, batch.proposer, batch.approver) == ("submitted", "analyst", None)
    assert batch.suite_hash
    submit(again := before(small_run), registry, at=AT + timedelta(days=1))
    assert again.batch == done.batch
    assert registry.audit()["what"].to_list().count("submitted") == 1


def test_nothing_to_propose_is_no_closed_gate(small_run: Run, registry: Registry) -> None:
    done = only(small_run, Status.CONFIRMED, Status.REVIEW)
    submit(done, registry, at=AT)
    assert (done.batch, done.gate_open, done.notes) == (None, True, ())


def test_recoveries_alone_create_nothing_and_need_no_attestation(small_run: Run, registry: Registry) -> None:
    done = only(small_run, Status.RECOVERABLE)
    done.plan = replace(done.plan, mint=replace(done.plan.mint, attested_by=None))
    submit(done, registry, at=AT)
    assert done.batch is not None
    assert done.batch.mints == 0
    assert done.batch.recoveries == done.resolution.frame.height > 0


def test_a_missing_attestation(small_run: Run, registry: Registry) -> None:
    bare = replace(small_run.plan.mint, attested_by=None, attested_authority=None, attested_on=None)
    counts = dict(small_run.resolution.frame.group_by("status").len().iter_rows())
    submit(done := before(small_run, mint=bare), registry, at=AT)
    assert not done.gate_open
    assert f"{counts['mintable']} new accounts were not proposed, since nobody attests them" in done.notes[-1]
    assert done.batch is not None  # what exists already can be written back all the same
    assert (done.batch.mints, done.batch.recoveries) == (0, counts["recoverable"])


@pytest.mark.parametrize(("days", "is_open"), [(30, True), (31, False)])
def test_an_old_snapshot(small_run: Run, registry: Registry, days: int, is_open: bool) -> None:
    day = small_run.plan.as_of - timedelta(days=days)
    done = before(small_run, accounts=replace(small_run.plan.accounts, as_of=day, max_age_days=30))
    if is_open:
        submit(done, registry, at=AT)
        assert done.batch is not None
    else:
        assert closed(done, registry) == (
            "the account snapshot is 31 days old, 30 are allowed; take a new one"
        )


def test_a_plan_of_last_year_is_old_by_the_calendar_too(small_run: Run, real: Registry) -> None:
    done = before(small_run, issuer=MINTING)
    submit(done, real, at=AT.replace(year=2027))
    assert not done.gate_open
    assert "the account snapshot is 370 days old, 30 are allowed" in done.notes[-1]


def test_a_snapshot_without_birthdates(small_run: Run, registry: Registry) -> None:
    tables = small_run.inputs.tables
    bare = tables | {"accounts": tables["accounts"].with_columns(birthdate=pl.lit(None, pl.String))}
    done = replace(before(small_run), inputs=replace(small_run.inputs, tables=bare))
    assert (
        closed(done, registry)
        == "100% of the account snapshot has no birthdate, so that accounts are not found"
    )


def test_cccids_under_another_code(small_run: Run, registry: Registry) -> None:
    row = {
        "table": "students",
        "line": None,
        "kind": "cccid_under_other_code",
        "column": None,
        "message": "3",
    }
    told = pl.concat([small_run.inputs.diagnostics, pl.DataFrame([row])], how="vertical_relaxed")
    done = replace(before(small_run), inputs=replace(small_run.inputs, diagnostics=told))
    assert "under another code" in closed(done, registry)


def test_a_row_that_breaks_a_critical_rule(small_run: Run, registry: Registry) -> None:
    done = before(small_run)
    who = done.resolution.frame.filter(pl.col("status") == Status.MINTABLE)["sis_id"][0]
    spoiled = pl.when(pl.col("sis_id") == who).then(None).otherwise("last_name").alias("last_name")
    tables = done.inputs.tables | {"students": done.students.with_columns(spoiled)}
    done.inputs = replace(done.inputs, tables=tables)
    assert "(1 row)" in closed(done, registry)


def test_a_rule_that_cannot_be_run(
    small_run: Run, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = pl.DataFrame(
        {
            "severity": ["critical", "critical", "warning"],
            "failures": [0, 0, 5],
            "message": ["a", "b", "c"],
            "rule_id": ["one.rule", "sound", "mild"],
            "errored": [True, False, False],
            "closes": [True, False, False],
            "at_most": [None, None, 0.1],
        }
    )
    checked = SimpleNamespace(verdict="closed", counts=counts)
    monkeypatch.setattr(sys.modules["reconcile.validate"], "validate", lambda *_, **__: checked)
    assert closed(before(small_run), registry) == "rule one.rule could not be run"
    checked.counts = counts.with_columns(errored=False, closes=pl.Series([False, False, True]))
    assert closed(before(small_run), registry) == "c (5 rows, 10.0 % of the rows are allowed)"


def test_a_snapshot_without_a_usable_row(small_run: Run, registry: Registry) -> None:
    """Every student would look as if they had no account."""
    done = before(small_run)
    done.inputs = replace(done.inputs, tables=done.inputs.tables | {"accounts": done.accounts.clear()})
    assert closed(done, registry).startswith("no row of the account snapshot could be used")


def test_accounts_that_could_not_be_read_close_the_gate(small_run: Run, registry: Registry) -> None:
    records = (replace(small_run.inputs.records[1], quarantined=2), *small_run.inputs.records[2:])
    done = replace(before(small_run), inputs=replace(small_run.inputs, records=records))
    submit(done, registry, at=AT)
    assert not done.gate_open
    assert "2 rows of the account snapshot could not be used" in done.notes[-1]


def test_accounts_that_were_set_aside_are_mentioned(small_run: Run, registry: Registry) -> None:
    done = before(small_run, accounts=replace(small_run.plan.accounts, max_set_aside=2))
    records = (replace(done.inputs.records[1], quarantined=2), *done.inputs.records[2:])
    done.inputs = replace(done.inputs, records=records)
    submit(done, registry, at=AT)
    assert done.batch is not None
    assert done.notes[0].startswith("2 rows of the account snapshot were set aside; ")


def test_rows_without_a_college(small_run: Run, registry: Registry) -> None:
    done = only(small_run, Status.RECOVERABLE)
    without = done.students.with_columns(college=pl.lit(None, pl.String))
    done.inputs = replace(done.inputs, tables=done.inputs.tables | {"students": without})
    assert closed(done, registry).startswith(f"{done.resolution.frame.height} rows have no college; ")


def test_two_students_and_one_number(small_run: Run, registry: Registry) -> None:
    """As after two decisions of a reviewer that contradict each other."""
    done = only(small_run, Status.RECOVERABLE)
    same = done.resolution.frame.head(2).with_columns(proposed_cccid=pl.col("proposed_cccid").first())
    done.resolution = Resolution(frame=same)
    assert closed(done, registry) == (
        "2 students would get a CCCID that another of them gets too; decide whose it is"
    )


def test_several_reasons_are_told_at_once(small_run: Run, registry: Registry) -> None:
    done = before(small_run, accounts=replace(small_run.plan.accounts, max_age_days=-1))
    done.inputs = replace(done.inputs, tables=done.inputs.tables | {"accounts": done.accounts.clear()})
    assert closed(done, registry).count("; ") == 2


def test_requests_say_what_the_plan_says_of_all(small_run: Run, registry: Registry) -> None:
    said = RequestPlan(use_case=UseCase.NONCREDIT, cannot_self_serve="on paper", identity_check="at the desk")
    done = before(small_run, request=said)
    submit(done, registry, at=AT)
    assert done.batch is not None
    rows = rows_of(registry, done.batch.id)[0]
    told = rows.select("kind", "use_case", "proxy_application").unique().sort("kind").rows()
    assert told == [("mint", "noncredit", "false"), ("recover", None, None)]


def test_an_address_that_the_registry_knows_is_not_given_again(small_run: Run, registry: Registry) -> None:
    """Another student's request has it: the college's mailbox stands in."""
    submit(first := before(small_run), registry, at=AT)
    assert first.batch is not None
    asked = rows_of(registry, first.batch.id)[0].filter(pl.col("kind") == "mint")
    own = asked.filter(~pl.col("email").str.contains("+", literal=True)).row(0, named=True)
    reject(registry, first.batch.id, by="Ben", reason="to be asked anew", at=AT)
    theirs = asked.head(1).with_columns(
        pl.lit(own["email"]).alias("email"),
        sis_id=pl.lit("X1"),
        first_name=pl.lit("Somebody"),
        last_name=pl.lit("Else"),
        birthdate=pl.lit("1955-05-05"),
    )
    draft(registry, theirs, by="Ana", at=AT)
    again = before(small_run)
    submit(again, registry, at=AT)
    assert again.batch is not None
    rows = rows_of(registry, again.batch.id)[0]
    assert rows.filter(pl.col("sis_id") == own["sis_id"])["email"].str.contains("+", literal=True).all()
    others = rows.filter(pl.col("sis_id") != own["sis_id"], pl.col("kind") == "mint")
    assert others["email"].to_list() == asked.filter(pl.col("sis_id") != own["sis_id"])["email"].to_list()


def test_students_who_wait_in_another_batch_are_mentioned(small_run: Run, registry: Registry) -> None:
    submit(only(small_run, Status.RECOVERABLE), registry, at=AT)
    done = before(small_run)
    submit(done, registry, at=AT)
    assert done.batch is not None
    assert done.batch.recoveries == 0
    assert "wait in another open batch already" in done.notes[0]


def test_after_a_rejection_the_rows_are_proposed_anew(small_run: Run, registry: Registry) -> None:
    submit(first := before(small_run), registry, at=AT)
    assert first.batch is not None
    reject(registry, first.batch.id, by="registrar", reason="wrong term", at=AT)
    submit(second := before(small_run), registry, at=AT)
    assert second.batch is not None
    assert second.batch.id != first.batch.id
    assert second.batch.state == "submitted"


def test_another_ssn_key_is_refused_before_anything_is_proposed(small_run: Run, registry: Registry) -> None:
    submit(only(small_run, Status.CONFIRMED), registry, at=AT)
    done = before(small_run)
    done.inputs = replace(done.inputs, key="0" * 8)
    with pytest.raises(KeyMismatch):
        submit(done, registry, at=AT)
    assert "submitted" not in registry.audit()["what"].to_list()


def seen(registry: Registry) -> int:
    import sqlalchemy as sa  # noqa: PLC0415 - beside its only use

    return int(registry._store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM seen")).scalar()) or 0)


def test_an_allotted_range_is_entered_once(small_run: Run, real: Registry) -> None:
    for _ in range(2):
        submit(before(small_run, issuer=MINTING), real, at=AT)
    told = real.audit()["what"].to_list()
    assert told.count("allotted") == 1
    assert told.count("submitted") == 1


def test_openccc_needs_no_range_and_no_numbers_seen(small_run: Run, real: Registry) -> None:
    done = before(small_run, issuer=IssuerPlan(kind=Issuer.OPENCCC))
    submit(done, real, at=AT)
    assert done.batch is not None
    assert look_up(real, done.batch.id).issuer == "openccc"
    assert seen(real) == 0
    assert "allotted" not in real.audit()["what"].to_list()


def test_every_number_of_every_input_counts_as_seen(small_run: Run, real: Registry) -> None:
    widest = replace(MINTING, range=("AAA0001", "ZZZ9999"))
    submit(before(small_run, issuer=widest), real, at=AT)
    tables = small_run.inputs.tables
    numbers = set(tables["accounts"]["cccid"]) | set(tables["fraud"]["cccid"].str.to_uppercase())
    numbers |= set(tables["applications"]["cccid"].str.to_uppercase())
    assert seen(real) >= len(numbers)


def test_the_command_is_for_the_one_who_can_use_it(small_run: Run, registry: Registry) -> None:
    submit(done := before(small_run), registry, at=AT)
    assert done.batch is not None
    batch_id, plan = done.batch.id, done.plan
    assert done.batch.command == (
        f'reconcile batch approve {batch_id} --plan "{plan.path}" --approver "YOUR NAME"'
    )
    assert summary(approve(registry, batch_id, approver="registrar", at=AT), plan).command == ""
    mint(batch_id, registry=registry, at=AT)
    told = summary(look_up(registry, batch_id), plan)
    assert (told.state, told.approver, told.command) == ("minted", "registrar", "")


def test_an_extract_with_more_warnings_than_the_plan_bears(small_run: Run, registry: Registry) -> None:
    students = small_run.validations["students"]
    broken = students.counts.filter(pl.col("severity") == "warning", pl.col("failures") > 0).row(
        0, named=True
    )
    policy = Policy(at_most={broken["rule_id"]: broken["failures"] - 1}, mailbox=True)
    judged = validate(small_run.students, as_of=small_run.plan.as_of, policy=policy)
    done = replace(before(small_run), validations=small_run.validations | {"students": judged})
    why = closed(done, registry)
    assert why.startswith("the extract does not meet the dictionary as the plan applies it: ")
    assert why.endswith(f"{broken['failures'] - 1} allowed)")


def since(run: Run, gone: int) -> Run:
    """Give a run an earlier snapshot that has some accounts more."""
    more = run.accounts.with_columns(cccid=pl.lit("ZZY") + pl.col("cccid").str.slice(3)).head(gone)
    earlier = pl.concat([run.accounts, more])
    judged = validate(run.accounts, suite="snapshot_change", before=earlier, as_of=run.plan.as_of)
    inputs = replace(run.inputs, tables=run.inputs.tables | {PREVIOUS: earlier})
    return replace(before(run), inputs=inputs, validations=run.validations | {"snapshot_change": judged})


def test_a_few_accounts_that_vanished_hold_back_nobody_else(small_run: Run, registry: Registry) -> None:
    done = since(small_run, 1)
    submit(done, registry, at=AT)
    assert small_run.batch is not None
    assert done.batch == small_run.batch
    (note,) = done.notes
    assert note.startswith("1 account of the earlier snapshot is gone or may be another person's now: ")
    assert note.endswith(f'reconcile compare --plan "{done.plan.path}" --page changes.html')


def test_an_earlier_snapshot_of_which_much_is_gone(small_run: Run, registry: Registry) -> None:
    """The later one is partial, perhaps: nobody can be said to have no account."""
    many = small_run.accounts.height // 50
    done = since(small_run, many)
    submit(done, registry, at=AT)
    assert (done.batch, done.gate_open) == (None, False)
    told = done.notes[-1]
    assert told.startswith(f"The gate is closed: {many} accounts of the earlier snapshot are gone or may be ")
    assert "(2.0 % of them; 1.0 % is allowed), so that one of the two files is probably partial" in told
    assert f'reconcile compare --plan "{done.plan.path}" --page changes.html' in told
    bearing = since(small_run, many)
    bearing.plan = replace(bearing.plan, accounts=replace(bearing.plan.accounts, max_changed=0.02))
    submit(bearing, registry, at=AT)
    assert bearing.batch is not None


def test_rules_about_changes_that_speak_of_the_whole_file_close_the_gate(
    small_run: Run, registry: Registry
) -> None:
    done = since(small_run, 0)
    judged = done.validations["snapshot_change"]
    wrong = pl.col("rule_id").is_in(["account_vanished", "ssn_key_changed"])
    counts = judged.counts.with_columns(
        closes=wrong, failures=pl.when(wrong).then(pl.lit(3)).otherwise("failures")
    )
    done.validations["snapshot_change"] = replace(judged, counts=counts)
    why = closed(done, registry)
    assert why.startswith("the snapshot does not follow from the earlier one: ")
    assert why.count("(3 rows)") == 1


def test_a_plan_that_asks_for_fewer_takes_back_its_batch(small_run: Run, registry: Registry) -> None:
    """Whoever is out of the population now cannot be approved any more; those of another plan can."""
    submit(first := before(small_run), registry, at=AT)
    assert first.batch is not None
    mintable = first.resolution.frame.filter(pl.col("status") == Status.MINTABLE.value)["sis_id"]
    out = pl.col("sis_id").is_in(mintable.head(2).implode())
    status = pl.when(out).then(pl.lit(Status.OUT_OF_SCOPE.value)).otherwise("status").alias("status")
    fewer = replace(first.plan.population, terms=("another",))
    narrow = before(small_run, population=fewer)
    narrow.resolution = Resolution(frame=narrow.resolution.frame.with_columns(status))
    other = replace(narrow, plan=replace(narrow.plan, name="Another plan"))
    submit(other, registry, at=AT)
    assert look_up(registry, first.batch.id).state == "submitted"
    submit(narrow, registry, at=AT)
    ended = look_up(registry, first.batch.id)
    assert (ended.state, narrow.batch is None) == ("withdrawn", False)
    assert ended.reason.startswith("2 of its ")
    assert narrow.batch is not None
    assert (narrow.batch.mints, narrow.batch.recoveries) == (first.batch.mints - 2, first.batch.recoveries)
    assert f"Batch {first.batch.id} of the same source" in narrow.notes[0]


def test_what_a_run_knows_of_people_and_numbers_is_kept(small_run: Run, registry: Registry) -> None:
    submit(before(small_run), registry, at=AT)
    known = registry.ties()
    pairs = small_run.student_duplicates.pairs.filter(pl.col("band").cast(pl.String) != "none")
    assert {*pairs.select("id_l", "id_r").rows()} <= {*known.select("sis_id_l", "sis_id_r").rows()} | {
        *known.select("sis_id_r", "sis_id_l").rows()
    }
    held = small_run.joined.held.select("sis_id", "cccid").drop_nulls()
    assert {*held.rows()} <= {*registry.crosswalk().select("sis_id", "cccid").rows()}
    entries = registry.sequence
    submit(before(small_run), registry, at=AT)
    assert registry.sequence == entries
    assert registry.verify().ok


def test_a_person_who_has_a_number_under_another_id_is_left_out(small_run: Run, registry: Registry) -> None:
    done = only(small_run, Status.MINTABLE)
    named = done.students.drop_nulls(["first_name", "last_name", "birthdate"]).select("sis_id")
    first, second = done.resolution.frame.join(named, on="sis_id")["sis_id"].sort().head(2)
    one = done.students.filter(pl.col("sis_id") == first)
    other = one.with_columns(kind=pl.lit("mint"), sis_id=pl.lit("another"), cccid=pl.lit(None, pl.String))
    other = other.select("kind", "college", "sis_id", "cccid", "first_name", "last_name", "birthdate")
    waiting = propose(
        registry, other, proposer="Eva",
        verdict=GateVerdict(suite_hash="s", rows_hash=fingerprint(other), open=True, failures=0), at=AT,
    )  # fmt: skip
    assert waiting.mints == 1
    mint(approve(registry, waiting.id, approver="Ben", at=AT), registry=registry, at=AT)
    alone = replace(
        done, resolution=Resolution(frame=done.resolution.frame.filter(pl.col("sis_id") == first))
    )
    submit(alone, registry, at=AT)
    assert (alone.batch, alone.gate_open) == (None, False)
    assert "all 1 rows ask for a number for somebody who is, or may be, the same person" in alone.notes[-1]
    both = replace(
        before(small_run),
        resolution=Resolution(frame=done.resolution.frame.filter(pl.col("sis_id").is_in([first, second]))),
    )
    submit(both, registry, at=AT)
    assert both.batch is not None
    assert both.batch.mints == 1
    assert "1 new account was left out: somebody who is, or may be, the same person" in both.notes[-1]


def test_a_run_knows_somebody_of_the_registry_under_another_spelling(
    small_run: Run, registry: Registry
) -> None:
    """In no extract and no snapshot; a reader is told what to do, and who is another gets a number."""
    done = only(small_run, Status.MINTABLE)
    named = done.students.drop_nulls(["first_name", "last_name", "birthdate"]).select("sis_id")
    first = done.resolution.frame.join(named, on="sis_id")["sis_id"].min()
    one = done.students.filter(pl.col("sis_id") == first)
    college = one["college"][0]
    spelled = one.select("last_name", "birthdate", first_name=pl.col("first_name") + "h")
    other = spelled.with_columns(
        kind=pl.lit("mint"), college=pl.lit("ZZ2"), sis_id=pl.lit("X1"), cccid=pl.lit(None, pl.String)
    )
    draft(registry, other, by="Eva", at=AT)
    mine = replace(done, resolution=Resolution(frame=done.resolution.frame.filter(sis_id=first)))
    submit(mine, registry, at=AT)
    assert (mine.batch, mine.gate_open) == (None, False)
    assert "`reconcile batch apart`" in mine.notes[-1]
    tell_apart(registry, "ZZ2/X1", f"{college}/{first}", by="Cyd", reason="cousins", at=AT)
    again = replace(before(small_run), resolution=mine.resolution)
    submit(again, registry, at=AT)
    assert again.batch is not None
    assert again.batch.mints == 1


def test_a_registry_that_was_put_back_takes_no_batch(small_run: Run, real: Registry, tmp_path: Path) -> None:
    minting = before(small_run, issuer=MINTING)
    file = tmp_path / "real.sqlite.anchor"
    ahead = anchor(real, file) | {"sequence": 99}
    file.write_text(json.dumps(ahead) + "\n", encoding="utf-8")
    with pytest.raises(RegistryError, match="was put back"):
        submit(minting, real, at=AT)
    assert real.sequence == 1
