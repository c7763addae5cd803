"""The whole generator: a folder of files, its truth, and what makes it believable."""

from __future__ import annotations

import gzip
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile import resources
from reconcile.columns import Status
from reconcile.errors import InputError, OutputError
from reconcile.plan import Plan
from reconcile.read import read
from reconcile.sample import SYSTEMS, SampleFiles, committed, generate, layouts
from reconcile.sample.extracts import term_codes
from reconcile.sample.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, SampleFiles]:
    """Make the committed sample again, once for each system."""
    root = tmp_path_factory.mktemp("samples")
    numbers = {"students": committed.STUDENTS, "accounts": committed.ACCOUNTS, "seed": committed.SEED}
    return {sis: generate(**numbers, sis=sis, out=root / sis) for sis in SYSTEMS}


def table(path: Path, encoding: str = "utf8") -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False, encoding=encoding)


def labels(path: Path) -> set[str]:
    return set(table(path)["errors"].drop_nulls().str.split(";").explode().drop_nulls()) - {""}


def test_the_committed_files_are_made_again_byte_by_byte(made):
    folder = resources.sample()
    for sis, files in made.items():
        for name in committed.BY_SYSTEM:
            assert (files.folder / name).read_bytes() == (folder / sis / name).read_bytes(), (sis, name)
        for name in committed.SHARED:
            assert (files.folder / name).read_bytes() == (folder / name).read_bytes(), (sis, name)
        packed = gzip.decompress((folder / f"{committed.PACKED}.gz").read_bytes())
        assert (files.folder / committed.PACKED).read_bytes() == packed, sis
        plan = committed.plan_text(sis, committed.AS_OF, shared="../")
        assert (folder / sis / "plan.toml").read_text(encoding="utf-8") == plan
    awry = (folder / "imperfect" / "students.csv").read_bytes()
    assert awry == committed.imperfect_extract(made["colleague"].folder.parent)


def test_the_imperfect_extract_is_as_wrong_as_it_says():
    found = read(resources.sample() / "imperfect" / "students.csv")
    kinds = dict(found.diagnostics.group_by("kind").len().iter_rows())
    assert kinds["preamble"] == 2
    assert {"encoding_guess", "blank_lines", "ragged", "header_repeated", "footer", "ssn_hidden"} <= set(
        kinds
    )
    assert (found.source.rows, found.frame.height, found.quarantined) == (151, 149, 2)
    assert found.frame["Surname"].str.contains(r"[^ -~]").sum() > 3
    assert found.fields().lacking == ("sis_id",)


def test_committed_files_are_small():
    sizes = {path: path.stat().st_size for path in resources.sample().rglob("*.csv*")}
    assert sizes
    assert max(sizes.values()) < 2_000_000


def test_plans_can_be_read(made):
    for sis, files in made.items():
        plan = Plan.read(files.plan)
        assert plan.students.layout == sis
        assert Plan.read(resources.sample() / sis / "plan.toml").accounts.path.is_file()


def test_every_status_occurs(made):
    for files in made.values():
        found = set(table(files.truth_students)["status"])
        assert found == {status.value for status in Status} - {Status.PENDING_LOAD.value}


def test_the_status_does_not_depend_on_the_layout(made):
    first, *others = (table(files.truth_students).drop("sis_id", "errors") for files in made.values())
    assert all(first.equals(other) for other in others)


def test_every_kind_of_error_occurs(made):
    files = made["colleague"]
    assert labels(files.truth_students) | labels(files.truth_accounts) == set(KINDS)


def test_columns_are_those_of_the_layouts(made):
    files = made["banner"]
    assert tuple(table(files.students, "cp1252").columns) == layouts.BANNER
    assert tuple(table(made["colleague"].students).columns) == layouts.COLLEAGUE
    assert tuple(table(made["peoplesoft"].students).columns) == layouts.PEOPLESOFT
    assert tuple(table(files.accounts).columns) == layouts.OPENCCC
    assert tuple(table(files.applications).columns) == layouts.SUPERGLUE
    assert tuple(table(files.fraud).columns) == layouts.FRAUD
    assert tuple(table(files.truth_students).columns) == layouts.TRUTH_STUDENTS
    assert tuple(table(files.truth_accounts).columns) == layouts.TRUTH_ACCOUNTS
    assert tuple(table(files.earlier_accounts).columns) == layouts.OPENCCC
    assert tuple(table(files.truth_changes).columns) == layouts.TRUTH_CHANGES
    assert tuple(table(files.submitted).columns) == layouts.SUBMITTED
    assert tuple(table(files.truth_submitted).columns) == layouts.TRUTH_SUBMITTED


def test_ids_are_unique_and_every_row_has_its_truth(made):
    files = made["colleague"]
    students, truth = table(files.students), table(files.truth_students)
    assert students["ID"].to_list() == truth["sis_id"].to_list()
    assert truth["sis_id"].n_unique() == truth.height == committed.STUDENTS
    accounts, truth = table(files.accounts), table(files.truth_accounts)
    assert accounts["ccc_id"].to_list() == truth["cccid"].to_list()
    assert truth["cccid"].n_unique() == committed.ACCOUNTS
    assert accounts["ccc_id"].str.contains("^[A-HJ-NP-Z]{3}[0-9]{4}$").all()


def test_banner_has_one_current_row_of_every_person_id_and_term(made):
    rows = table(made["banner"].students, "cp1252")
    truth = table(made["banner"].truth_students)
    current = rows.filter(pl.col("SPRIDEN_CHANGE_IND").is_null())
    assert set(current["SPRIDEN_ID"]) == set(truth["sis_id"])
    assert {"N", "I"} <= set(rows["SPRIDEN_CHANGE_IND"].drop_nulls())
    assert current.is_duplicated().sum() == 0
    assert rows["SPBPERS_BIRTH_DATE"].drop_nulls().str.contains("^[0-9]{2}-[A-Z]{3}-[0-9]{4}$").all()


def test_peoplesoft_has_superseded_and_future_numbers(made):
    rows = table(made["peoplesoft"].students).filter(pl.col("EXTERNAL_SYSTEM") == "CID")
    today = committed.AS_OF.isoformat()
    assert rows.filter(pl.col("EFFDT") > today).height > 0
    past = rows.filter((pl.col("EFFDT") <= today) & (pl.col("NAME_TYPE") == "PRI"))
    assert past.group_by("EMPLID").agg(pl.col("EFFDT").n_unique()).filter(pl.col("EFFDT") > 1).height > 0


def test_one_student_in_five_has_no_cccid(made):
    truth = table(made["banner"].truth_students).filter(pl.col("status") != "out_of_scope")
    absent = truth["errors"].str.contains("cccid_absent").fill_null(value=False).mean()
    assert 0.17 < absent < 0.24


def test_a_duplicate_account_is_rare_but_there(made):
    people = table(made["banner"].truth_accounts)["person"]
    assert 0.002 < people.is_duplicated().mean() < 0.02


def test_surnames_are_skewed_with_a_long_tail(made):
    counts = table(made["banner"].accounts)["lastname"].value_counts()["count"]
    assert counts.max() > 25
    assert counts.len() > 3_000
    assert (counts == 1).sum() > counts.len() / 2


def test_origins_follow_california(made):
    names = table(made["banner"].accounts)["lastname"]
    hispanic = names.str.contains(
        "Garc|Herna|Herná|Lopez|López|Martin|Gonz|Rodr|Perez|Pérez|Sanch|Sánch"
    ).mean()
    assert hispanic > 0.06
    assert names.str.contains("^(Nguyen|Nguyễn|Tran|Trần|Lee|Kim|Chen|Patel|Singh)").mean() > 0.01


def test_no_ssn_is_one_that_was_ever_given(made):
    ssn = table(made["banner"].accounts)["ssn"].drop_nulls()
    assert ssn.str.contains("^(8|9|000|123|111)").all()


def test_no_mail_goes_to_anybody(made):
    domains = (
        table(made["banner"].accounts)["email"]
        .str.split("@")
        .list.last()
        .str.split(".")
        .list.tail(2)
        .list.join(".")
    )
    assert set(domains) <= {"example.com", "example.net", "example.org", "example.edu"}


def test_true_cccids_of_a_student_are_accounts_of_that_person(made):
    files = made["banner"]
    students = table(files.truth_students).drop_nulls("cccids")
    pairs = students.with_columns(pl.col("cccids").str.split(" ")).explode("cccids")
    both = pairs.join(table(files.truth_accounts), left_on="cccids", right_on="cccid")
    assert (both["person"] == both["person_right"]).all()
    confirmed = both.filter(pl.col("status") == "confirmed")["sis_id"]
    assert set(students.filter(pl.col("status") == "confirmed")["sis_id"]) == set(confirmed)


@pytest.mark.parametrize(("students", "accounts"), [(1, 0), (1, 1), (3, 2), (40, 0), (40, 7)])
def test_smallest_samples(tmp_path, students, accounts):
    for sis in SYSTEMS:
        files = generate(students=students, accounts=accounts, sis=sis, out=tmp_path / sis)
        assert table(files.truth_students).height == students
        assert table(files.accounts).height == accounts
        assert table(files.truth_accounts).height == accounts
        assert Plan.read(files.plan)


def test_another_seed_gives_other_people(tmp_path):
    one = generate(students=30, accounts=60, seed=1, out=tmp_path / "one")
    two = generate(students=30, accounts=60, seed=2, out=tmp_path / "two")
    assert one.accounts.read_bytes() != two.accounts.read_bytes()


def test_progress_is_told_and_an_empty_folder_is_used(tmp_path):
    told: list[str] = []
    out = tmp_path / "empty"
    out.mkdir()
    files = generate(students=5, accounts=5, out=out, progress=told.append)
    assert files.plan.is_file()
    assert told[-1] == "writing files"


def test_a_used_folder_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError):
        generate(students=5, accounts=5, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"students": 0}, "0 students"),
        ({"students": 10**9}, "1000000000 students"),
        ({"accounts": -1}, "-1 accounts"),
        ({"sis": "baner"}, 'Did you mean "banner"'),
        ({"seed": -1}, "seed"),
    ],
)
def test_nonsense_is_refused(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        generate(**({"students": 5, "accounts": 5, "out": tmp_path / "no"} | wrong))
    assert not (tmp_path / "no").exists()


def test_terms_follow_the_day():
    assert term_codes(date(2026, 11, 16), "banner") == ("202610", "202620")
    assert term_codes(date(2027, 2, 1), "peoplesoft") == ("2272", "2268")
    assert term_codes(date(2027, 2, 1), "colleague") == ("2027SP", "2026FA")
