"""A plan's whole way, for each issuer: from files to a submitted batch, and what the next run makes of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import change_plan, change_rows, shuffled, take

from reconcile.cccid import CCCID
from reconcile.cli import main
from reconcile.columns import Status
from reconcile.errors import ConservationError, OutputError, PlanError
from reconcile.files import lock
from reconcile.flow import run as module
from reconcile.flow.compared import kept
from reconcile.flow.decisions import read_decisions
from reconcile.flow.run import MARK, run, workspace
from reconcile.flow.writeback import prepare, write_back
from reconcile.mint.batch import GateVerdict, approve, fingerprint, mint, propose
from reconcile.mint.handover import hand_over
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.resolve import Resolution

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.flow.run import Run

TABLES = ("students.csv", "crosswalk.csv", "duplicates.csv")
RANGE = ("ZBB0001", "ZBB9999")
SKIPPED = ("ZBB0002", "ZBB0003", "ZBB0005")
FRESH_FOR_EVER = {"max_age_days": 36_500}  # the calendar counts where numbers are real
MINTING = {"kind": "registry", "range": list(RANGE), "authority": "Chancellor's Office"}


def statuses(done: Run) -> dict[str, str]:
    return dict(done.resolution.frame.select("sis_id", "status").iter_rows())


def having(done: Run, status: Status) -> set[str]:
    return {sis_id for sis_id, found in statuses(done).items() if found == status}


def output(done: Run, name: str) -> bytes:
    return (done.audit.parent / name).read_bytes()


def table(done: Run, name: str) -> pl.DataFrame:
    return pl.read_csv(done.audit.parent / name, infer_schema=False)


def test_every_student_has_one_status_and_no_row_is_lost(small_run: Run) -> None:
    frame = small_run.resolution.frame
    assert frame["sis_id"].n_unique() == frame.height == small_run.students.height == 150
    assert set(frame["status"]) == {s.value for s in Status} - {Status.PENDING_LOAD.value}
    assert small_run.summary["students"].sum() == 150
    for record in small_run.inputs.records:
        assert record.source.rows == record.folded + record.quarantined + record.accepted
    assert small_run.gate_open
    assert small_run.notes == ()


def test_the_outputs_are_where_the_run_says(small_run: Run) -> None:
    workspace_ = small_run.plan.workspace
    assert small_run.audit.is_file()
    assert (workspace_ / "latest").read_text(encoding="utf-8") == f"runs/{small_run.audit.parent.name}\n"
    assert sorted(path.name for path in workspace_.iterdir()) == [MARK, "latest", "pairs", "runs"]
    found = kept(small_run.plan, small_run.inputs)  # what the desk goes on with
    assert found is not None
    assert found.pairs.equals(small_run.links.pairs)
    assert table(small_run, "students.csv")["sis_id"].to_list() == sorted(statuses(small_run))


def test_it_shows_itself_without_a_person(small_run: Run) -> None:
    shown = repr(small_run) + small_run._repr_html_()
    assert str(small_run.audit) in shown
    assert all(status in shown for status in ("confirmed", "mintable", "out_of_scope"))
    names = small_run.students["last_name"].drop_nulls().unique()
    assert not [name for name in names if len(name) > 4 and name in shown]


def test_again_is_the_same_bytes_and_the_same_batch(small_run: Run, tmp_path: Path) -> None:
    """In a copy, so that nobody else's registry moves."""
    home = small_run.plan.path.parent
    shutil.copytree(home, tmp_path / home.name)
    again = run(tmp_path / home.name / "plan.toml")
    assert again.batch is not None
    assert small_run.batch is not None
    assert again.batch.id == small_run.batch.id
    for name in TABLES:
        assert output(again, name) == output(small_run, name), name
    third = run(tmp_path / home.name / "plan.toml")
    for name in (*TABLES, "plan.toml"):
        assert output(third, name) == output(again, name), name
    for name in ("audit.html", "run.json"):
        assert masked(third, name) == masked(again, name), name
    with Registry.open(again.plan.registry, demo=True) as registry:
        assert registry.audit()["what"].to_list().count("submitted") == 1
        assert registry.issued().is_empty()


def masked(done: Run, name: str) -> str:
    """Take the stamp out of an output, and the hash of the page that bears it."""
    import json  # noqa: PLC0415 - beside its only use

    stamp = json.loads(output(done, "run.json"))["stamp"]
    text = output(done, name).decode()
    for part in (*stamp.values(), stamp["began"].removesuffix(" UTC")):
        text = text.replace(part, "")
    return text


def test_the_order_of_rows_changes_nothing(small_run: Run, small: Path, tmp_path: Path) -> None:
    plan = take(small, tmp_path / "shuffled")
    for name in ("students", "accounts", "applications", "fraud"):
        change_rows(plan.parent / f"{name}.csv", shuffled)
    done = run(plan)
    for name in TABLES:
        mine, theirs = (table(one, name) for one in (done, small_run))
        assert mine.drop("line", strict=False).equals(theirs.drop("line", strict=False)), name
    assert done.batch is not None
    assert small_run.batch is not None
    assert done.batch.id == small_run.batch.id


@pytest.fixture(scope="module")
def minted(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, pl.DataFrame]:
    """Run with an allotted range, some of whose numbers are in use, approve and mint."""
    plan = take(small, tmp_path_factory.mktemp("minted") / "a", issuer=MINTING, accounts=FRESH_FOR_EVER)

    def in_use(rows: list[dict[str, str]]) -> None:
        rows[0]["ccc_id"] = SKIPPED[0]
        rows[1]["ccc_id"] = rows[2]["ccc_id"] = SKIPPED[1]  # set aside, since it is not unique

    change_rows(plan.parent / "accounts.csv", in_use)
    change_rows(plan.parent / "fraud.csv", lambda rows: rows[0].update(cccId=SKIPPED[2].lower()))
    with Registry.open(Plan.read(plan).registry) as registry:
        serve_a_namesake(registry, plan.parent / "students.csv")
    done = run(plan)
    assert done.batch is not None
    with Registry.open(done.plan.registry) as registry:
        approve(registry, done.batch.id, approver="registrar")
        made = mint(done.batch.id, registry=registry)
        assert made.skipped["cccid"].to_list() == list(SKIPPED)
        assert registry.verify().ok
    return done, made.frame


def serve_a_namesake(registry: Registry, students: Path) -> None:
    """Give a number to a person of another college whose SIS id is that of each of our students."""
    ids = pl.read_csv(students, infer_schema=False)["ID"]
    numbers = [str(CCCID.from_ordinal(7_000_000 + n)) for n in range(ids.len())]
    rows = pl.DataFrame({"kind": "recover", "college": "911", "sis_id": ids, "cccid": numbers})
    verdict = GateVerdict(suite_hash="", rows_hash=fingerprint(rows), open=True, failures=0)
    batch = propose(registry, rows, proposer="their analyst", issuer="registry", verdict=verdict)
    approve(registry, batch.id, approver="their registrar")
    assert mint(batch.id, registry=registry).frame.height == ids.len()


def test_numbers_of_another_sis_in_the_same_registry_are_not_ours(
    minted: tuple[Run, pl.DataFrame],
) -> None:
    done, _ = minted
    assert having(done, Status.PENDING_LOAD) == set()
    assert "issued_by_registry" not in done.resolution.frame["flags"].explode().unique()
    numbers = table(done, "crosswalk.csv")
    assert set(numbers["origin"]) <= {"sis", "proposed", "account"}


def test_a_run_proposes_and_never_mints(minted: tuple[Run, pl.DataFrame]) -> None:
    done, _ = minted
    assert done.batch is not None
    assert done.batch.state == "submitted"
    assert done.batch.command.startswith(f"reconcile batch approve {done.batch.id} --plan ")
    assert done.batch.mints == len(having(done, Status.MINTABLE))
    assert done.batch.recoveries == len(having(done, Status.RECOVERABLE))


def test_numbers_come_from_the_range_and_none_that_was_seen(minted: tuple[Run, pl.DataFrame]) -> None:
    """Also not from a row that was set aside, or from a report in another spelling."""
    done, made = minted
    new = made.filter(pl.col("kind") == "mint")
    assert set(new["sis_id"]) == having(done, Status.MINTABLE)
    first = CCCID(RANGE[0]).ordinal
    wanted = [number for n in range(20) if (number := str(CCCID.from_ordinal(first + n))) not in SKIPPED]
    assert sorted(new["cccid"]) == wanted[: new.height]
    assert new["cccid"].n_unique() == new.height
    back = made.filter(pl.col("kind") == "recover")
    assert set(back["cccid"]) <= set(done.accounts["cccid"])


def test_after_minting_the_numbers_wait_for_the_load(
    minted: tuple[Run, pl.DataFrame], tmp_path: Path
) -> None:
    """And once the next extract holds them they are confirmed; nobody is minted twice."""
    done, made = minted
    home = tmp_path / "next"
    shutil.copytree(done.plan.path.parent, home)
    waiting = run(home / "plan.toml")
    assert waiting.batch is None
    assert waiting.gate_open
    assert having(waiting, Status.PENDING_LOAD) == set(made["sis_id"])
    given = dict(made.select("sis_id", "cccid").iter_rows())
    crosswalk = table(waiting, "crosswalk.csv").filter(pl.col("current") == "yes")
    assert given.items() <= dict(crosswalk.select("sis_id", "cccid").iter_rows()).items()
    issued = table(waiting, "students.csv").drop_nulls("issued_cccid")
    assert dict(issued.select("sis_id", "issued_cccid").iter_rows()) == given

    with Registry.open(waiting.plan.registry) as registry:
        lacking = prepare(waiting.plan, registry)
        assert lacking.counts.rows() == [("add", "the SIS holds none", len(given))]
        write_back(lacking, registry, home / "load.csv", home / "difference.csv", by="analyst")
    loads = {row["ID"]: row for row in pl.read_csv(home / "load.csv", infer_schema=False).to_dicts()}

    change_rows(home / "students.csv", lambda rows: [row | loads.get(row["ID"], {}) for row in rows])
    loaded = run(home / "plan.toml")
    with Registry.open(loaded.plan.registry) as registry:
        assert prepare(loaded.plan, registry).counts.rows() == [("nothing", "the SIS holds it", len(given))]
        assert registry.verify().ok
    assert having(loaded, Status.PENDING_LOAD) == set()
    assert set(made["sis_id"]) <= having(loaded, Status.CONFIRMED)
    assert loaded.batch is None
    one_current_number(table(loaded, "crosswalk.csv"))


def one_current_number(crosswalk: pl.DataFrame) -> None:
    current = crosswalk.filter(pl.col("current") == "yes")
    assert current["sis_id"].is_unique().all()
    assert crosswalk.select("sis_id", "cccid").is_unique().all()


def test_at_most_one_number_is_current(small_run: Run, demo_run: Run) -> None:
    for done in (small_run, demo_run):
        one_current_number(table(done, "crosswalk.csv"))


def test_openccc_with_a_district_snapshot(small: Path, tmp_path: Path) -> None:
    """What is absent there may exist elsewhere: it is said, and only the hand-over can create it."""
    plan = take(
        small, tmp_path / "d", issuer={"kind": "openccc"}, accounts={"scope": "district"} | FRESH_FOR_EVER
    )
    done = run(plan)
    people = done.resolution.frame
    assert people["flags"].list.contains("snapshot_not_systemwide").all()
    absent = people.filter(pl.col("status") == Status.MINTABLE)["evidence"]
    assert absent.str.contains("No account was found in this snapshot; one may exist outside it.").all()
    unknown = people.filter(pl.col("sis_cccid") == "not_in_snapshot")["evidence"]
    assert unknown.str.contains("which does not cover the whole system").all()
    assert unknown.len()
    assert set(table(done, "students.csv")["snapshot_scope"]) == {"district"}
    assert done.batch is not None
    assert done.batch.state == "submitted"
    upload = tmp_path / "upload.csv"
    with Registry.open(done.plan.registry) as registry:
        approve(registry, done.batch.id, approver="registrar")
        assert hand_over(registry, done.batch.id, upload, by="registrar") == done.batch.mints
        assert set(registry.issued()["kind"]) == {"recover"}
    assert set(pl.read_csv(upload, infer_schema=False)["sis_id"]) == having(done, Status.MINTABLE)
    again = run(plan)  # nobody is handed over twice
    assert again.batch is not None
    assert again.batch.state == "handed_over"
    assert having(again, Status.PENDING_LOAD) == having(done, Status.RECOVERABLE)
    assert having(again, Status.MINTABLE) == having(done, Status.MINTABLE)


@pytest.fixture
def decided(small: Path, tmp_path: Path) -> Path:
    """A plan whose students leave something to decide, by name and birthdate alone among others."""
    return take(small, tmp_path / "decided")


def test_a_reviewers_word_counts_until_a_record_changes(
    small_run: Run, decided: Path, tmp_path: Path
) -> None:
    asked = small_run.work_list()
    waiting = having(small_run, Status.REVIEW)
    assert waiting <= set(asked.frame["id_l"])
    path = asked.write(tmp_path / "list.csv")
    yes, no = sorted(waiting)[:2]

    def decide(rows: list[dict[str, str]]) -> None:
        for row in rows:
            best = asked.frame.filter(pl.col("id_l") == row["id_l"])["id_r"][0]
            if row["id_l"] == yes:
                row["decision"] = "match" if row["id_r"] == best else "different"
            elif row["id_l"] == no:
                row["decision"] = "different"

    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text, encoding="utf-8")
    change_rows(path, decide)
    made = read_decisions(path)
    with Registry.open(Plan.read(decided).registry, demo=True) as registry:
        assert registry.record(made, by="reviewer") == made.height
    after = run(decided)
    row = after.resolution.frame.filter(pl.col("sis_id") == yes).row(0, named=True)
    assert row["status"] == Status.RECOVERABLE
    assert row["proposed_cccid"] == made.filter(decision="match")["id_r"][0]
    assert statuses(after)[no] in {Status.MINTABLE, Status.BLOCKED}
    with Registry.open(after.plan.registry, demo=True) as registry:
        again = after.work_list(decided=registry.decisions())
    assert not {yes, no} & set(again.frame["id_l"])
    assert after.notes == ()

    change_rows(decided.parent / "students.csv", lambda rows: _move(rows, {yes, no}))
    changed = run(decided)
    assert {yes, no} <= having(changed, Status.REVIEW)
    assert f"{made.height} reviewers' decisions do not hold any more" in changed.notes[0]
    with Registry.open(changed.plan.registry, demo=True) as registry:
        assert {yes, no} <= set(changed.work_list(decided=registry.decisions()).frame["id_l"])


def _move(rows: list[dict[str, str]], who: set[str]) -> None:
    for row in rows:
        if row["ID"] in who:
            row["CITY"], row["ADDRESS.LINES"] = "Elsewhere", "1 New Street"


def test_a_stale_snapshot_closes_the_gate(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = take(small, tmp_path / "s", accounts={"as_of": date(2026, 10, 1), "max_age_days": 45})
    assert main(["run", str(plan)]) == 1
    said = capsys.readouterr().out
    assert "The gate is closed: the account snapshot is 46 days old, 45 are allowed" in said
    assert "Batch" not in said
    read = Plan.read(plan)
    with Registry.open(read.registry, demo=True) as registry:
        assert registry.audit()["what"].to_list().count("submitted") == 0
    assert (read.workspace / "latest").is_file()  # the audit is written all the same


def test_a_lost_row_stops_the_run(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = module.resolve

    def lossy(*tables: object, **options: object) -> Resolution:
        return Resolution(frame=whole(*tables, **options).frame[1:])  # type: ignore[arg-type]

    monkeypatch.setattr(module, "resolve", lossy)
    plan = take(small, tmp_path / "lost")
    with pytest.raises(ConservationError, match="150 students were accepted, 149 have a status"):
        run(plan)
    assert list(Plan.read(plan).runs.iterdir()) == []
    assert not (Plan.read(plan).workspace / "latest").exists()


# The workspace ------------------------------------------------------------------------------------


@pytest.fixture
def plan(small: Path, tmp_path: Path) -> Plan:
    return replace(Plan.read(small / "plan.toml"), workspace=tmp_path / "w")


def test_a_strangers_folder_is_refused_and_left_alone(plan: Plan) -> None:
    plan.workspace.mkdir()
    (plan.workspace / "thesis.txt").touch()
    with pytest.raises(OutputError, match="holds files that are not reconcile's"), workspace(plan):
        pytest.fail("the block must not run")
    assert [path.name for path in plan.workspace.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken_and_known_again(plan: Plan) -> None:
    plan.workspace.mkdir()
    for _ in range(2):
        with workspace(plan) as folder:
            (folder / "thesis.txt").touch()


def test_one_run_at_a_time(plan: Plan) -> None:
    with workspace(plan), pytest.raises(OutputError, match="is in use"), workspace(plan):
        pytest.fail("the block must not run")
    with lock(plan.workspace / MARK, what="x"), pytest.raises(OutputError), workspace(plan):
        pytest.fail("the block must not run")


def test_what_a_killed_run_left_is_cleared_and_nothing_else(plan: Plan) -> None:
    with workspace(plan):
        pass
    for name in (".20261121T000000Z.ab12cd34.draft", "20261121T000000Z", ".keep"):
        (plan.runs / name).mkdir(parents=True)
    with workspace(plan):
        assert sorted(path.name for path in plan.runs.iterdir()) == [".keep", "20261121T000000Z"]


def test_an_unwritten_run_has_no_audit(small_run: Run) -> None:
    with pytest.raises(OutputError, match="has written nothing"):
        _ = replace(small_run, folder=None).audit


def test_a_plan_that_cannot_be_used_leaves_nothing(small: Path, tmp_path: Path) -> None:
    plan = take(small, tmp_path / "bad")
    change_plan(plan, issuer={"kind": "registry"})
    before = sorted(plan.parent.iterdir())
    with pytest.raises(PlanError, match="range: is missing"):
        run(plan)
    assert sorted(plan.parent.iterdir()) == before


def test_an_account_that_changed_owner_is_nobodys_until_a_person_says_so(
    small: Path, small_run: Run, tmp_path: Path
) -> None:
    """Name and birthdate both differ from the earlier snapshot: what was recoverable waits for a person.

    So does a new account for whoever had one in the earlier snapshot that is gone; all others go on.
    """
    plan = take(small, tmp_path / "changed", accounts={"previous": "earlier.csv"})
    recovered = small_run.resolution.frame.filter(pl.col("status") == Status.RECOVERABLE.value)
    new = small_run.resolution.frame.filter(pl.col("status") == Status.MINTABLE.value)
    (without,) = small_run.students.join(new, on="sis_id", how="semi").sort("sis_id").head(1).rows(named=True)
    (student, number), (_, married) = recovered.select("sis_id", "proposed_cccid").head(2).rows()
    shutil.copy(plan.parent / "accounts.csv", plan.parent / "earlier.csv")

    def somebody_else(rows: list[dict[str, str]]) -> None:
        gone = dict.fromkeys(rows[0], "") | {"ccc_id": "ZZY0001", "email": without["email"] or ""}
        names = {"firstname": without["first_name"], "lastname": without["last_name"]}
        rows.append(gone | names | {"birthdate": str(without["birthdate"])})
        (account,) = (row for row in rows if row["ccc_id"] == number)
        account |= {"firstname": "Zoraida", "lastname": "Quintanilla", "birthdate": "1955-05-05"}
        (account,) = (row for row in rows if row["ccc_id"] == married)
        account["lastname"] = "Quintero"
        for row in rows:  # dates in another form are no other dates
            year, month, day = row["birthdate"].split("-")
            row["birthdate"] = f"{month}/{day}/{year}"

    change_rows(plan.parent / "earlier.csv", somebody_else)
    done = run(plan)
    now = done.resolution.frame.row(by_predicate=pl.col("sis_id") == student, named=True)
    assert now["status"] == Status.REVIEW.value
    assert "account_changed_owner" in now["flags"]
    lost = done.resolution.frame.row(by_predicate=pl.col("sis_id") == without["sis_id"], named=True)
    assert (lost["status"], "account_as_it_was" in lost["flags"]) == (Status.REVIEW.value, True)
    waiting = {student: Status.REVIEW.value, without["sis_id"]: Status.REVIEW.value}
    assert statuses(done) == statuses(small_run) | waiting
    assert done.batch is not None
    assert done.batch.mints == len(having(small_run, Status.MINTABLE)) - 1
    assert done.notes[0].startswith("2 accounts of the earlier snapshot are gone or may be another person's")
    assert "waits for a person (2 students)" in done.notes[0]
    assert [record.table for record in done.inputs.records].count("earlier accounts") == 1
    told = done.validations["snapshot_change"].failures
    assert {*told["key"]} == {number, "ZZY0001"}
    student_page = done.audit.read_text(encoding="utf-8")
    assert "Quintanilla" not in student_page


def test_a_student_without_an_address_waits_for_a_mailbox(
    small: Path, small_run: Run, tmp_path: Path
) -> None:
    done = run(take(small, tmp_path / "bare", mint={"mailbox": None}))
    lost = having(small_run, Status.MINTABLE) - having(done, Status.MINTABLE)
    assert lost
    assert lost <= having(done, Status.BLOCKED)
    words = done.resolution.frame.filter(pl.col("sis_id").is_in(lost))["evidence"].to_list()
    assert all("email" in word for word in words)
