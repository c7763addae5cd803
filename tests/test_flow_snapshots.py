"""Two snapshots of accounts: what became of each, what changed, who looks at it, and nobody's data."""

from __future__ import annotations

import shutil
import stat
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import BRIEF, change_plan

from reconcile.cli import main
from reconcile.engine import Engine
from reconcile.errors import InputError, KeyMismatch
from reconcile.files import WINDOWS
from reconcile.flow.differing import differing
from reconcile.flow.shaped import shapes
from reconcile.flow.snapshots import compare_plan, compare_snapshots
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.report.changes_page import changes_html
from reconcile.resources import sample
from reconcile.sample.earlier import CHANGES, NATURAL

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.report.changes import SnapshotChanges

EARLIER, LATER = sample() / "earlier_accounts.csv.gz", sample() / "accounts.csv"
# As what each planted change has to be seen: its fields and their shapes, and the rules that find it.
SEEN = {
    "surname": {"last_name": "another"},
    "name_corrected": {"last_name": "near"},
    "capitals": {"first_name": "written", "last_name": "written", "middle_name": "written"},
    "birthdate_corrected": {"birthdate": "near"},
    "both_corrected": {"last_name": "near", "birthdate": "near"},
    "email_again": {"email": "another", "email_verification": "another"},
    "email_unverified": {"email": "another", "email_verification": "another"},
    "email_stale": {"email": "another"},
    "phone": {"phone": "another"},
    "identity_verified": {"identity_verification": "added"},
}
HEARD = {
    "both_corrected": {"name_and_birthdate_changed"},
    "another_person": {"account_owner_changed", "name_and_birthdate_changed"},
    "email_stale": {"email_reverified"},
    "vanished": {"account_vanished"},
}


@pytest.fixture(scope="module")
def made() -> SnapshotChanges:
    return compare_snapshots(EARLIER, LATER, scope="systemwide")


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return pl.read_csv(sample() / "truth_changes.csv", infer_schema=False)


# The sample's earlier snapshot ------------------------------------------------------------------------


def test_every_planted_change_is_found_and_nothing_else(made: SnapshotChanges, truth: pl.DataFrame) -> None:
    found = {"after": made.new, "before": made.vanished, "both": made.changes["cccid"]}
    for seen, numbers in found.items():
        assert set(truth.filter(seen=seen)["cccid"]) == set(numbers), seen
    told = made.changes.group_by("cccid").agg("field", "shape")
    shape = {row["cccid"]: dict(zip(row["field"], row["shape"], strict=True)) for row in told.to_dicts()}
    for row in truth.filter(seen="both").to_dicts():
        kinds = row["kinds"].split(";")
        if "another_person" in kinds:
            assert {"last_name", "birthdate", "email", "ssn"} <= shape[row["cccid"]].keys()
            continue
        expected = {field: how for kind in kinds for field, how in SEEN[kind].items()}
        got = shape[row["cccid"]]
        if "capitals" in kinds:  # not everybody has a middle name, or any of them in small letters
            assert got.items() <= expected.items()
        elif kinds == ["phone"] and got != expected:
            assert got == {"phone": "added"}  # the other had none
        else:
            assert got == expected, kinds


def test_a_person_hears_of_what_the_rules_find_and_of_nothing_else(
    made: SnapshotChanges, truth: pl.DataFrame
) -> None:
    expected = {
        row["cccid"]: rules
        for row in truth.to_dicts()
        if (rules := set().union(*(HEARD.get(kind, set()) for kind in row["kinds"].split(";"))))
    }
    heard = {row["cccid"]: set(row["rules"].split("; ")) for row in made.for_a_person.to_dicts()}
    assert heard == expected
    assert dict(made.findings.select("rule_id", "accounts").iter_rows()) == {
        rule: sum(rule in rules for rules in expected.values()) for rule in set().union(*expected.values())
    }


def test_the_earlier_holder_is_found_where_the_account_is_today(
    made: SnapshotChanges, truth: pl.DataFrame
) -> None:
    """A number that moved, and one that vanished: the same person by the truth, never somebody else."""
    moved = made.for_a_person.join(truth.drop_nulls("under"), on="cccid")
    assert moved.height > 2
    assert moved["now_under"].to_list() == moved["under"].to_list()
    persons = pl.read_csv(sample() / "truth_accounts.csv", infer_schema=False).select("cccid", "person")
    gone = made.for_a_person.join(truth.filter(seen="before"), on="cccid").drop_nulls("now_under")
    today = gone.join(persons, left_on="now_under", right_on="cccid")
    assert today.height > 2
    assert today["person"].to_list() == today["person_right"].to_list()


def test_the_rows_add_up(made: SnapshotChanges, truth: pl.DataFrame) -> None:
    assert made.earlier.compared == made.unchanged + made.changed + made.vanished.len()
    assert made.later.compared == made.unchanged + made.changed + made.new.len()
    for one in (made.earlier, made.later):
        assert one.rows["in the file"] == sum(one.rows.values()) - one.rows["in the file"]
    mails = dict(made.emails.iter_rows())
    *parts, total = mails.values()
    assert sum(parts) == total
    kinds = truth["kinds"].str.split(";").explode()
    assert mails["not verified today"] == (kinds == "email_unverified").sum()
    assert set(kinds) == {*CHANGES, *NATURAL}
    assert (
        made.fields.filter(field="last_name")["changed"].item()
        == made.changes.filter(field="last_name").height
    )


def test_nobody_is_in_the_page_the_table_or_the_picture(made: SnapshotChanges) -> None:
    page = changes_html(made)
    text = page + made.for_a_person.write_csv() + repr(made) + made._repr_html_() + str(made.chart)
    accounts = pl.read_csv(LATER, infer_schema=False)
    touched = accounts.filter(pl.col("ccc_id").is_in(made.for_a_person["cccid"].to_list()))
    marks = {
        value
        for name in ("lastname", "birthdate", "email", "mainphone")
        for value in touched[name].drop_nulls()
        if len(value) > 5
    }
    assert len(marks) > 40
    assert not [mark for mark in marks if mark in text]
    assert "http" not in page
    assert f"{made.earlier.compared:,} = {made.unchanged:,} unchanged" in page
    assert made.for_a_person["cccid"][0] in page
    assert "last name" in made.chart.spoken


# Small ones -------------------------------------------------------------------------------------------

HEAD = "ccc_id,firstname,lastname,birthdate,email,email_verified,email_verified_timestamp,mainphone,"
HEAD += "mainphone_verified,mainphone_verified_timestamp,accepted_terms_timestamp,idme_optin_timestamp,"
HEAD += "idme_confirmation_timestamp,middlename,ssn\n"
MADE = "true,2026-01-01T00:00:00Z,,,,2026-01-01T00:00:00Z,,,,\n"


def write(path: Path, *rows: str) -> Path:
    path.write_text(HEAD + "".join(f"{row},{MADE}" for row in rows), encoding="utf-8")
    return path


ANN = "AAA1111,Ann,Li,2001-02-03,a@example.org"
BEA = "AAA1112,Bea,Ly,2001-02-04,b@example.org"


def test_a_number_that_stands_several_times_is_compared_with_nothing(tmp_path: Path) -> None:
    """Neither new nor vanished nor changed; of two people, or unreadable, or lacking, all told."""
    other = "AAA1112,Zoe,Mum,1960-05-06,z@example.org"
    earlier = write(tmp_path / "may.csv", ANN, BEA, other, "AAO0000,Cy,Lo,2001-02-05,c@example.org")
    later = write(
        tmp_path / "june.csv",
        " aaa1111 ,Ann,Li,2001-02-03,a@example.org",
        BEA,
        ",Dy,La,2001-02-06,d@example.org",
    )
    made = compare_snapshots(earlier, later, scope="systemwide")
    assert (made.unchanged, made.changed, made.new.to_list(), made.vanished.to_list()) == (
        1,
        0,
        [],
        ["AAO0000"],
    )
    assert made.earlier.rows == {"in the file": 4, "compared": 2, "have a CCCID that stands several times": 2}
    assert list(made.later.rows.values()) == [3, 1, 1, 1]
    assert [note.split(" of ")[0] for note in made.notes] == ["1 CCCID", "1 row"]


def test_of_a_part_of_all_accounts_nothing_vanishes(tmp_path: Path) -> None:
    earlier, later = write(tmp_path / "may.csv", ANN, BEA), write(tmp_path / "june.csv", ANN)
    partial = compare_snapshots(earlier, later, scope="district")
    assert partial.for_a_person.is_empty()
    assert "part of all" in partial.words["vanished"]
    assert "vanished" not in partial.counts["what"].to_list()
    assert any("may be in OpenCCC all the same" in note for note in partial.notes)
    mixed = compare_snapshots(earlier, later, scope="systemwide", earlier_scope="own_applications")
    assert mixed.words == {"vanished": "vanished", "new": "not in the earlier, which is a part of all"}
    assert mixed.for_a_person["rules"].to_list() == ["account_vanished"]
    assert any("what is in one alone says little" in note for note in mixed.notes)


def test_snapshots_in_the_wrong_order_are_refused_or_told(tmp_path: Path) -> None:
    earlier, later = write(tmp_path / "may.csv", ANN), tmp_path / "june.csv"
    later.write_text(earlier.read_text(encoding="utf-8").replace("2026-01", "2025-12"), encoding="utf-8")
    may, june = date(2026, 5, 1), date(2026, 6, 1)
    with pytest.raises(InputError, match="2026-06-01, the later one of 2026-05-01"):
        compare_snapshots(earlier, later, scope="systemwide", earlier_as_of=june, as_of=may)
    with pytest.raises(InputError, match="named twice"):
        compare_snapshots(earlier, earlier, scope="systemwide")
    made = compare_snapshots(earlier, later, scope="systemwide")
    assert any("named in the wrong order" in note for note in made.notes)
    assert made.changed == 1


def test_nothing_changed_is_said_in_words(tmp_path: Path) -> None:
    earlier, later = write(tmp_path / "may.csv", ANN), write(tmp_path / "june.csv", ANN)
    made = compare_snapshots(earlier, later, scope="systemwide")
    assert (made.unchanged, made.changed) == (1, 0)
    assert made.notes == ("Both files hold the same bytes.",)
    page = changes_html(made)
    assert "No account that is in both snapshots changed." in page
    assert "no rule about changes found anything" in page
    assert "No account" in made.chart.spoken


def test_parquet_gives_the_same_answer(tmp_path: Path) -> None:
    earlier = write(tmp_path / "may.csv", ANN, BEA)
    later = write(tmp_path / "june.csv", ANN.replace("Li", "Liu"), BEA)
    columns = {"ccc_id": "cccid", "firstname": "first_name", "lastname": "last_name"}
    frame = pl.read_csv(later, infer_schema=False).rename(columns)
    times = [name for name in frame.columns if name.endswith("_timestamp")]
    frame = frame.drop("ssn").with_columns(
        pl.col(times).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    )
    frame.write_parquet(tmp_path / "june.parquet")
    plain = compare_snapshots(earlier, later, scope="systemwide")
    packed = compare_snapshots(earlier, tmp_path / "june.parquet", scope="systemwide")
    assert packed.changes.rows() == plain.changes.rows() == [("AAA1111", "last_name", "near")]
    assert packed.unchanged == plain.unchanged == 1


def test_a_column_that_one_snapshot_has_not_is_no_change(tmp_path: Path) -> None:
    """In a file, in Parquet with next to nothing, and where numbers were hashed with two keys."""
    earlier = write(tmp_path / "may.csv", ANN.replace("Li", "Liu"))
    later = tmp_path / "june.csv"
    later.write_text("ccc_id,lastname\nAAA1111,Li\n", encoding="utf-8")
    made = compare_snapshots(earlier, later, scope="systemwide")
    assert made.changes.rows() == [("AAA1111", "last_name", "near")]
    (note,) = made.notes
    assert "do not both have first_name, middle_name, birthdate, email" in note
    assert made.emails.is_empty()
    bare = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    for path, number in zip(bare, ("AAA0001", "AAA0002"), strict=True):
        pl.DataFrame({"cccid": [number]}).write_parquet(path)
    made = compare_snapshots(*bare, scope="systemwide")
    assert made.for_a_person.select("cccid", "rules").rows() == [("AAA0001", "account_vanished")]
    for path, key in zip(bare, ("k1", "k2"), strict=True):
        pl.DataFrame({"cccid": ["AAA0001"], "ssn_hmac": [f"{key}:aa"]}).write_parquet(path)
    with pytest.raises(KeyMismatch, match="different keys"):
        compare_snapshots(*bare, scope="systemwide")


NUMBERS = st.sampled_from(["AAA0001", " aaa0001", "AAA0002", "AAA0003", "AAA0004", None])
ROWS = st.lists(st.tuples(NUMBERS, st.sampled_from(["Li", "Ly", None])), max_size=6)


@settings(max_examples=20, deadline=None)
@given(ROWS, ROWS)
def test_the_engine_counts_as_the_slow_and_obvious_way_does(one: list, two: list) -> None:
    def known(rows: list) -> dict[str, list]:
        numbers = {number.strip().upper() for number, _ in rows if number}
        return {n: [last for number, last in rows if number and number.strip().upper() == n] for n in numbers}

    schema = {"cccid": pl.String, "last_name": pl.String}
    with Engine(threads=1) as engine:
        sides = [
            engine.view(name, pl.DataFrame(rows, schema=schema, orient="row"))
            for name, rows in (("a", one), ("b", two))
        ]
        found = differing(engine, *sides, vanished=True)
    was, now = known(one), known(two)
    single = {n for n in {*was, *now} if len(was.get(n, [])) < 2 and len(now.get(n, [])) < 2}
    assert found.new.to_list() == sorted(n for n in single if n not in was)
    assert found.vanished.to_list() == sorted(n for n in single if n not in now)
    both = sorted(n for n in single if n in was and n in now)
    assert found.both == len(both)
    assert found.after["cccid"].to_list() == [n for n in both if was[n] != now[n]]
    assert found.before["cccid"].to_list() == sorted([*found.after["cccid"], *found.vanished])
    several = {*was, *now} - single
    assert found.several == tuple(sum(len(side.get(n, [])) for n in several) for side in (was, now))
    assert found.nameless == tuple(sum(number is None for number, _ in side) for side in (one, two))


def test_shapes_of_no_account_are_none() -> None:
    nobody = pl.DataFrame(schema={"cccid": pl.String, "last_name": pl.String})
    long, words = shapes(nobody, nobody)
    assert (long.height, words.height) == (0, 0)


# At the shell -----------------------------------------------------------------------------------------


def test_at_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier, later = write(tmp_path / "may.csv", ANN, BEA), write(tmp_path / "june.csv", ANN)
    words = ["compare", str(earlier), str(later)]
    assert main(["compare", "--help"]) == 0
    assert "compare [OPTIONS] [EARLIER] [LATER]\n" in capsys.readouterr().out
    assert main([*words, "--scope", "district", "--layout", "banner"]) == 2
    advice = capsys.readouterr().err
    assert ("reconcile map" in advice, "--option" in advice) == (True, False)
    assert main(words) == 2
    assert "--scope systemwide, district or own_applications" in capsys.readouterr().err
    plan = tmp_path / "plan.toml"
    plan.write_text(BRIEF.format(issuer="demo", layout="banner"), encoding="utf-8")
    Registry.open(Plan.read(plan, files=False).registry, demo=True).close()
    page, out = tmp_path / "changes.html", tmp_path / "changes.csv"
    assert main([*words, "--plan", str(plan), "--page", str(page), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "vanished" in said
    assert "For a person to look at  1 account\n" in said
    assert pl.read_csv(out)["cccid"].to_list() == ["AAA1112"]
    if not WINDOWS:
        assert {stat.S_IMODE(path.stat().st_mode) for path in (page, out)} == {0o600}
    assert main(["registry", "disclosures", "--plan", str(plan)]) == 0
    assert "Files that left: 2" in capsys.readouterr().out
    assert main([*words, "--scope", "district", "--out", str(later)]) == 2
    capsys.readouterr()
    kept = page.read_bytes()
    assert main([*words, "--scope", "district", "--page", str(page)]) == 2
    assert "changes.html exists already and is not overwritten" in capsys.readouterr().err
    assert page.read_bytes() == kept
    assert main(words[:2]) == 2
    assert "Name the earlier one, then the later one" in capsys.readouterr().err


def test_a_plan_names_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(sample() / "banner", tmp_path / "banner")
    plan = change_plan(tmp_path / "banner" / "plan.toml", accounts={"path": "june.csv"})
    write(plan.parent / "may.csv", ANN, BEA)
    write(plan.parent / "june.csv", ANN)
    shutil.copy(sample() / "fraud.csv", tmp_path)
    assert main(["compare", "--plan", str(plan)]) == 2
    assert "names no earlier snapshot" in capsys.readouterr().err
    change_plan(plan, accounts={"previous": "may.csv"})
    assert compare_plan(Plan.read(plan)).vanished.to_list() == ["AAA1112"]
    assert main(["compare", "--plan", str(plan)]) == 0
    assert "For a person to look at  1 account\n" in capsys.readouterr().out
