"""Numbers go back to the SIS: what is added, replaced, left alone or refused, in each system's columns."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from plans import BRIEF
from registries import AT, RANGE, verdict

from reconcile.cli import main
from reconcile.errors import ConservationError, InputError, IssuerError, OutputError, RegistryError
from reconcile.files import WORKSPACE_MARK, permissions_are_enforced, sha256
from reconcile.flow import writeback as module
from reconcile.flow.writeback import Writeback, prepare, write_back
from reconcile.mint.batch import approve, mint, propose
from reconcile.mint.void import void
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.registry.disclosures import disclosures
from reconcile.writeback.shape import load_shape, shape_text, shipped_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

BANNER = (
    "SPRIDEN_PIDM,SPRIDEN_ID,SPRIDEN_LAST_NAME,SPRIDEN_FIRST_NAME,GORADID_ADID_CODE,GORADID_ADDITIONAL_ID"
)
COLLEAGUE = "ID,LAST.NAME,FIRST.NAME,PERSON.ALT.IDS,PERSON.ALT.ID.TYPES"
PEOPLESOFT = "EMPLID,NAME_TYPE,LAST_NAME,FIRST_NAME,EXTERNAL_SYSTEM,EXTERNAL_SYSTEM_ID,EFFDT"

# SIS id -> what the SIS holds, status and fact of the latest run, its proposal, the number given here
Student = tuple[str, str, str, str, str]
STUDENTS: dict[str, Student] = {
    "A01": ("", "mintable", "absent", "", "ABC0001"),
    "A02": ("ABC0002", "confirmed", "agrees", "", "ABC0002"),
    "A03": ("OLD0003", "conflict", "other_person", "", "ABC0003"),
    "A04": ("OLD0004", "conflict", "other_person", "", "ABC0004"),
    "A05": ("ABC0005", "confirmed", "agrees", "", "ABC0005"),
    "A06": ("ABC0006", "confirmed", "agrees", "", "ABC0006"),
    "A07": ("GNE0007", "conflict", "other_person", "NEW0007", ""),
    "A08": ("GNE0008", "conflict", "other_person", "NEW0008", ""),
    "A09": ("GNE0009", "unknown_cccid", "not_in_snapshot", "NEW0009", ""),
    "A10": ("", "held", "absent", "", "ABC0010"),
    "A11": ("", "pending_load", "absent", "", "ABC0011"),
    "A12": ("ABC0011", "conflict", "other_person", "", ""),
    "A13": ("", "several_accounts", "absent", "", "ABC0013"),
    "A14": ("ABC0006", "confirmed", "agrees", "", ""),  # whose number A06 was given by mistake
}
DECIDED = (
    ("A04", "OLD0004", "different"), ("A07", "NEW0007", "match"), ("A07", "GNE0007", "different"),
    ("A08", "NEW0008", "match"), ("A09", "NEW0009", "match"),
)  # fmt: skip
NONE, ONE = "the SIS holds none", "a person decided"
STATUS = "the student's status asks for a person first"
UNDECIDED = "the SIS holds another number, and no person has decided against it"
VOIDED = "the SIS holds a number that was voided, and no other takes its place: take it out"
LOST = "the extract does not show all alternate ids with their types, and the load would lose some"
EXPECTED = {
    "A01": ("add", None, "ABC0001", NONE),
    "A02": ("nothing", "ABC0002", "ABC0002", "the SIS holds it"),
    "A03": ("refused", "OLD0003", "ABC0003", UNDECIDED),
    "A04": ("replace", "OLD0004", "ABC0004", ONE),
    "A05": ("replace", "ABC0005", "NEW0005", ONE),
    "A06": ("refused", "ABC0006", None, VOIDED),
    "A07": ("replace", "GNE0007", "NEW0007", ONE),
    "A08": ("refused", "GNE0008", "NEW0008", UNDECIDED),
    "A09": ("replace", "GNE0009", "NEW0009", ONE),
    "A10": ("refused", None, "ABC0010", STATUS),
    "A11": ("refused", None, "ABC0011", "another student holds the number in the SIS"),
    "A13": ("refused", None, "ABC0013", STATUS),
}  # fmt: skip


def lines(layout: str, students: dict[str, Student]) -> list[str]:
    """Write an extract in which every name is the same; each student has an id of another kind too."""
    made = []
    for place, (sis_id, (held, *_)) in enumerate(students.items()):
        if layout == "banner":
            rows = [f"{700 + place},{sis_id},Example,Person,{'CCCD' if held else ''},{held}"]
        elif layout == "colleague":
            ids, kinds = ([f"L{place}", held], ["LEG", "CCID"]) if held else ([f"L{place}"], ["LEG"])
            rows = [f"{sis_id},Example,Person,{'|'.join(ids)},{'|'.join(kinds)}"]
        else:
            rows = [f"{sis_id},PRI,Example,Person,CID,{held},2024-01-02"]
        made += rows
    return made


def make(
    folder: Path,
    layout: str,
    extract: list[str],
    students: dict[str, Student],
    *,
    issuer: str = "openccc",
    more: str = "",
) -> Plan:
    """Lay out a plan's folder as its latest run left it."""
    run = folder / "workspace" / "runs" / "20261121T130000Z"
    run.mkdir(parents=True)
    (folder / "workspace" / WORKSPACE_MARK).touch()
    (folder / "workspace" / "latest").write_text(f"runs/{run.name}\n", encoding="utf-8")
    (folder / "students.csv").write_text("\n".join(extract) + "\n", encoding="utf-8")
    (folder / "accounts.csv").write_text("ccc_id\n", encoding="utf-8")
    (folder / "plan.toml").write_text(BRIEF.format(layout=layout, issuer=issuer) + more, encoding="utf-8")
    facts = [(i, s[1], s[2], s[3] or None) for i, s in students.items()]
    names = ["sis_id", "status", "sis_cccid", "proposed_cccid"]
    pl.DataFrame(facts, schema=names, orient="row").write_csv(run / "students.csv")
    pl.DataFrame({"sis_id": [], "cccid": []}).write_csv(run / "crosswalk.csv")
    record = {
        "inputs": [{"table": "students", "sha256": sha256(folder / "students.csv")}],
        "outputs": {name: sha256(run / name) for name in ("students.csv", "crosswalk.csv")},
        "stamp": {"began": "2026-11-21 13:00:00 UTC"},
    }
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return Plan.read(folder / "plan.toml")


def give(plan: Plan, students: dict[str, Student]) -> Registry:
    """Open the plan's registry with the students' numbers, reviewers' decisions and two voided numbers."""
    registry = Registry.open(plan.registry, at=AT)
    registry.allot(*RANGE, authority="Chancellor's Office", at=AT)
    rows = pl.DataFrame(
        [("recover", "021", sis_id, s[4]) for sis_id, s in students.items() if s[4]],
        schema=["kind", "college", "sis_id", "cccid"],
        orient="row",
    )
    batch = propose(registry, rows, proposer="Ana", verdict=verdict(rows), issuer="registry", at=AT)
    approve(registry, batch.id, approver="Ben", at=AT)
    mint(batch.id, registry=registry, at=AT)
    made = pl.DataFrame(
        [("links", sis_id, number, word, "h") for sis_id, number, word in DECIDED if sis_id in students],
        schema=["table", "id_l", "id_r", "decision", "hash"], orient="row",
    )  # fmt: skip
    registry.record(made, by="Rita", at=AT)
    for number, instead in (("ABC0005", "NEW0005"), ("ABC0006", None)):
        if number in rows["cccid"]:
            void(registry, number, by="Ana", approver="Ben", reason="a wrong one", replacement=instead, at=AT)
    return registry


@pytest.fixture(scope="module")
def banner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plan, Registry, Writeback]]:
    """Every case once, of Banner; look at it, do not change it."""
    plan = make(tmp_path_factory.mktemp("banner"), "banner", [BANNER, *lines("banner", STUDENTS)], STUDENTS)
    with give(plan, STUDENTS) as registry:
        yield plan, registry, prepare(plan, registry)


def test_each_student_gets_what_the_facts_and_the_people_say(
    banner: tuple[Plan, Registry, Writeback],
) -> None:
    rows = banner[2].difference.select("sis_id", "change", "old", "new", "why").rows()
    assert {row[0]: row[1:] for row in rows} == EXPECTED
    assert banner[2].counts.select("change", "students").group_by("change").sum().sort("change").rows() == [
        ("add", 1), ("nothing", 1), ("refused", 6), ("replace", 4),
    ]  # fmt: skip


def test_a_replacement_names_who_decided(banner: tuple[Plan, Registry, Writeback]) -> None:
    said = dict(banner[2].difference.select("sis_id", "decision").drop_nulls().iter_rows())
    assert said["A04"] == "OLD0004 different by Rita, 2026-11-21"
    assert said["A05"] == "ABC0005 voided by Ana, approved by Ben, 2026-11-21"
    assert said["A07"] == "NEW0007 match by Rita, 2026-11-21; GNE0007 different by Rita, 2026-11-21"
    origins = dict(banner[2].difference.select("sis_id", "origin").iter_rows())
    assert (origins["A01"], origins["A07"]) == ("recovered", "decided")


def test_banner_gets_its_own_columns_and_the_old_number(banner: tuple[Plan, Registry, Writeback]) -> None:
    load = banner[2].load
    assert load.columns == list(tomllib.loads(shape_text("banner"))["columns"])
    assert load.rows()[:2] == [
        ("700", "ABC0001", "CCCD", "20-NOV-2026", "RECONCILE", "RECONCILE", "add", None),
        ("703", "ABC0004", "CCCD", "20-NOV-2026", "RECONCILE", "RECONCILE", "replace", "OLD0004"),
    ]
    assert load.height == 5


def test_what_is_shown_of_rows_is_masked(banner: tuple[Plan, Registry, Writeback]) -> None:
    assert banner[2].first.row(1) == ("•••", "replace", "•••004", "•••004")
    shown = repr(banner[2]) + banner[2]._repr_html_()
    assert "ABC0001" not in shown
    assert "A01" not in shown


def test_colleague_keeps_a_persons_other_ids(tmp_path: Path) -> None:
    some = {name: STUDENTS[name] for name in ("A01", "A04", "A07")}
    plan = make(tmp_path, "colleague", [COLLEAGUE, *lines("colleague", some)], some)
    with give(plan, some) as registry:
        assert prepare(plan, registry).load.rows() == [
            ("A01", "L0|ABC0001", "LEG|CCID"),
            ("A04", "L1|ABC0004", "LEG|CCID"),
            ("A07", "L2|NEW0007", "LEG|CCID"),
        ]


@pytest.mark.parametrize(
    "row",
    [
        "A01,Example,Person,L0|L1,LEG",
        "A01,Example,Person,612-34-5678,LEG",
        "A01,Example,Person,L0,LEG\nA01,Example,Person,L1,LEG",
    ],
    ids=["crooked", "hidden", "on two rows"],
)
def test_colleague_ids_that_would_be_lost_are_refused(tmp_path: Path, row: str) -> None:
    some = {name: STUDENTS[name] for name in ("A01", "A04")}
    plan = make(tmp_path, "colleague", [COLLEAGUE, row, lines("colleague", some)[1]], some)
    with give(plan, some) as registry:
        made = prepare(plan, registry)
    assert made.load["ID"].to_list() == ["A04"]
    assert made.difference.filter(sis_id="A01").select("change", "why").row(0) == (
        "refused", LOST,
    )  # fmt: skip


def test_peoplesoft_gets_a_row_of_the_plans_day(tmp_path: Path) -> None:
    some = {name: STUDENTS[name] for name in ("A01", "A02", "A04")}
    plan = make(tmp_path, "peoplesoft", [PEOPLESOFT, *lines("peoplesoft", some)], some)
    with give(plan, some) as registry:
        load = prepare(plan, registry).load
    assert load.columns == ["EMPLID", "EXTERNAL_SYSTEM", "EFFDT", "EXTERNAL_SYSTEM_ID"]
    assert load.rows() == [("A01", "CID", "2026-11-20", "ABC0001"), ("A04", "CID", "2026-11-20", "ABC0004")]


@pytest.fixture
def one(tmp_path: Path) -> Iterator[tuple[Plan, Registry]]:
    """One student of Banner, who lacks the number."""
    some = {"A01": STUDENTS["A01"]}
    plan = make(tmp_path / "p", "banner", [BANNER, *lines("banner", some)], some)
    with give(plan, some) as registry:
        yield plan, registry


def test_nobody_guesses_how_a_number_is_marked(one: tuple[Plan, Registry]) -> None:
    plan, registry = one
    with pytest.raises(
        InputError, match=r'does not show how a CCCID is marked .* code = "..." under \[writeback\]'
    ):
        prepare(plan, registry)
    text = plan.path.read_text(encoding="utf-8")
    for more in ('[students.options]\nadditional_id_code = "CCCX"\n', '[writeback]\ncode = "CCCX"\n'):
        plan.path.write_text(text + more, encoding="utf-8")
        assert prepare(Plan.read(plan.path), registry).load["GORADID_ADID_CODE"].to_list() == ["CCCX"]


def again(plan: Plan, *extract: str) -> Plan:
    """Change the extract, and the latest run with it."""
    file, record = plan.path.parent / "students.csv", plan.runs / "20261121T130000Z" / "run.json"
    file.write_text("\n".join(extract) + "\n", encoding="utf-8")
    told: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    told["inputs"][0]["sha256"] = sha256(file)
    record.write_text(json.dumps(told), encoding="utf-8")
    return plan


def test_a_column_that_the_extract_lacks_is_named(one: tuple[Plan, Registry]) -> None:
    plan, registry = one
    names = "SPRIDEN_ID,SPRIDEN_LAST_NAME,SPRIDEN_FIRST_NAME,GORADID_ADID_CODE,GORADID_ADDITIONAL_ID"
    again(plan, names, "A01,Example,Person,CCCD,")
    with pytest.raises(
        InputError, match=r"lacks what the load file needs: person \(SPRIDEN_PIDM, PIDM, .*Add the column"
    ):
        prepare(plan, registry)


def test_the_latest_run_has_to_be_of_this_extract(one: tuple[Plan, Registry]) -> None:
    plan, registry = one
    (plan.path.parent / "students.csv").write_text(
        f"{BANNER}\n1,A01,Example,Person,CCCD,\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="another one than the latest run read"):
        prepare(plan, registry)
    (plan.workspace / "latest").unlink()
    with pytest.raises(InputError, match="There is no run in"):
        prepare(plan, registry)


def test_a_demo_registry_writes_nothing_back(tmp_path: Path) -> None:
    some = {"A01": STUDENTS["A01"]}
    plan = make(tmp_path, "banner", [BANNER, *lines("banner", some)], some, issuer="demo")
    with (
        Registry.open(plan.registry, demo=True) as registry,
        pytest.raises(IssuerError, match="A demo registry writes nothing back"),
    ):
        prepare(plan, registry)


def test_files_are_private_recorded_and_never_overwritten(tmp_path: Path) -> None:
    some = {name: STUDENTS[name] for name in ("A01", "A04")}
    plan = make(tmp_path / "p", "banner", [BANNER, *lines("banner", some)], some)
    out, beside = tmp_path / "load.csv", tmp_path / "load-difference.csv"
    with give(plan, some) as registry:
        made = prepare(plan, registry)
        assert write_back(made, registry, out, beside, by="Ana", purpose="the nightly load", at=AT) == 2
        with pytest.raises(OutputError, match="exists already"):
            write_back(made, registry, out, tmp_path / "other.csv", by="Ana")
        with pytest.raises(RegistryError, match="The registry changed while the difference was made"):
            write_back(made, registry, tmp_path / "x.csv", tmp_path / "y.csv", by="Ana")
        with pytest.raises(InputError, match="takes the name of who does it"):
            write_back(made, registry, tmp_path / "x.csv", tmp_path / "y.csv", by="")
        assert disclosures(registry).select("who", "kind", "file", "people", "purpose").rows() == [
            ("Ana", "write-back", "load.csv", 2, "the nightly load"),
            ("Ana", "difference", "load-difference.csv", 2, "the nightly load"),
        ]
        voided = void(registry, "ABC0001", by="Ana", approver="Ben", reason="a wrong one")
        assert voided.state == "delivered"  # the SIS may hold it, so that the papers take it out there
        assert registry.verify().ok
    assert out.read_bytes() == made.load.write_csv().encode()
    shown = pl.read_csv(beside, infer_schema=False)
    assert shown.select("sis_id", "old", "new").rows() == [
        ("A01", None, "ABC0001"),
        ("A04", "OLD0004", "ABC0004"),
    ]
    if permissions_are_enforced():
        assert {path.stat().st_mode & 0o777 for path in (out, beside)} == {0o600}


def test_the_command_shows_the_difference_and_a_dry_run_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {name: STUDENTS[name] for name in ("A01", "A02", "A04")}
    plan = make(tmp_path, "banner", [BANNER, *lines("banner", some)], some)
    give(plan, some).close()
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*.[ctx][sol][vmx]*"))
    assert main(["writeback", "--plan", "plan.toml", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("add", "replace", "nothing", "•••004", "nothing was kept"))
    assert "ABC0004" not in said
    assert sorted(tmp_path.rglob("*.[ctx][sol][vmx]*")) == before
    assert main(["writeback", "--plan", "plan.toml"]) == 2
    assert "Name the load file with --out and who writes it with --by" in capsys.readouterr().err
    assert main(["writeback", "--plan", "plan.toml", "--copy-shape", "our.toml"]) == 0
    own = Path("our.toml").read_text(encoding="utf-8").replace("GORADID_PIDM", "OUR_PIDM")
    Path("our.toml").write_text(own.replace('delimiter = ","', 'delimiter = "|"'), encoding="utf-8")
    options = ["--plan", "plan.toml", "--out", "load.csv", "--by", "Ana", "--shape", "our.toml"]
    assert main(["writeback", *options]) == 0
    assert "To load     load.csv: 2 rows" in capsys.readouterr().out
    assert Path("load.csv").read_text(encoding="utf-8").startswith("OUR_PIDM|GORADID_ADDITIONAL_ID|")
    assert Path("load-difference.xlsx").is_file()
    assert main(["registry", "disclosures", "--plan", "plan.toml"]) == 0
    assert "Files that left: 2" in capsys.readouterr().out


def test_columns_of_another_student_stop_everything(
    one: tuple[Plan, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, registry = one
    again(plan, BANNER, "1,A02,Example,Person,CCCD,ABC0002", "2,A01,Example,Person,CCCD,")
    assert prepare(plan, registry).load["GORADID_PIDM"].to_list() == ["2"]
    whole = module.read_columns
    monkeypatch.setattr(
        module, "read_columns", lambda *given: whole(*given).with_columns(pl.col("line").reverse())
    )
    with pytest.raises(ConservationError, match="Line 3 of the extract was read as two students"):
        prepare(plan, registry)


# Shapes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_shapes())
def test_shipped_shapes_can_be_used_and_are_not_called_official(name: str) -> None:
    assert load_shape(name).fields
    assert "no official" in " ".join(shape_text(name).replace("#", "").split())


def test_all_that_is_wrong_with_a_shape_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "our.toml"
    file.write_text(
        'titel = "x"\n[file]\ndelimiter = ";;"\n[extract]\npidm = ["X"]\n[columns]\n'
        'A = "persn"\nB = "person"\nC = 3\nD = { field = "cccid", format = "%Y" }\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_shape(str(file))
    for said in (
        'nobody reads "titel" (did you mean "title"?',
        "delimiter under [file] is not one character",
        'nobody takes "pidm" from the extract',
        'the column "A" asks for "persn", which there is not',
        'the column "B" asks for person, and [extract] does not say',
        'the column "C" says neither a field nor a text',
        'the column "D" has a format, which only the date effective takes',
    ):
        assert said in str(caught.value)
    file.write_text("=", encoding="utf-8")
    with pytest.raises(InputError, match="is no TOML file"):
        load_shape(str(file))
    with pytest.raises(InputError, match="cannot be read"):
        load_shape(str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match=r'no shape "baner"\. Did you mean "banner"'):
        load_shape("baner")


def test_an_extract_of_another_layout_names_its_shape(tmp_path: Path) -> None:
    some = {"A01": STUDENTS["A01"]}
    plan = make(tmp_path, "generic", ["sis_id,last_name,first_name,cccid,PIDM", "A01,Example,Person,,"], some)
    with give(plan, STUDENTS) as registry:
        with pytest.raises(InputError, match="No shape goes with the layout generic by itself"):
            prepare(plan, registry)
        text = plan.path.read_text(encoding="utf-8") + '[writeback]\nshape = "peoplesoft"\ncode = "CID"\n'
        plan.path.write_text(text, encoding="utf-8")
        plan = Plan.read(plan.path)
        made = prepare(plan, registry)
        assert made.load.rows() == [("A01", "CID", "2026-11-20", "ABC0001")]
        assert made.absent == 7  # numbers of students whom this extract lacks
        with pytest.raises(InputError, match=r"1 student has no GORADID_PIDM in the extract \(line 2\)"):
            prepare(plan, registry, shape="banner")
