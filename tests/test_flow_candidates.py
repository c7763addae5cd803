"""One student among all accounts: what exists is said, what may be theirs is set aside by name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import change_plan, take
from students import NOBODY, account_of

from reconcile.errors import GateClosed, InputError
from reconcile.flow import single
from reconcile.flow.batches import check_batch
from reconcile.flow.candidates import Lookup
from reconcile.flow.single import ask, registry_of
from reconcile.mint.batch import approve, mint
from reconcile.mint.draft import rows_of, submit
from reconcile.mint.way import way
from reconcile.plan import Plan
from reconcile.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return Plan.read(take(small, tmp_path_factory.mktemp("one") / "small"))


@pytest.fixture(scope="module")
def lookup(plan: Plan) -> Lookup:
    return Lookup(plan)


@pytest.fixture(scope="module")
def account(small: Path) -> dict[str, str]:
    return account_of(small)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "registry.sqlite", demo=True) as opened:
        yield opened


def alike(account: dict[str, str], *names: str, **changes: str) -> dict[str, str]:
    return NOBODY | {name: account[name] for name in names} | changes


def test_a_newcomer_is_asked_for_and_made(plan: Plan, lookup: Lookup, registry: Registry) -> None:
    looked = lookup.one(NOBODY, registry=registry, by="Ana")
    assert (looked.exists, looked.candidates, looked.barred) == ((), (), "")
    assert looked.wrong.is_empty()
    ((field, message, severity),) = looked.faults.rows()
    assert (field, severity) == ("email", "info")
    assert message.startswith("There is no address. The college's mailbox stands in")
    made = ask(registry, looked, lookup, by="Ana", at=AT)
    assert made.batch is not None
    assert made.command.startswith(f"reconcile batch approve {made.batch.id} ")
    assert (made.batch.state, made.batch.mints) == ("submitted", 1)
    assert registry.crosswalk().height > 0  # what the plan's files hold is noted, and issued to nobody
    rows, _ = rows_of(registry, made.batch.id)
    row = rows.row(0, named=True)
    assert row["email"] == "accounts+ZZ1-900001@example.edu"
    assert (row["use_case"], row["attested_by"], row["proxy_application"]) == (
        "incarcerated", "admissions office", "false",
    )  # fmt: skip
    assert (row["accepted_terms"], row["email_verified"]) == (None, None)  # the student's own, pending
    approve(registry, made.batch.id, approver="Ben", at=AT)
    number = mint(made.batch.id, registry=registry, at=AT).frame["cccid"][0]
    again = ask(registry, lookup.one(NOBODY, registry=registry, by="Ana"), lookup, by="Ana", at=AT)
    assert (again.batch, again.exists) == (None, (number,))
    same = NOBODY | {"sis_id": "900009", "last_name": "Else", "email": row["email"].upper()}
    assert lookup.one(same, registry=registry, by="Ana").faults["message"][0].startswith("An account has")
    for shown in (looked, made, again):
        assert "Zythromanda" not in repr(shown) + shown._repr_html_()


@pytest.mark.parametrize("step", ["check_batch", "hand_in"])
def test_two_who_ask_at_the_same_moment_ask_for_one_batch(
    lookup: Lookup, registry: Registry, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The other one submits after this one's draft, before its check or before its submission."""
    looked = lookup.one(NOBODY, registry=registry, by="Ana")
    first, theirs = getattr(single, step), []

    def meanwhile(ledger: Registry, batch: str, **given: object) -> object:
        check_batch(registry, batch, by="Eve", plan=lookup.plan, at=AT)
        theirs.append(submit(registry, batch, by="Eve", at=AT))
        return first(ledger, batch, **given)

    monkeypatch.setattr(single, step, meanwhile)
    made = ask(registry, looked, lookup, by="Ana", at=AT)
    assert [made.batch] == theirs
    assert made.batch is not None
    assert (made.batch.state, made.batch.proposer) == ("submitted", "Eve")
    assert made.batch.id in made.command


def test_an_account_that_is_theirs_is_given(lookup: Lookup, plan: Plan, registry: Registry, account) -> None:
    theirs = alike(account, "first_name", "last_name", "birthdate", "email")
    looked = lookup.one(theirs, registry=registry, by="Ana")
    assert looked.exists == (account["cccid"],)
    (found,) = looked.candidates
    assert (found.certain, found.verdict) == (True, "certainly the student's")
    table = found.side_by_side
    assert table.columns == ["field", "student", "account", "agreement", "weight"]
    told = {row["field"]: row for row in table.iter_rows(named=True)}
    assert told["birthdate"]["account"] == account["birthdate"]
    assert (told["e-mail"]["agreement"], told["e-mail"]["weight"]) == ("agrees", "speaks strongly for it")
    assert told["street"]["weight"] == "speaks against it"
    assert ask(registry, looked, lookup, by="Ana").exists == (account["cccid"],)
    assert account["last_name"] not in repr(looked) + repr(found)
    assert registry.audit().filter(what="drafted").is_empty()


def test_name_and_birthdate_alone_are_a_reviewers_to_judge(
    lookup: Lookup, plan: Plan, registry: Registry, account
) -> None:
    looked = lookup.one(alike(account, "first_name", "last_name", "birthdate"), registry=registry, by="Ana")
    assert looked.exists == ()
    assert [one.blocks for one in looked.candidates] == [True]
    with pytest.raises(GateClosed, match="Somebody else decides"):
        ask(registry, looked, lookup, by="Ana", aside=[account["cccid"]], because="another person")


def test_a_possible_account_is_set_aside_by_name_and_for_a_reason(
    lookup: Lookup, plan: Plan, registry: Registry, account
) -> None:
    twin = alike(account, "last_name", "birthdate", "street", zip=account["perm_postalcode"])
    looked = lookup.one(twin, registry=registry, by="Ana")
    number = account["cccid"]
    assert looked.open_questions == (number,)
    assert looked.candidates[0].remark == "twin"
    for aside, because, error, words in (
        ((), "", GateClosed, f"1 account not set aside that may be this student's: {number}"),
        ([number], " ", InputError, "with a reason"),
        ([number, "AAA0001"], "no", InputError, "No candidate is called AAA0001"),
    ):
        with pytest.raises(error, match=words):
            ask(registry, looked, lookup, by="Ana", aside=aside, because=because)
    made = ask(registry, looked, lookup, by="Ana", aside=[number], because="a twin", at=AT)
    assert made.batch is not None
    row = rows_of(registry, made.batch.id)[0].row(0, named=True)  # what the approver's word is bound to
    assert (row["candidates_set_aside"], row["set_aside_because"]) == (number, "a twin")
    entry = registry.audit().filter(what="set_aside").row(0, named=True)
    assert (entry["who"], entry["subject"]) == ("Ana", made.batch.id)
    assert json.loads(entry["detail"])["candidates"] == [number]
    assert "a twin" in repr(way(registry, made.batch.id))
    assert registry.verify().ok


def test_somebody_alike_who_waits_or_was_just_served_is_a_candidate_too(
    lookup: Lookup, registry: Registry
) -> None:
    """No snapshot has them yet, and another spelling of the name would make a second account."""
    first = ask(registry, lookup.one(NOBODY, registry=registry, by="Ana"), lookup, by="Ana", at=AT)
    assert first.batch is not None
    again = NOBODY | {"sis_id": "900008", "first_name": "Zythromandra"}
    (one,) = lookup.one(again, registry=registry, by="Cyd").candidates
    assert (one.cccid, one.certain, one.blocks, one.ours) == ("ZZ1/900001", False, False, True)
    approve(registry, first.batch.id, approver="Ben", at=AT)
    number = mint(first.batch.id, registry=registry, at=AT).frame["cccid"][0]
    swapped = NOBODY | {"sis_id": "900008", "birthdate": "2001-03-02"}
    for other in (again, swapped):
        looked = lookup.one(other, registry=registry, by="Cyd")
        assert (looked.open_questions, looked.exists) == ((number,), ())
        with pytest.raises(GateClosed, match=f"not set aside that may be this student's: {number}"):
            ask(registry, looked, lookup, by="Cyd", at=AT)
    stranger = NOBODY | {"sis_id": "900007", "last_name": "Somebody", "first_name": "Else"}
    assert lookup.one(stranger, registry=registry, by="Cyd").candidates == ()
    made = ask(registry, looked, lookup, by="Cyd", aside=[number], because="a twin", at=AT)
    assert made.batch is not None
    assert rows_of(registry, made.batch.id)[0]["candidates_set_aside"].to_list() == [number]


def test_what_the_sis_knows_comes_first(lookup: Lookup, registry: Registry, small: Path) -> None:
    truth = pl.read_csv(small / "truth_students.csv", infer_schema=False)
    holder = truth.filter(pl.col("status") == "confirmed").row(0, named=True)
    fields = lookup.extract(holder["sis_id"])
    assert fields["college"] == "ZZ1"
    looked = lookup.one(NOBODY | fields, registry=registry, by="Ana")
    assert looked.held == (holder["cccids"],)
    assert looked.exists[0] == holder["cccids"]
    assert lookup.extract("no such id") == {}
    barred = [
        lookup.one(NOBODY | lookup.extract(one), registry=registry, by="Ana").barred
        for one in truth.filter(pl.col("status") == "held")["sis_id"].head(2)
    ]
    assert "A hold in the SIS forbids it. Clear it with the office that set it." in barred


def test_faults_are_told_by_field_in_the_dictionarys_words(
    lookup: Lookup, registry: Registry, account
) -> None:
    wrong = NOBODY | {"birthdate": "1999-02-30", "email": account["email"], "use_case": "", "sis_id": ""}
    looked = lookup.one(wrong | {"cannot_self_serve": " "}, registry=registry, by="Ana")
    told = dict(looked.faults.group_by("field", maintain_order=True).agg("message").rows())
    assert told["birthdate"] == ["Invalid date. A day of the calendar is expected, as yyyy-mm-dd."]
    assert told["sis_id"] == ["SIS id is missing."]
    assert told["email"][0].startswith("An account has this address already.")


def test_a_reviewers_word_lifts_what_the_requester_cannot(small: Path, tmp_path: Path, account) -> None:
    """The student is in the extract, a reviewer called the account another person's; not the one who asks."""
    from reconcile.review import review  # noqa: PLC0415 - beside its only use

    path = take(small, tmp_path / "here")
    truth = pl.read_csv(small / "truth_students.csv", infer_schema=False)
    one = truth.filter(pl.col("status") == "recoverable")["sis_id"][0]
    plan = Plan.read(change_plan(path, applications=None))
    lookup = Lookup(plan)
    with registry_of(plan) as registry:
        fields = NOBODY | lookup.extract(one)
        (number,) = lookup.one(fields, registry=registry, by="Ana").exists
        student = lookup._student(fields, lookup._row("ZZ1", one))
        pairs = lookup._ready.find(student, id="sis_id")
        seen = review(pairs, student, lookup._accounts, id=("sis_id", "cccid"), bands=("link", "review"))
        words = seen.frame.select("table", "id_l", "id_r", "hash", "note", decision=pl.lit("different"))
        registry.record(words, by="Ana")
        assert lookup.one(fields, registry=registry, by="ANA").exists == (number,)
        registry.record(words, by="Eve")
        looked = lookup.one(fields, registry=registry, by="Ana")
        assert (looked.exists, looked.open_questions) == ((), (number,))
        assert looked.candidates[0].remark.startswith("a reviewer called it another person's")
        changed = lookup.one(fields | {"zip": "90001"}, registry=registry, by="Ana")
        assert changed.candidates[0].blocks


def test_an_old_snapshot_says_nothing_of_anybody(small: Path, tmp_path: Path) -> None:
    path = take(small, tmp_path / "here", accounts={"as_of": "2026-01-01"})
    path.write_text(path.read_text(encoding="utf-8").replace('"2026-01-01"', "2026-01-01"), encoding="utf-8")
    with pytest.raises(GateClosed, match="319 days old"):
        Lookup(Plan.read(path))
