"""Batches by hand and OpenCCC's result files, from the shell to the registry."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import xlsxwriter
from plans import BRIEF, take
from registries import AT, approved, submitted, wanted

from reconcile.cli import main
from reconcile.columns import UseCase
from reconcile.errors import GateClosed, InputError
from reconcile.flow.batches import check_batch, compare_loaded, draft_file, judge_requests, read_result
from reconcile.mint.asked import FIELDS
from reconcile.mint.batch import approve, look_up, withdraw
from reconcile.mint.deliver import deliver
from reconcile.mint.draft import rows_of
from reconcile.mint.handover import hand_over
from reconcile.mint.mapping import Columns, read_columns, template
from reconcile.plan import Plan, RequestPlan
from reconcile.registry import Registry
from reconcile.registry.disclosures import disclosures

PERSON = {
    "email": "kim@example.org", "phone": "9165550102", "street": "2 Main St", "city": "Sacramento",
    "state": "CA", "zip": "95814", "attested_by": "Ana Lee", "attested_authority": "Director",
    "attested_on": "2026-11-01", "birthdate": "2001-02-03", "use_case": "unhoused",
    "cannot_self_serve": "no device", "identity_check": "seen at the desk",
}  # fmt: skip


@pytest.fixture
def handed(tmp_path):
    """A registry with a batch that was handed over: students 007 and 8."""
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        batch = approved(opened, wanted("007", "8"), issuer="openccc")
        hand_over(opened, batch.id, tmp_path / "up.csv", by="Ben", at=AT)
        yield opened, batch.id


def sheet(path, rows):
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Results")
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    return path


ROWS = [
    ["College", "SIS ID", "Result", "CCCID", "Message"],
    ["021", "007", "Created", "BCD0001", ""],
    ["021", "8", "Already exists", "BCD0002", "déjà là"],
]


@pytest.mark.parametrize("kind", ["utf-8", "cp1252", "xlsx"])
def test_a_result_is_read_from_text_and_spreadsheet(handed, tmp_path, kind):
    opened, batch = handed
    if kind == "xlsx":
        file = sheet(tmp_path / "result.xlsx", ROWS)
    else:
        file = tmp_path / "result.csv"
        file.write_bytes("\r\n".join(",".join(row) for row in ROWS).encode(kind))
    found = read_result(opened, batch, file, by="Ben", at=AT)
    assert found.counts == {"created": 1, "exists": 1, "failed": 0, "conflict": 0}
    assert found.frame["reason"].to_list() == [None, "déjà là"]
    assert opened.issued()["cccid"].to_list() == ["BCD0001", "BCD0002"]


def test_a_college_names_its_own_columns_and_words(handed, tmp_path):
    opened, batch = handed
    columns = tmp_path / "openccc.toml"
    columns.write_text(
        '[upload]\n"Ref" = "sis_id"\n[result]\nsis_id = "Ref"\noutcome = "Status"\ncccid = "Number"\n'
        '[result.words]\ncreated = ["OK"]\nfailed = ["No"]\n',
        encoding="utf-8",
    )
    known = read_columns(columns)
    assert known.upload == {"Ref": "sis_id"}
    file = tmp_path / "back.csv"
    file.write_text("Ref,Status,Number\n007,ok,BCD0001\n8,NO,\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r'"sis_id" is not there.*"result" is not there.*reconcile batch mapping'
    ):
        read_result(opened, batch, file, by="Ben")
    found = read_result(opened, batch, file, by="Ben", columns=known)
    assert (found.counts["created"], found.counts["failed"]) == (1, 1)


def test_every_row_of_a_result_counts(handed, tmp_path):
    opened, batch = handed
    file = tmp_path / "back.csv"
    file.write_text("sis_id,result,cccid\n007,created,BCD0001\n8,failed,,x,y\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"rows cannot be read.*every row counts"):
        read_result(opened, batch, file, by="Ben")
    assert opened.issued().is_empty()


def test_the_written_mapping_is_the_one_that_is_used_without_one(tmp_path):
    file = tmp_path / "openccc.toml"
    file.write_text(template(), encoding="utf-8")
    assert read_columns(file) == Columns()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[uplod]\n", r'nobody reads "uplod" \(did you mean "upload"\?\)'),
        ("upload = 1\n", r"\[upload\] is no section"),
        ('[upload]\n"A" = "sisid"\n', r'names "sisid", which is unknown \(did you mean "sis_id"'),
        ('[result]\nsis = "A"\n', 'names "sis"'),
        ("[result]\nsis_id = 1\n", r"sis_id under \[result\] is no column name"),
        ('[result.words]\nmade = ["x"]\n', 'names "made"'),
        ('[result.words]\ncreated = "x"\n', "created under .* is no list of words"),
        ("[result\n", "is no TOML"),
    ],
)
def test_a_mapping_that_nobody_understands_is_refused(tmp_path, text, problem):
    file = tmp_path / "openccc.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        read_columns(file)
    with pytest.raises(InputError, match=r"no file of UTF-8 text"):
        read_columns(tmp_path / "none.toml")


def test_an_extract_of_the_sis_shows_what_was_loaded(handed, tmp_path):
    """As the plan's layout reads it: one student has the number, the other another one and none of ours."""
    opened, batch = handed
    read_result(opened, batch, sheet(tmp_path / "back.xlsx", ROWS), by="Ben", at=AT)
    deliver(opened, batch, tmp_path / "load.csv", by="Ana", at=AT)
    (tmp_path / "accounts.csv").write_text("ccc_id,lastname\n", encoding="utf-8")
    extract, columns = tmp_path / "students.csv", "SPRIDEN_ID,SPRIDEN_LAST_NAME,SPRIDEN_FIRST_NAME,CCCID"
    extract.write_text(f"{columns}\n007,Lee,Zoë,BCD0001\n8,Roe,Max,\n", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(BRIEF.format(issuer="openccc", layout="banner"), encoding="utf-8")
    found = compare_loaded(opened, batch, Plan.read(tmp_path / "plan.toml"), by="Ana", at=AT)
    assert (found.loaded, found.extract) == (1, "students.csv")
    assert found.differences.select("sis_id", "what").rows() == [("8", "no CCCID yet")]


def rows_of_two(path):
    names = ("kind", "college", "sis_id", "cccid", "first_name", "last_name")
    given = [("mint", "021", "007", None, "Zoë", "Lee"), ("recover", "021", "8", "XYZ1234", "Max", "Roe")]
    rows = pl.DataFrame(given, schema=dict.fromkeys(names, pl.String), orient="row")
    rows.with_columns(pl.lit(value).alias(name) for name, value in PERSON.items()).write_csv(path)
    return path


def test_the_whole_way_by_hand(tmp_path, capsys):  # noqa: PLR0915 - a long way
    """Two people and OpenCCC, by typed commands; every step first as a dry run, which leaves no trace."""
    place = str(tmp_path / "r.sqlite")
    here = ["--registry", place]

    def say(*words, code=0):
        assert main([*map(str, words), *here]) == code
        said = capsys.readouterr()
        return said.out + said.err

    def step(*words):
        with Registry.open(place) as before:
            was = before.sequence
        assert "dry run" in say(*words, "--dry-run")
        with Registry.open(place) as after:
            assert after.sequence == was
        return say(*words)

    say("registry", "init", "--dry-run")
    assert not (tmp_path / "r.sqlite").exists()
    assert "REAL, 1 audit entries" in say("registry", "init")
    rows = rows_of_two(tmp_path / "rows.csv")
    made = step("batch", "new", rows, "--issuer", "openccc", "--by", "Ana Lee")
    batch = made.split()[1].rstrip(":")
    assert "reconcile batch submit" in step("batch", "check", batch, "--by", "Ana Lee")
    step("batch", "submit", batch, "--by", "Ana Lee")
    assert "same person" in say("batch", "approve", batch, "--approver", "ana lee", code=2)
    step("batch", "approve", batch, "--approver", "Ben Fox")
    say("registry", "anchor", tmp_path / "anchors")
    say("registry", "backup", tmp_path / "early.sqlite")
    up = tmp_path / "up.csv"
    step("batch", "handover", batch, "--by", "Ben Fox", "--out", up)
    assert "Zoë" in up.read_text(encoding="utf-8")
    back = sheet(tmp_path / "back.xlsx", [["sis_id", "result", "cccid"], ["007", "created", "BCD0001"]])
    assert "Created   1" in step("batch", "result", batch, "--by", "Ben Fox", "--file", back)
    assert not (tmp_path / "load.csv").exists()
    step("batch", "deliver", batch, "--by", "Ana Lee", "--out", tmp_path / "load.csv")
    assert "BCD0001" in (tmp_path / "load.csv").read_text(encoding="utf-8")
    assert "--word" in say("batch", "loaded", batch, "--by", "Ana Lee", code=2)
    assert "on the word of Ana Lee" in step("batch", "loaded", batch, "--by", "Ana Lee", "--word")
    shown = say("batch", "show", batch)
    for word in (
        "drafted",
        "checked",
        "submitted",
        "approved",
        "handed_over",
        "answered",
        "delivered",
        "loaded",
    ):
        assert word in shown
    undo = ("registry", "void", "BCD0001", "--by", "Ana Lee", "--approver", "Ben Fox", "--reason", "twice")
    step(*undo, "--out", tmp_path / "undo")
    papers = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "undo").iterdir()}
    assert papers["sis-reversal.csv"] == "college,sis_id,remove,put\n021,007,BCD0001,\n"
    assert "To OpenCCC support" in papers["openccc-request.txt"]
    assert "Zoë" not in "".join(papers.values())
    step("registry", "export", tmp_path / "csv")
    assert "Verified" in say("registry", "verify", "--anchor", tmp_path / "anchors")

    # The copy of an earlier day is put in the place of the registry, as a careless hand does it.
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"r.sqlite{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "early.sqlite", place)
    assert "earlier copy of itself" in say("registry", "verify", code=2)
    again = ("batch", "handover", batch, "--by", "Ben Fox", "--out", tmp_path / "twice.csv")
    assert "was put back" in say(*again, code=2)
    assert not (tmp_path / "twice.csv").exists()
    words = ("registry", "restore", tmp_path / "early.sqlite", "--by", "Ana Lee", "--approver", "Ben Fox")
    assert "would be lost" in say(*words, "--reason", "a careless hand", code=2)
    assert "Lost: audit entries" in say(*words, "--reason", "a careless hand", "--accept-loss")
    assert "Verified" in say("registry", "verify")


def test_a_batch_by_hand_is_mended_or_refused(tmp_path, capsys):
    place = str(tmp_path / "r.sqlite")
    main(["registry", "init", "--registry", place])
    rows = pl.read_csv(rows_of_two(tmp_path / "rows.csv"), infer_schema=False)
    rows.with_columns(birthdate=pl.lit("1899-01-01")).write_csv(tmp_path / "rows.csv")
    new = ["batch", "new", str(tmp_path / "rows.csv"), "--registry", place, "--by", "Ana"]
    assert main([*new, "--issuer", "registry"]) == 0
    batch = capsys.readouterr().out.split("Batch")[1].split()[0].rstrip(":")
    assert main(["batch", "check", batch, "--registry", place, "--by", "Ana"]) == 1
    assert "The gate is closed" in capsys.readouterr().err
    assert (
        main(["batch", "withdraw", batch, "--registry", place, "--by", "Ana", "--reason", "wrong year"]) == 0
    )
    assert main(["batch", "mapping", str(tmp_path / "m.toml")]) == 0
    assert main(["batch", "mapping", str(tmp_path / "m.toml")]) == 2
    assert "not overwritten" in capsys.readouterr().err


WITHOUT = ("use_case", "cannot_self_serve", "identity_check")


def drafted(opened, folder, **changes):
    rows = pl.read_csv(rows_of_two(folder / "rows.csv"), infer_schema=False)
    rows.with_columns(pl.lit(value, pl.String).alias(name) for name, value in changes.items()).write_csv(
        folder / "rows.csv"
    )
    return draft_file(opened, folder / "rows.csv", by="Ana", issuer="registry", at=AT).id


def test_a_request_says_for_whom_and_why(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        for changes, words in (
            (dict.fromkeys(WITHOUT, " "), r"use_case is empty \(row 1; .*identity_check is empty"),
            ({"use_case": "friends"}, "use_case is none of incarcerated, formerly_incarcerated"),
        ):
            batch = drafted(opened, tmp_path, **changes)
            with pytest.raises(GateClosed, match=words):
                check_batch(opened, batch, by="Ana", at=AT)
            assert look_up(opened, batch).state == "draft"
            withdraw(opened, batch, by="Ana", reason="incomplete", at=AT)
        rows_of_two(tmp_path / "rows.csv")
        bare = pl.read_csv(tmp_path / "rows.csv", infer_schema=False).drop(WITHOUT)
        bare.write_csv(tmp_path / "rows.csv")
        said = RequestPlan(use_case=UseCase.UNHOUSED, cannot_self_serve="no device", identity_check="at desk")
        made = draft_file(
            opened, tmp_path / "rows.csv", by="Ana", issuer="registry", details=said, at=AT
        )  # fmt: skip
        kept = rows_of(opened, made.id)[0].sort("kind")
        assert kept["use_case"].to_list() == ["unhoused", None]
        assert kept["proxy_application"].to_list() == ["false", None]
        assert check_batch(opened, made.id, by="Ana", at=AT).state == "checked"


def test_a_child_needs_a_guardian(tmp_path):
    child = {"birthdate": "2013-11-22"}
    consent = {"guardian_consent_by": "Eva Example", "guardian_consent_on": "2026-11-20"}
    consent |= {"guardian_relation": "mother", "consent_recorded_by": "Ana"}
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        batch = drafted(opened, tmp_path, **child)
        with pytest.raises(GateClosed, match="The gate is closed"):
            check_batch(opened, batch, by="Ana", at=AT)
        withdraw(opened, batch, by="Ana", reason="no consent", at=AT)
        again = drafted(opened, tmp_path, **child, **consent)
        assert again != batch  # what was consented is part of what is approved
        assert check_batch(opened, again, by="Ana", at=AT).state == "checked"


def broken(opened, *, at, plan=None, **changes):
    """Give the critical rules that a request breaks."""
    person = PERSON | {"college": "021", "sis_id": "007", "first_name": "Zoë", "last_name": "Lee"}
    row = dict.fromkeys(FIELDS) | person | changes
    asked = pl.DataFrame([row], schema=dict.fromkeys(row, pl.String))
    found = judge_requests(opened, asked, plan=plan, at=at).failures
    return set(found.filter(pl.col("severity") == "critical")["rule_id"].cast(pl.String))


def test_what_was_signed_since_the_plans_day_is_not_of_the_future(tmp_path):
    for name in ("students.csv", "accounts.csv"):
        (tmp_path / name).touch()
    (tmp_path / "plan.toml").write_text(BRIEF.format(issuer="openccc", layout="banner"), encoding="utf-8")
    plan = Plan.read(tmp_path / "plan.toml")  # of 2026-11-20
    consent = {"guardian_consent_by": "Eva Example", "guardian_relation": "mother"}
    consent |= {"consent_recorded_by": "Ana", "birthdate": "2014-05-06"}
    days = [("2026-11-22", "2026-11-22"), ("2026-11-22", "2026-11-23")]
    days += [("2026-11-18", "2026-11-20"), ("2026-11-18", "2026-11-21")]
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        for today, signed in days:
            at = datetime.fromisoformat(f"{today}T12:00:00+00:00")
            found = broken(opened, at=at, plan=plan, guardian_consent_on=signed, **consent)
            late = signed > max(today, "2026-11-20")
            assert found == ({"guardian_consent_not_in_future"} if late else set()), (today, signed)
        before = datetime(2026, 11, 19, 12, tzinfo=UTC)
        bare = broken(opened, at=before, plan=plan, birthdate="2013-11-20")
        assert "guardian_consent_named" in bare  # 13 on the plan's day, not yet on the day of the step
        assert not broken(opened, at=before, plan=plan, birthdate="2013-11-19")


@pytest.mark.skipif(sys.platform == "win32", reason="the time zone of a process is set in another way")
def test_nobody_turns_thirteen_on_the_evening_before(tmp_path, monkeypatch):
    evening = datetime(2026, 11, 22, 3, tzinfo=UTC)  # the 21st, 7 p.m.
    try:
        with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
            for zone, early in (("America/Los_Angeles", True), ("UTC", False)):
                monkeypatch.setenv("TZ", zone)
                time.tzset()
                found = broken(opened, at=evening, birthdate="2013-11-22")
                assert ("guardian_consent_named" in found) is early
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_address_of_an_account_or_of_another_request_closes_the_gate(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        waiting = wanted("90").with_columns(email=pl.lit(" KIM@example.org"))
        submitted(opened, waiting)
        batch = drafted(opened, tmp_path)
        with pytest.raises(GateClosed):
            check_batch(opened, batch, by="Ana", at=AT)
        withdraw(opened, batch, by="Ana", reason="another's address", at=AT)
        own = drafted(opened, tmp_path, email="lee@example.org")
        assert check_batch(opened, own, by="Ana", at=AT).state == "checked"


def test_a_clock_that_went_back_is_refused(tmp_path, capsys):
    place = tmp_path / "r.sqlite"
    Registry.open(place, at=AT + timedelta(days=9_999)).close()
    rows = rows_of_two(tmp_path / "rows.csv")
    words = ["batch", "new", str(rows), "--registry", str(place), "--issuer", "registry", "--by", "Ana"]
    assert main(words) == 2
    assert "Set the clock; nothing was done." in capsys.readouterr().err
    with Registry.open(place) as opened:
        assert opened.sequence == 1


def test_a_plan_names_registry_range_and_issuer(tmp_path, small, capsys):
    plan = take(small, tmp_path / "plan")
    text = plan.read_text(encoding="utf-8")
    text = text.replace(
        'kind = "demo"', 'kind = "registry"\nrange = ["ZBB0001", "ZBB0009"]\nauthority = "Office"'
    )
    plan.write_text(text, encoding="utf-8")
    assert main(["registry", "init", "--plan", str(plan)]) == 0
    assert "REAL, 2 audit entries" in capsys.readouterr().out
    rows = rows_of_two(tmp_path / "rows.csv")
    assert (
        main(["batch", "new", str(rows), "--plan", str(plan), "--by", "Ana", "--valid-until", "2999-01-01"])
        == 0
    )
    batch = capsys.readouterr().out.split("Batch")[1].split()[0].rstrip(":")
    here = [batch, "--plan", str(plan)]
    assert main(["batch", "check", *here, "--by", "Ana"]) == 0
    assert main(["batch", "submit", *here, "--by", "Ana"]) == 0
    assert main(["batch", "approve", *here, "--approver", "Ben"]) == 0
    capsys.readouterr()
    assert main(["batch", "mint", *here, "--dry-run"]) == 0
    tried = capsys.readouterr().out
    assert f"Batch  {batch}: minted" in tried
    assert "ZBB0001" in tried
    assert "nothing was kept" in tried
    assert main(["batch", "mint", *here]) == 0
    known = Plan.read(plan, files=False)
    with Registry.open(known.registry, create=False) as opened:
        assert set(opened.issued()["cccid"]) == {"ZBB0001", "XYZ1234"}
        assert opened.verify().ok


def test_whoever_approves_sees_the_rows_and_that_is_recorded(tmp_path, capsys):
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        batch = submitted(opened, wanted("=7", "8")).id
    words = ["batch", "show", batch, "--registry", str(tmp_path / "r.sqlite"), "--rows"]
    assert main([*words, str(tmp_path / "rows.csv")]) == 2
    assert main([*words, str(tmp_path / "rows.csv"), "--by", "Ben"]) == 0
    assert "Wrote the rows of 2" in capsys.readouterr().out
    seen = pl.read_csv(tmp_path / "rows.csv", infer_schema=False)
    assert seen["sis_id"].to_list() == ["8", "'=7"]  # for people: nothing in it calculates
    assert {"kind", "college", "last_name"} <= {*seen.columns}
    assert main([*words, str(tmp_path / "rows.csv"), "--by", "Ben"]) == 2  # not overwritten
    with Registry.open(tmp_path / "r.sqlite") as opened:
        (told,) = disclosures(opened).select("who", "kind", "people").rows()
        assert told == ("Ben", "rows of a batch", 2)
        assert approve(opened, batch, approver="Ben", at=AT).state == "approved"  # nothing moved on
        assert opened.verify().ok
