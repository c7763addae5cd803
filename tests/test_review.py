"""A work list goes out, decisions come in: by whatever spreadsheet, and bound to what was seen."""

from __future__ import annotations

import csv
import io
import stat
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.files import permissions_are_enforced
from reconcile.flow.decisions import read_decisions
from reconcile.review import DECISIONS, review, standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[list[str]]

STUDENTS = pl.DataFrame(
    {
        "sis_id": ["0000012", "0000345", "@0000078"],
        "first_name": ["Zythromanda", "Béatrïx", "Ann"],
        "last_name": ["Qarvellonix", 'Nuñez, "Bea"', "Lee\nRoy"],
        "birthdate": ["2001-02-03", None, "1999-12-31"],
        "ssn": ["hidden", None, None],
        "line": [2, 3, 4],
    }
)
ACCOUNTS = pl.DataFrame(
    {
        "cccid": ["DEC2001", "ABD1234", "MAR0012"],
        "first_name": ["Zythromanda", "Beatrix", "Anne"],
        "last_name": ["Qarvellonix", "Nunez", "Lee"],
        "birthdate": ["2001-02-03", "2000-05-05", "1999-12-31"],
        "email": ["z@example.net", None, None],
    }
)
PAIRS = pl.DataFrame(
    {
        "id_l": ["@0000078", "0000012", "0000345", "0000012"],
        "id_r": ["MAR0012", "DEC2001", "ABD1234", "ABD1234"],
        "match_weight": [3.0, 9.0, 9.0, 20.0],
        "match_probability": [0.6, 0.95, 0.95, 0.999],
        "band": pl.Series(["review", "review", "review", "link"], dtype=pl.Enum(["link", "review", "none"])),
        "guard": [None, "birthdate_differs", None, None],
        "level_first_name": ["one_edit", "exact", "one_edit", "different"],
    }
)
IDS = ("sis_id", "cccid")


def listed(pairs: object = PAIRS, **options: object):
    return review(pairs, STUDENTS, ACCOUNTS, id=IDS, **options)  # type: ignore[arg-type]


def filled_in(path: Path, *words: str, change: Callable[[Rows], None] | None = None) -> Rows:
    """Read the list as rows, with decisions in it."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    for row, word in zip(rows[1:], words, strict=False):
        row[rows[0].index("decision")] = word
    if change:
        change(rows)
    return rows


def save(path: Path, rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding, errors="replace"))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return listed().write(tmp_path / "list.csv")


def test_the_list_has_the_doubtful_pairs_the_most_telling_first() -> None:
    made = listed()
    assert made.frame.select("id_l", "id_r").rows() == [
        ("0000012", "DEC2001"),
        ("0000345", "ABD1234"),
        ("@0000078", "MAR0012"),
    ]
    assert made.waiting == 3
    assert made.frame["agreement"][0] == "agrees on first name"
    assert made.frame["table"].unique().to_list() == ["links"]
    assert made.frame["why"].to_list() == [
        "the birthdate is not known on both sides",
        "the figures leave it open",
        "the figures leave it open",
    ]


@pytest.mark.parametrize(
    ("day", "why"), [("one_part", "the birthdate does not agree"), ("missing", "is not known on both sides")]
)
def test_a_birthdate_that_nobody_compared_is_not_said_to_differ(day: str, why: str) -> None:
    made = listed(PAIRS.with_columns(level_birthdate=pl.lit(day)))
    assert made.frame["why"][0].endswith(why)


def test_how_likely_a_pair_is_stands_in_the_list_only_when_asked_for(tmp_path: Path) -> None:
    assert "match_probability" not in listed().frame.columns
    scored = listed(scores=True)
    assert scored.frame["match_probability"].to_list() == [0.95, 0.95, 0.6]
    assert scored.frame["hash"].equals(listed().frame["hash"])
    path = scored.write(tmp_path / "scored.csv")
    save(path, filled_in(path, "match"))
    assert read_decisions(path)["id_l"].to_list() == ["0000012"]


def test_other_bands_and_a_limit() -> None:
    made = listed(bands=("link", "review"), limit=2)
    assert made.frame["match_weight" if "match_weight" in made.frame else "id_l"].to_list() == [
        "0000012",
        "0000012",
    ]
    assert made.waiting == 4


def test_fields_stand_side_by_side_and_an_ssn_is_not_among_them() -> None:
    frame = listed().frame
    names = [name for name in frame.columns if name.endswith(("_l", "_r"))]
    assert names == [
        "id_l", "id_r", "first_name_l", "first_name_r", "last_name_l", "last_name_r", "birthdate_l",
        "birthdate_r", "email_l", "email_r",
    ]  # fmt: skip
    assert frame["email_l"].null_count() == 3


def test_a_result_of_link_is_as_good_as_its_pairs() -> None:
    assert listed(SimpleNamespace(pairs=PAIRS)).frame.equals(listed().frame)


def test_duplicates_are_pairs_of_one_table() -> None:
    pairs = PAIRS.with_columns(id_r=pl.lit("0000345")).filter(pl.col("id_l") != pl.col("id_r"))
    frame = review(pairs, STUDENTS, id="sis_id").frame
    assert frame["table"].unique().to_list() == ["duplicates"]
    assert frame["why"].to_list()[-1] == "decides whether the two records are one person"
    assert frame["first_name_r"].unique().to_list() == ["Béatrïx"]


def test_nobody_is_shown_on_a_screen() -> None:
    made = listed()
    shown = repr(made) + made._repr_html_()
    assert "0000012" in shown
    assert "3 pairs wait" in shown
    assert not any(value in shown for value in ("Zythromanda", "Qarvellonix", "2001-02-03"))


def test_no_pairs_are_an_empty_list(tmp_path: Path) -> None:
    made = listed(PAIRS.clear())
    assert (made.waiting, made.frame.height) == (0, 0)
    assert read_decisions(made.write(tmp_path / "list.csv")).height == 0


@pytest.mark.parametrize(("left", "right"), [("id", "cccid"), ("sis_id", "id")])
def test_a_missing_id_column_is_named(left: str, right: str) -> None:
    with pytest.raises(InputError, match='No column "id" in the table whose ids are id_'):
        review(PAIRS, STUDENTS, ACCOUNTS, id=(left, right))


@pytest.mark.skipif(not permissions_are_enforced(), reason="another operating system")
def test_the_list_is_for_its_owner_only(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_decisions_come_back_however_a_spreadsheet_saved_them(
    path: Path, encoding: str, delimiter: str
) -> None:
    save(path, filled_in(path, " Match", "", "UNSURE "), delimiter=delimiter, encoding=encoding)
    read = read_decisions(path)
    assert read.select("table", "id_l", "id_r", "decision").rows() == [
        ("links", "0000012", "DEC2001", "match"),
        ("links", "@0000078", "MAR0012", "unsure"),
    ]
    assert read["hash"].to_list() == listed().frame["hash"].gather([0, 2]).to_list()


def test_ids_get_their_leading_zeros_back(path: Path) -> None:
    def cut(rows: Rows) -> None:
        for row in rows[1:3]:
            row[1] = row[1].lstrip("0")

    save(path, filled_in(path, "match", "different", change=cut))
    assert read_decisions(path)["id_l"].to_list() == ["0000012", "0000345"]


def test_what_cannot_be_used_is_named_line_by_line(path: Path) -> None:
    def spoil(rows: Rows) -> None:
        rows[1][2] = "1-Dec"  # what a spreadsheet makes of DEC2001

    save(path, filled_in(path, "match", "diferent", "Qarvellonix", change=spoil))
    with pytest.raises(InputError) as caught:
        read_decisions(path)
    said = str(caught.value).splitlines()
    assert said[0] == f"{path}:"
    assert "line 2: the ids are not the ones that were written" in said[1]
    assert 'line 3: not a decision. Did you mean "different"?' in said[2]
    assert "line 4: not a decision. Known: different, match, unsure." in said[3]
    assert "Qarvellonix" not in str(caught.value)
    assert caught.value.__context__ is None


def test_other_files_are_refused(tmp_path: Path) -> None:
    for text, message in (
        ("", "other.csv is empty"),
        ("sis_id,decision\n1,match\n", "has no column table, id_l, id_r"),
    ):
        (tmp_path / "other.csv").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_decisions(tmp_path / "other.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_decisions(tmp_path)


def test_a_line_that_breaks_off_may_have_lost_a_decision_and_is_named(path: Path) -> None:
    rows = filled_in(path, "match")
    save(path, [*rows[:2], rows[2][:4], rows[3], []])
    with pytest.raises(InputError, match=r"list.csv:\n  line 3: 4 fields where 16 were expected"):
        read_decisions(path)


def decisions(*words: str) -> pl.DataFrame:
    keys = listed().frame.select("table", "id_l", "id_r", "hash").head(len(words))
    return keys.with_columns(decision=pl.Series(words, dtype=pl.String))


def test_a_decided_pair_is_not_asked_again_until_a_record_changes() -> None:
    made = decisions("match", "different")
    assert listed(decided=made).frame["id_l"].to_list() == ["@0000078"]
    married = STUDENTS.with_columns(last_name=pl.Series(["Newname", 'Nuñez, "Bea"', "Lee\nRoy"]))
    assert review(PAIRS, married, ACCOUNTS, id=IDS, decided=made).waiting == 2
    moved = STUDENTS.with_columns(line=pl.col("line") + 1, ssn=pl.lit("other"))  # not what a reviewer sees
    assert review(PAIRS, moved, ACCOUNTS, id=IDS, decided=made).waiting == 1


def test_a_decision_stands_while_its_records_are_as_they_were() -> None:
    made = decisions(*DECISIONS)
    known = standing(made, STUDENTS, ACCOUNTS, id=IDS)
    assert (known.frame.equals(made), known.changed) == (True, 0)
    married = ACCOUNTS.with_columns(last_name=pl.Series(["Newname", "Nunez", "Lee"]))
    after = standing(made, STUDENTS, married, id=IDS)
    assert after.frame["id_r"].to_list() == ["ABD1234", "MAR0012"]
    assert after.changed == 1


def test_decisions_about_others_are_no_change() -> None:
    made = decisions(*DECISIONS)
    known = standing(made, STUDENTS.head(1), ACCOUNTS, id=IDS)
    assert (known.frame.height, known.changed) == (1, 0)
    assert standing(made, STUDENTS, id="sis_id").frame.height == 0
    assert standing(made.clear(), STUDENTS, ACCOUNTS, id=IDS).changed == 0


def test_a_hash_is_never_taken_for_a_number() -> None:
    hashes = listed().frame["hash"].to_list()
    assert all(text.startswith("h") for text in hashes)
    assert len(set(hashes)) == 3


def test_a_text_that_a_spreadsheet_would_calculate_is_written_as_text_and_read_as_it_was(
    tmp_path: Path,
) -> None:
    left = pl.DataFrame({"id": ["=1+1"], "first_name": ['=HYPERLINK("x")'], "last_name": ["-Doe"]})
    right = pl.DataFrame({"id": ["@2"], "first_name": ["Jo"], "last_name": ["+Doe"]})
    pairs = pl.DataFrame(
        {"id_l": ["=1+1"], "id_r": ["@2"], "band": ["review"], "guard": [None], "match_weight": [1.0],
         "match_probability": [0.5]}, schema_overrides={"guard": pl.String},
    )  # fmt: skip
    path = review(pairs, left, right).write(tmp_path / "list.csv")
    cells = [cell for row in filled_in(path) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    save(path, filled_in(path, "match"))
    assert read_decisions(path).select("id_l", "id_r").row(0) == ("=1+1", "@2")


def test_a_list_may_be_a_workbook(tmp_path: Path) -> None:
    asked = listed()
    filled = replace(asked, frame=asked.frame.with_columns(decision=pl.lit("match")))
    read = read_decisions(filled.write(tmp_path / "list.xlsx"))
    assert read.select("id_l", "id_r").rows() == asked.frame.select("id_l", "id_r").rows()
