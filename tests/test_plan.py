"""Plans: what is read, what is refused, and in which words."""

from __future__ import annotations

import dataclasses
import os
from datetime import date
from typing import TYPE_CHECKING

import pytest

from reconcile.cli import main
from reconcile.errors import InputError, PlanError
from reconcile.plan import Issuer, Plan, QueryPlan, Scope
from reconcile.plan.inputs import LIMITS
from reconcile.plan.reader import Reader
from reconcile.policy import Policy
from reconcile.read import Limits

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[reconciliation]
name = "Fall"
as_of = 2026-11-30
[issuer]
kind = "openccc"
[population]
colleges = ["076"]
terms = []
enrolled_only = true
credit = ["credit"]
person_types = ["student"]
[students]
path = "students.csv"
layout = "banner"
options = { local_code = "CCID" }
[accounts]
path = "accounts.csv"
scope = "systemwide"
as_of = 2026-11-28
[mint]
proposer = "analyst"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("students.csv", "accounts.csv"):
        (tmp_path / name).write_text("id\n", encoding="utf-8")
    return tmp_path.resolve()


def read(folder: Path, *changes: tuple[str, str], more: str = "") -> Plan:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "plan.toml"
    path.write_text(text + more, encoding="utf-8")
    return Plan.read(path)


def refusal(folder: Path, *changes: tuple[str, str], more: str = "") -> str:
    with pytest.raises(PlanError) as caught:
        read(folder, *changes, more=more)
    assert caught.value.__context__ is None
    return str(caught.value)


def test_a_plan_says_where_everything_is(folder: Path) -> None:
    plan = read(folder)
    assert plan.name == "Fall"
    assert plan.as_of == date(2026, 11, 30)
    assert plan.workspace == folder / "workspace"
    assert plan.runs == folder / "workspace" / "runs"
    assert plan.registry == str(folder / "registry.sqlite")
    assert plan.issuer.kind is Issuer.OPENCCC
    assert plan.students.path == folder / "students.csv"
    assert dict(plan.students.options) == {"local_code": "CCID"}
    assert (plan.accounts.layout, plan.accounts.scope) == ("openccc", Scope.SYSTEMWIDE)
    assert plan.accounts.max_age_days == 30
    assert list(plan.inputs) == ["students", "accounts"]
    assert str(plan.population) == "college 076; all terms; enrolled only; credit; person type student"
    assert plan.text == (folder / "plan.toml").read_text(encoding="utf-8")


def test_a_plan_is_frozen(folder: Path) -> None:
    plan = read(folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.name = "Spring"  # type: ignore[misc]
    with pytest.raises(TypeError):
        plan.students.options["local_code"] = "X"  # type: ignore[index]


def test_a_layout_of_ones_own(folder: Path) -> None:
    (folder / "own.toml").touch()
    plan = read(folder, ('layout = "banner"', 'layout = "own.toml"'))
    assert plan.students.layout == str(folder / "own.toml")


def test_optional_inputs_and_own_thresholds(folder: Path) -> None:
    for name in ("apps.csv", "fraud.csv"):
        (folder / name).write_text("id\n", encoding="utf-8")
    plan = read(
        folder,
        more='[applications]\npath = "apps.csv"\n[fraud]\npath = "fraud.csv"\n'
        "[thresholds]\nlink_probability = 1\nrecoverable_needs_independent_field = false\n",
    )
    assert plan.applications is not None
    assert plan.applications.layout == "superglue"
    assert plan.fraud is not None
    assert plan.thresholds.link_probability == 1.0
    assert not plan.thresholds.recoverable_needs_independent_field


def test_a_password_is_not_shown(folder: Path) -> None:
    plan = read(folder, more='[registry]\nurl = "postgresql://analyst:secret@server/registry"\n')
    assert plan.registry.startswith("postgresql://")
    assert "secret" not in repr(plan)
    assert "secret" not in refusal(folder, more='[registry]\nurl = "mysql://analyst:secret@server/x"\n')


def test_every_problem_is_told_at_once_and_sorted(folder: Path) -> None:
    said = refusal(
        folder,
        ('name = "Fall"', ""),
        ('kind = "openccc"', 'kind = "opencc"'),
        ('colleges = ["076"]', "colleges = [76]"),
        ("enrolled_only = true", 'enroled_only = "yes"'),
        ('path = "students.csv"', 'path = "student.csv"'),
        ("as_of = 2026-11-28", "as_of = 28"),
        more="[threshold]\nlink_probability = 2\n",
    )
    head, *problems = said.splitlines()
    assert str(folder / "plan.toml") in head
    assert head.endswith("8 problems:")
    assert problems == sorted(problems)
    assert [problem.split(":")[0].strip() for problem in problems] == [
        "[accounts] as_of",
        "[issuer] kind",
        "[population] colleges",
        "[population] enroled_only",
        "[population] enrolled_only",
        "[reconciliation] name",
        "[students] path",
        "[threshold]",
    ]
    assert 'Did you mean "openccc"?' in said
    assert 'Did you mean "enrolled_only"?' in said
    assert 'Did you mean "thresholds"?' in said


@pytest.mark.parametrize(
    ("changes", "more", "expected"),
    [
        ([("openccc", "registry")], "", "[issuer] authority: is missing"),
        ([("openccc", "registry")], "", "[issuer] range: is missing"),
        (
            [('kind = "openccc"', 'kind = "openccc"\nrange = ["ZAA0001", "ZZZ9999"]')],
            "",
            "leave this key out",
        ),
        ([('kind = "openccc"', 'kind = "openccc"\nauthority = "x"')], "", "[issuer] authority: with kind"),
        ([('kind = "openccc"', 'kind = "demo"\nrange = ["ZZZ9999", "ZAA0001"]')], "", "first and last CCCID"),
        ([('kind = "openccc"', 'kind = "demo"\nrange = ["ZOA0001", "ZZZ9999"]')], "", "first and last CCCID"),
        ([("2026-11-28", "2026-12-01")], "", "[accounts] as_of: the snapshot is of 2026-12-01"),
        (
            [
                ("systemwide", "district"),
                (
                    'kind = "openccc"',
                    'kind = "registry"\nrange = ["ZAA0001", "ZZZ9999"]\nauthority = "the district"',
                ),
            ],
            "",
            "below systemwide an absent account can only be created by the OpenCCC hand-over",
        ),
        ([], '[registry]\nurl = "workspace/runs/registry.sqlite"\n', "[registry] url:"),
        ([], '[registry]\nurl = "."\n', "is a folder; name a file in it"),
        ([('path = "accounts.csv"', 'path = "students.csv"')], "", "is the same file as [students] path"),
        ([('path = "accounts.csv"', 'path = "."')], "", "is a folder; name the file in it"),
        ([], "[thresholds]\nreview_probability = 1.0\n", "[thresholds] review_probability: 1.0 is above"),
        ([], "[thresholds]\npending_load_days = -1\n", "[thresholds] pending_load_days: a number was found"),
        ([('"analyst"', '"analyst"\nattested_by = "dean"')], "", "attested_on; one is missing"),
        ([('["credit"]', '["credits"]')], "", '[population] credit: "credits" was found'),
        ([('layout = "banner"', "")], "", "[students] layout: is missing"),
        ([("[mint]", "[mint.x]")], "", "[mint] proposer: is missing"),
        ([('layout = "banner"', 'layout = "baner"')], "", 'Did you mean "banner"?'),
        ([('layout = "banner"', "layout = 5")], "", "[students] layout: a number was found"),
        ([('layout = "banner"', 'layout = "own.toml"')], "", "own.toml does not exist"),
    ],
)
def test_what_does_not_go_together_is_refused(
    folder: Path, changes: list[tuple[str, str]], more: str, expected: str
) -> None:
    assert expected in refusal(folder, *changes, more=more)


def test_a_faulty_key_is_not_blamed_twice(folder: Path) -> None:
    said = refusal(folder, ("as_of = 2026-11-30", 'as_of = "soon"'))
    assert said.endswith("[reconciliation] as_of: a text was found; a date such as 2026-11-30 is needed.")
    assert "one problem" in said


def test_an_approver_needs_no_input_files(folder: Path) -> None:
    read(folder)
    (folder / "students.csv").unlink()
    assert Plan.read(folder / "plan.toml", files=False).mint.proposer == "analyst"
    with pytest.raises(PlanError, match="does not exist"):
        Plan.read(folder / "plan.toml")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("path = 'a' 'b'", "Texts stand between quotes"),
        (r'path = "C:\Users\x.csv"', "single quotes"),
        ("[students", "no TOML"),
    ],
)
def test_broken_toml_is_named_by_line(folder: Path, line: str, hint: str) -> None:
    said = refusal(folder, ('name = "Fall"', line))
    assert "plan.toml, line 3: " in said
    assert hint in said


def test_a_plan_saved_by_an_old_windows_editor(folder: Path) -> None:
    (folder / "plan.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert Plan.read(folder / "plan.toml").name == "Fall"
    (folder / "plan.toml").write_text(GOOD, encoding="utf-16")
    with pytest.raises(InputError, match="Save it again with the encoding UTF-8") as caught:
        Plan.read(folder / "plan.toml")
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", ["", "missing.toml"])
def test_a_plan_that_is_no_file(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="reconcile plan new"):
        Plan.read(folder / name)


def test_the_template_asks_for_exactly_what_only_the_user_knows(folder: Path) -> None:
    with pytest.raises(PlanError) as caught:
        Plan.parse(Plan.template(), path=folder / "plan.toml")
    asked = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert asked == [
        "[accounts] as_of",
        "[accounts] path",
        "[accounts] scope",
        "[issuer] kind",
        "[mint] proposer",
        "[reconciliation] as_of",
        "[students] layout",
        "[students] path",
    ]
    assert "\nis missing" not in str(caught.value)


def test_the_template_with_everything_filled_in_is_a_plan(folder: Path) -> None:
    """Every optional line, uncommented, is known to the reader and shows the default."""
    for name in ("applications.csv", "fraud.csv", "crosswalk.csv"):
        (folder / name).write_text("id\n", encoding="utf-8")
    text = Plan.template()
    for old, new in (
        ('kind = ""', 'kind = "registry"'),
        ('# authority = ""', 'authority = "the district"'),
        ('path = ""                      # such as "students.csv"', 'path = "students.csv"'),
        ('layout = ""', 'layout = "colleague"'),
        ('path = ""                      # such as "accounts.csv"', 'path = "accounts.csv"'),
        ('scope = ""', 'scope = "systemwide"'),
        ('as_of = ""', "as_of = 2026-11-30"),
        ('as_of = ""', "as_of = 2026-11-28"),
        ('proposer = ""', 'proposer = "analyst"'),
        ('attested_by = ""', 'attested_by = "dean"'),
        ('attested_authority = ""', 'attested_authority = "policy"'),
        ('attested_on = ""', "attested_on = 2026-11-30"),
        ("# workspace", "workspace"),
        ("# range", "range"),
        ("# encoding", "encoding"),
        ("# [students.options]", "[students.options]"),
        ("# [students.limits]", "[students.limits]"),
        ("# cells", "cells"),
        ("# [applications]", "[applications]"),
        ("# [fraud]", "[fraud]"),
        ("# [crosswalk]", "[crosswalk]"),
        ("# path", "path"),
        ("# path", "path"),
        ("# path", "path"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    plan = Plan.parse(text, path=folder / "plan.toml")
    assert list(plan.inputs) == ["students", "accounts", "applications", "fraud", "crosswalk"]
    bare = read(folder)
    assert plan.thresholds == bare.thresholds
    assert plan.workspace == bare.workspace
    assert plan.registry == bare.registry
    assert plan.accounts.max_age_days == bare.accounts.max_age_days


@pytest.mark.parametrize(
    ("keys", "read"),
    [
        (('path = ["north.csv"',), "north.csv, {}south.csv (banner)"),
        (('path = "extracts"', "parts"), "all files of {}extracts (banner)"),
        (("url", "sql", "parameters"), "a query to the database at $SIS_URL, {}students.sql (banner)"),
    ],
)
def test_the_other_ways_of_the_template_are_known(folder: Path, keys: tuple[str, ...], read: str) -> None:
    text = Plan.template().replace('path = ""', "", 1).replace('layout = ""', 'layout = "banner"', 1)
    for key in keys:
        assert f"\n#   {key}" in text
        text = text.replace(f"\n#   {key}", f"\n{key}", 1)
    text = text.replace('sql"       #', 'sql" #')
    with pytest.raises(PlanError) as caught:
        Plan.parse(text, path=folder / "plan.toml", files=False)
    assert "[students]" not in str(caught.value)
    good = GOOD.replace('path = "students.csv"', _between(text, "[students]", "# [students.options]"))
    good = good.replace('layout = "banner"\noptions', "options")
    students = Plan.parse(good, path=folder / "plan.toml", files=False).students
    assert str(students).endswith(read.format(f"{folder}{os.sep}"))


def _between(text: str, begin: str, end: str) -> str:
    return text.partition(begin)[2].partition(end)[0]


def test_every_way_to_read_a_table(folder: Path) -> None:
    (folder / "parts").mkdir()
    for name in ("apps.xlsx", "fraud.zip", "north.csv", "south.csv"):
        (folder / name).touch()
    (folder / "before.sql").write_text("SELECT 1", encoding="utf-8")
    plan = read(
        folder,
        ('path = "students.csv"', 'path = ["north.csv", "south.csv"]\nlimits = { cells = 7, unpacked = 1 }'),
        more='[applications]\npath = "apps.xlsx"\nsheet = 2\n'
        '[fraud]\npath = "fraud.zip"\nmember = "fraud.csv"\n'
        '[crosswalk]\npath = "parts"\nparts = true\n'
        '[accounts.previous]\nurl = "postgresql+psycopg://reader@host/sis"\nsql = "before.sql"\n'
        'parameters = { term = "2026", since = 2026-01-02, all = true }\n',
    )
    assert plan.students.path == (folder / "north.csv", folder / "south.csv")
    assert plan.students.limits == {"cells": 7, "unpacked": 1}
    assert (plan.applications.sheet, plan.fraud.member, plan.crosswalk.parts) == (2, "fraud.csv", True)  # type: ignore[union-attr]
    previous = plan.accounts.previous
    assert previous is not None
    assert (previous.path, previous.layout) == (None, "openccc")
    assert previous.query == QueryPlan(
        url="postgresql+psycopg://reader@host/sis",
        sql=folder / "before.sql",
        parameters={"term": "2026", "since": date(2026, 1, 2), "all": True},
    )
    assert "host" not in repr(previous)
    assert [*plan.read_in_all][-1] == "accounts.previous"


def test_an_earlier_snapshot_is_read_as_the_later_one_unless_told_otherwise(folder: Path) -> None:
    for name in ("accounts.xlsx", "before.xlsx"):
        (folder / name).touch()
    alike = read(
        folder,
        ('path = "accounts.csv"', 'path = "accounts.xlsx"\nsheet = "Fall"\nprevious = "before.xlsx"'),
    ).accounts.previous
    assert alike is not None
    assert (alike.path, alike.sheet) == (folder / "before.xlsx", "Fall")
    other = read(
        folder,
        ('path = "accounts.csv"', 'path = "accounts.xlsx"\nsheet = "Fall"'),
        more='[accounts.previous]\npath = "accounts.xlsx"\nsheet = "Spring"\n',
    ).accounts.previous
    assert other is not None
    assert (other.sheet, other.layout) == ("Spring", "openccc")


STUDENTS = 'path = "students.csv"'
QUERY = f'{STUDENTS}\nurl = "$SIS_URL"\nsql = "SELECT 1"'


@pytest.mark.parametrize(
    ("instead", "expected"),
    [
        ("", '[students] path: is missing; a file such as "students.csv", a list of files, or the url and'),
        ("path = []", "[students] path: an empty list was found; a file such as"),
        ("path = 5", "[students] path: a number was found"),
        ('path = ["students.csv", 5]', "[students] path: a list was found"),
        ('path = ["students.csv", "./students.csv"]', "[students] path: names a file twice"),
        ('path = ["students.csv", "no.csv"]', "no.csv does not exist"),
        ('path = ["students.csv", "."]', "is a folder; name the file in it."),
        ('path = "."', "or add parts = true if all in it are one table."),
        (f"{STUDENTS}\nparts = true", "is a file; parts = true is for a folder"),
        ('path = "no"\nparts = true', "no does not exist"),
        ('path = ["students.csv"]\nparts = true', "[students] parts: goes with a folder"),
        ('path = ["students.csv"]\nmember = "x"', "[students] member: names a file within one archive"),
        ('path = "."\nparts = true\nmember = "x"', "[students] member: names a file within one archive"),
        (f"{STUDENTS}\nsheet = 0", "[students] sheet: a number was found; a name such as"),
        (f"{STUDENTS}\nsheet = true", "[students] sheet: true or false was found"),
        (f'{STUDENTS}\nsheet = 1\nencoding = "cp1252"', "[students] encoding: does not go with sheet"),
        (f'{STUDENTS}\nsql = "SELECT 1"', "[students] sql: goes with url"),
        (f"{STUDENTS}\nparameters = {{ a = 1 }}", "[students] parameters: goes with url"),
        (QUERY, "[students] url: does not go with path"),
        (f'{QUERY}\nsheet = "x"\nmember = "y"', "[students] sheet: does not go with url"),
        (f'{QUERY}\nencoding = "cp1252"\nparts = true', "[students] parts: does not go with url"),
        ('url = "$SIS_URL"', "[students] sql: is missing"),
        ('url = "$SIS_URL"\nsql = "no.sql"', "no.sql does not exist"),
        (
            'url = "$SIS_URL"\nsql = "SELECT 1"\nparameters = { a = [1] }',
            "[students] parameters: a table was",
        ),
        ('url = "$SIS-URL"\nsql = "SELECT 1"', "name of an environment variable is needed"),
        ('url = "sis"\nsql = "SELECT 1"', "the address of a database such as"),
        ('url = "sqlite:///no.sqlite"\nsql = "SELECT 1"', "no.sqlite does not exist"),
        (f"{STUDENTS}\nlimits = 5", "[students] limits: a number was found; a table is needed"),
        (
            f"{STUDENTS}\nlimits = {{ cells = 0 }}",
            "[students.limits] cells: a number was found; a whole number",
        ),
        (
            f"{STUDENTS}\nlimits = {{ cels = 5 }}",
            '[students.limits] cels: no such key. Did you mean "cells"?',
        ),
    ],
)
def test_ways_to_read_that_do_not_go_together(folder: Path, instead: str, expected: str) -> None:
    assert expected in refusal(folder, (STUDENTS, instead))


@pytest.mark.parametrize(
    "url",
    [
        "oracle+oracledb://reader:Quetzal-7@host/sis",
        "postgresql://reader@host/sis?password=Quetzal-7",
        "mssql+pyodbc:///?odbc_connect=UID%3Dreader%3BPWD%3DQuetzal-7",
        "postgresql://reader:Quetzal-7%40@host",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_shown(folder: Path, url: str) -> None:
    said = refusal(folder, (STUDENTS, f'url = "{url}"\nsql = "SELECT 1"'))
    assert 'url = "$SIS_URL"' in said
    assert "Quetzal" not in said


def test_a_sqlite_file_stands_beside_the_plan(folder: Path) -> None:
    (folder / "sis.sqlite").touch()
    plan = read(folder, (STUDENTS, 'url = "sqlite:///sis.sqlite"\nsql = """\nSELECT 1\nFROM a.sql"""'))
    assert plan.students.query is not None
    assert plan.students.query.url == f"sqlite:///{folder / 'sis.sqlite'}"
    assert plan.students.query.sql == "SELECT 1\nFROM a.sql"


@pytest.mark.parametrize(
    ("students", "accounts", "expected"),
    [
        ('path = "x.xlsx"\nsheet = 1', 'path = "x.xlsx"\nsheet = 2', None),
        ('path = "x.zip"\nmember = "a"', 'path = "x.zip"\nmember = "b"', None),
        ('path = "x.xlsx"\nsheet = 1', 'path = "x.xlsx"\nsheet = 1', "is the same file as [students] path"),
        ('path = "x.xlsx"', 'path = "x.xlsx"\nsheet = 1', "is the same file as [students] path"),
        ('path = ["x.csv", "y.csv"]', 'path = "y.csv"', "names a file that is read already for [students]"),
        ('path = "d"\nparts = true', 'path = "d/y.csv"', "names a file that is read already for [students]"),
        ('path = "x.csv"', 'path = "y.csv"\nprevious = "y.csv"', "[accounts] previous: is the same file as"),
        ('url = "$A"\nsql = "SELECT 1"', 'url = "$A"\nsql = "SELECT 1"', "[accounts] sql: is the same query"),
        ('url = "$A"\nsql = "SELECT 1"', 'url = "$A"\nsql = "SELECT 2"', None),
    ],
)
def test_one_table_is_not_two_inputs(
    folder: Path, students: str, accounts: str, expected: str | None
) -> None:
    text = GOOD.replace(STUDENTS, students).replace('path = "accounts.csv"', accounts)
    place = folder / "plan.toml"
    if expected is None:
        assert Plan.parse(text, path=place, files=False).students.path != ()
        return
    with pytest.raises(PlanError) as caught:
        Plan.parse(text, path=place, files=False)
    assert expected in str(caught.value)


def test_the_limits_of_a_plan_are_those_of_the_reader() -> None:
    assert sorted(LIMITS) == sorted(limit.name for limit in dataclasses.fields(Limits))


def test_what_is_read_is_printed_and_a_missing_address_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read(folder, (STUDENTS, 'url = "$SIS_URL"\nsql = "SELECT 1"'))
    monkeypatch.delenv("SIS_URL", raising=False)
    assert main(["plan", "check", str(folder / "plan.toml")]) == 2
    assert "[students] of" in (said := capsys.readouterr().err)
    assert "environment variable SIS_URL is not set" in said
    monkeypatch.setenv("SIS_URL", "oracle+oracledb://reader:Quetzal-7@host/sis")
    assert main(["plan", "check", str(folder / "plan.toml")]) == 0
    said = capsys.readouterr().out
    assert "Students     a query to the database at $SIS_URL (banner)" in said
    assert f"Accounts     {folder / 'accounts.csv'} (openccc)" in said
    assert "Quetzal" not in said
    read(folder, (STUDENTS, 'url = "$SIS_URL"\nsql = "DELETE FROM x"'))
    assert main(["plan", "check", str(folder / "plan.toml")]) == 2
    assert "begins with SELECT or WITH" in capsys.readouterr().err


def test_days_and_sections_of_another_kind(tmp_path: Path) -> None:
    reader = Reader('a = 1\n[b]\nday = "2026-02-30"\ntimes = 2026-11-30T00:00:00\n', tmp_path / "plan.toml")
    reader.text("a", "key")
    reader.day("b", "day")
    reader.day("b", "times")
    assert [problem.split(":")[0] for problem in reader.problems()] == ["[a] key", "[b] day", "[b] times"]


def test_a_plan_says_how_the_dictionary_is_applied(folder: Path) -> None:
    (folder / "ours.yaml").write_text("[]", encoding="utf-8")
    (folder / "before.csv").touch()
    plan = read(
        folder,
        ('proposer = "analyst"', 'proposer = "analyst"\nmailbox = "accounts@college.edu"'),
        ('scope = "systemwide"', 'scope = "systemwide"\nprevious = "before.csv"'),
        more='[rules]\nlocal = "ours.yaml"\nwide_cccid = true\n'
        "[rules.at_most]\nphone_shape = 0.05\nemail_unique = 3\n",
    )
    assert plan.policy == Policy(
        wide_cccid=True,
        mailbox=True,
        systemwide=True,
        local=folder / "ours.yaml",
        at_most={"phone_shape": 0.05, "email_unique": 3},
    )
    assert plan.accounts.previous.path == folder / "before.csv"
    assert read(folder).policy == Policy()


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ((), '[rules]\nlocal = "none.yaml"', "[rules] local: "),
        (
            (),
            "[rules.at_most]\nphone_shape = -1",
            "[rules] at_most: a table was found; a table of numbers, not",
        ),
        ((), '[rules.at_most]\nphone_shape = "many"', "[rules] at_most: "),
        ((), "[rules]\nstrict = true", "[rules] strict: no such key."),
        (
            (('proposer = "analyst"', 'proposer = "analyst"\nmailbox = "accounts+1@college.edu"'),),
            "",
            "[mint] mailbox: an address of the college",
        ),
        (
            (('scope = "systemwide"', 'scope = "systemwide"\nprevious = "no.csv"'),),
            "",
            "[accounts] previous: ",
        ),
    ],
)
def test_how_the_dictionary_cannot_be_applied(
    folder: Path, changes: tuple[tuple[str, str], ...], more: str, words: str
) -> None:
    assert words in refusal(folder, *changes, more=more)


SAID = '[request]\nuse_case = "unhoused"\ncannot_self_serve = "no device"\nidentity_check = "at desk"\n'


def test_what_requests_have_in_common(folder: Path) -> None:
    assert read(folder).request is None
    said = read(folder, more=f"{SAID}proxy_application = true\n").request
    assert said is not None
    assert said.columns == {
        "use_case": "unhoused",
        "cannot_self_serve": "no device",
        "identity_check": "at desk",
        "proxy_application": "true",
    }
    assert "[request] use_case: " in refusal(folder, more=SAID.replace("unhoused", "friends"))
    assert "[request] identity_check: is missing" in refusal(folder, more=SAID.rpartition("identity")[0])


def test_what_is_done_after_a_run_may_be_left_out_and_its_own_shape_is_found_beside_the_plan(
    folder: Path,
) -> None:
    plain = read(folder)
    assert (plain.writeback.shape, plain.writeback.code, plain.retention.runs) == (None, None, None)
    more = '[writeback]\nshape = "ours.toml"\ncode = "CCCX"\n[retention]\nruns = 730\n'
    plan = read(folder, more=more)
    assert plan.writeback.shape == str(folder / "ours.toml")
    assert (plan.writeback.code, plan.retention.runs, plan.retention.drafts) == ("CCCX", 730, None)
    assert read(folder, more='[writeback]\nshape = "banner"\n').writeback.shape == "banner"
    with pytest.raises(PlanError, match=r'\[writeback\] cod: no such key. Did you mean "code"'):
        read(folder, more='[writeback]\ncod = "X"\n')
