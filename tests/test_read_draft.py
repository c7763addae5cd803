"""A first mapping: what names tell is written down, guesses wait behind a #, and it can be read with."""

from __future__ import annotations

import csv
import re
import tomllib
from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.privacy import SsnKey
from reconcile.read import read
from reconcile.read.layouts.draft import GUESS, LACKING, SEVERAL, UNUSED, Draft, draft
from reconcile.read.layouts.draft_fixed import draft_fixed
from reconcile.read.layouts.guess import by_values, by_words
from reconcile.read.layouts.layout import load_layout
from reconcile.sample import layouts as sample

if TYPE_CHECKING:
    from pathlib import Path

KEY = SsnKey(bytes(32))
GENERIC = load_layout("generic")
VALUES = {
    "sis_id": [f"A{at:08}" for at in range(40)],
    "birthdate": [f"{1980 + at % 25}-0{at % 9 + 1}-1{at % 10}" for at in range(40)],
    "email": [f"quetzal{at}@example.org" for at in range(40)],
    "phone": [f"({at + 201}) 555-01{at:02}" for at in range(40)],
    "zip": [f"9{at % 7:04}" for at in range(40)],
    "cccid": [f"ABC{at + 1:04}" for at in range(40)],
    "term": ["2024FA", "2025SP"] * 20,
    "state": ["CA", "CA", "NV", "CA"] * 10,
    "ssn": [f"212-09-{at:04}" for at in range(40)],
}


def put(path: Path, names: list[str] | None, rows: list[list[str]], mark: str = ",") -> Path:
    lines = [mark.join(row) for row in ([names] if names else []) + rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def written(made: Draft, folder: Path) -> Path:
    path = folder / "mapping.toml"
    path.write_text(made.text, encoding="utf-8")
    return path


def how(made: Draft) -> dict[str, tuple[str, str]]:
    return {column: (field, how) for column, field, how in made.rows.rows()}


@pytest.mark.parametrize("name", ["banner", "colleague", "peoplesoft", "openccc"])
def test_a_known_system_is_mapped_by_name_and_read_as_before(name: str, tmp_path: Path):
    names = [*getattr(sample, name.upper())]
    row = ["" if "DECEASED" in column or "_on" in column else "1" for column in names]
    path = put(tmp_path / "students.csv", names, [row])
    made = draft(path)
    assert (made.base, made.lacking) == (name, ())
    assert UNUSED not in set(made.rows["how"]) or name == "openccc"
    options = {"alt_id_type": "", "additional_id_code": ""} if name != "openccc" else {}
    options = {key: value for key, value in options.items() if key in load_layout(name).options}
    mine = read(path, layout=written(made, tmp_path), options=options, ssn_key=KEY)
    theirs = read(path, layout=name, options=options, ssn_key=KEY)
    assert mine.frame.equals(theirs.frame)
    assert mine.diagnostics.equals(theirs.diagnostics)


@pytest.mark.parametrize("field", VALUES)
def test_what_a_column_holds_is_a_guess(field: str):
    guess = by_values(pl.Series("X", VALUES[field]), GENERIC)
    assert guess is not None
    assert guess.field == field


def test_what_many_columns_may_hold_is_not_guessed_at():
    for values in (["yes", "no"] * 9, [str(at) for at in range(40)], ["2025-09-01"] * 9, ["1"], [None] * 9):
        assert by_values(pl.Series("X", values, dtype=pl.String), GENERIC) is None


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("StuLastNm", "last_name"),
        ("PERS_FRST_NM", "first_name"),
        ("Student Birth Dt", "birthdate"),
        ("HomePhoneNbr", "phone"),
        ("LEGAL-MIDDLE-NAME", "middle_name"),
        ("Mailing Zip", "zip"),
    ],
)
def test_the_words_of_a_name_are_a_guess(name: str, field: str):
    guess = by_words(name, GENERIC)
    assert guess is not None
    assert guess.field == field


def test_guesses_stand_behind_a_mark_and_can_be_taken(tmp_path: Path):
    columns = ["sis_id", "email", "birthdate", "phone"]
    rows = [[*(VALUES[field][at] for field in columns), "Quetzal", "note"] for at in range(40)]
    path = put(tmp_path / "a.csv", ["KEY", "d1", "d2", "d3", "StuLastNm", "remark"], rows)
    made = draft(path)
    assert made.lacking == ("sis_id", "last_name")
    assert how(made)["KEY"][0] == "sis_id"
    assert how(made)["KEY"][1].startswith(GUESS)
    assert how(made)["remark"] == ("", UNUSED)
    assert {"required", "optional"} <= tomllib.loads(made.text).keys()
    with pytest.raises(InputError, match=r"mapping\.toml.*sis_id"):
        read(path, layout=written(made, tmp_path), ssn_key=KEY)
    own = written(made, tmp_path)
    own.write_text(re.sub(r"^# (\w+ = .*# a guess:)", r"\1", made.text, flags=re.MULTILINE), encoding="utf-8")
    frame = read(path, layout=own, ssn_key=KEY).frame
    assert frame["last_name"].unique().to_list() == ["Quetzal"]
    assert frame.select(columns).row(0) == tuple(VALUES[field][0] for field in columns)


def test_no_value_gets_into_the_draft(tmp_path: Path):
    rows = [[values[at] for values in VALUES.values()] + ["Quetzal"] for at in range(40)]
    for names in (None, [f"c{at}" for at in range(10)], [*VALUES, "last_name"]):
        made = draft(put(tmp_path / "a.csv", names, rows))
        shown = made.text + str(made.rows.rows())
        for value in ("Quetzal", "quetzal", "A00000", "212-09", "ABC0", "2024FA", "94"):
            assert value not in shown
    assert tomllib.loads(draft(put(tmp_path / "a.csv", None, rows)).text)["base"] == "generic"


def test_a_column_without_a_usable_name_is_called_by_its_number(tmp_path: Path):
    rows = [[VALUES["sis_id"][at], "Quetzal", VALUES["email"][at]] for at in range(40)]
    made = draft(put(tmp_path / "a.csv", None, rows))
    assert "# sis_id = 1  # a guess" in made.text
    assert made.rows["column"].to_list()[:3] == ["column 1", "column 2", "column 3"]


def test_several_columns_for_one_field_are_left_to_the_user(tmp_path: Path):
    rows = [[VALUES["sis_id"][at], "Quetzal", VALUES["phone"][at], VALUES["phone"][at]] for at in range(9)]
    path = put(tmp_path / "a.csv", ["student_id", "last_name", "Cell", "Mobile"], rows)
    with pytest.raises(InputError, match='phone could be "Mobile" and "Cell"'):
        read(path, layout="generic", ssn_key=KEY)
    made = draft(path)
    assert how(made)["Cell"] == how(made)["Mobile"] == ("phone", SEVERAL)
    assert read(path, layout=written(made, tmp_path), ssn_key=KEY).frame["phone"].null_count() == 9


def test_a_column_name_with_marks_of_toml_is_no_toml(tmp_path: Path):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([['a\\"b"', "sis_id", '"]\nbase = "x', "last_name"], ["x", "1", "y", "z"]])
    made = draft(path)
    assert tomllib.loads(made.text)["base"] == "generic"
    assert read(path, layout=written(made, tmp_path), ssn_key=KEY).frame["sis_id"].to_list() == ["1"]


def test_a_layout_to_start_from_is_a_shipped_one(tmp_path: Path):
    path = put(tmp_path / "a.csv", ["EMPLID", "LAST_NAME"], [["1", "Quetzal"]])
    made = draft(path, layout="peoplesoft")
    assert made.base == "peoplesoft"
    assert made.rows.filter(how=LACKING)["field"].to_list() == ["first_name"]
    with pytest.raises(InputError, match='"peoplesoft"'):
        draft(path, layout="peoplesft")


def fixed(head: bool = True, ruler: bool = False) -> list[str]:
    widths = [10, 14, 12, 18, 8]
    names = ["ID", "LAST NAME", "BIRTH DATE", "PHONE", "CCCID"]
    lines = ["".join(f"{name:<{width}}" for name, width in zip(names, widths, strict=True))] if head else []
    lines += [" ".join("-" * (width - 1) for width in widths)] if ruler else []
    cells = [VALUES["sis_id"], ["Quetzal" + "a" * (at % 5) for at in range(40)], VALUES["birthdate"]]
    cells += [VALUES["phone"], VALUES["cccid"]]
    return lines + [
        "".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in zip(*cells, strict=True)
    ]


@pytest.mark.parametrize("above", [[], ["Students of a term", ""]])
@pytest.mark.parametrize("ruler", [False, True])
def test_a_fixed_width_file_is_drafted_with_positions_and_read(above: list[str], ruler: bool, tmp_path: Path):
    path = tmp_path / "students.txt"
    path.write_text("\n".join([*above, *fixed(ruler=ruler), "", "40 rows selected."]), encoding="utf-8")
    made = draft_fixed(path)
    assert "Quetzal" not in made.text
    content = tomllib.loads(made.text)
    assert [*content["positions"].values()][:4] == [[1, 10], [11, 24], [25, 36], [37, 54]]
    assert content["fixed"]["skip"] == len(above) + 1 + ruler
    frame = read(path, layout=written(made, tmp_path), ssn_key=KEY).frame
    for field in ("sis_id", "birthdate", "phone"):
        assert frame[field].to_list() == VALUES[field]
    assert frame["cccids"].list.first().to_list() == VALUES["cccid"]


def test_without_names_the_fields_are_numbered(tmp_path: Path):
    path = tmp_path / "students.txt"
    path.write_text("\n".join(fixed(head=False)), encoding="utf-8")
    made = draft_fixed(path)
    assert '# sis_id = "field_1"  # a guess' in made.text
    assert tomllib.loads(made.text)["fixed"]["skip"] == 0
    assert "A99999999 Aaaaaaa" in made.text
    with pytest.raises(InputError, match="--fixed"):
        draft(path)


def test_numbers_to_the_right_keep_their_blanks(tmp_path: Path):
    path = tmp_path / "units.txt"
    path.write_text("\n".join(f"A{at:04}{10 ** (at % 5):>9}" for at in range(20)), encoding="utf-8")
    assert [*tomllib.loads(draft_fixed(path).text)["positions"].values()] == [[1, 5], [6, 14]]


@pytest.mark.parametrize(("content", "message"), [("", "is empty"), ("a\tb\nc\td\n", "holds tabs")])
def test_what_has_no_positions_is_refused(content: str, message: str, tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        draft_fixed(path)


def test_usual_words_start_from_the_generic_layout(tmp_path: Path):
    rows = [["A1", "Ada", "Quetzal", "2001-02-03"], ["A2", "Tove", "Imre", "2001-02-04"]]
    made = draft(put(tmp_path / "a.csv", ["id", "first", "last", "birthdate"], rows))
    assert (made.base, made.lacking) == ("generic", ())
    with pytest.raises(InputError, match=r"ours\.toml is a layout of your own.*generic"):
        draft(tmp_path / "a.csv", layout="ours.toml")


def test_what_is_hidden_is_shown_as_such_and_one_shape_is_one(tmp_path: Path):
    texts = ["x", "yy1", "zzz 12"]
    rows = [[f"A{at}", "Quetzal", *[f"212-09-000{at}"] * 2, texts[at]] for at in range(3)]
    text = draft(put(tmp_path / "a.csv", ["id", "last_name", "SSN", "num", "code"], rows)).text
    assert '"num": all filled, 3 different; keyed hashes of SSNs\n' in text
    assert "and 1 more shape\n" in text


def test_parts_of_one_table_are_mapped_once(tmp_path: Path):
    put(tmp_path / "a.csv", ["id", "last_name"], [["A1", "Quetzal"]])
    put(tmp_path / "b.csv", ["id", "last_name"], [["A2", "Imre"]])
    made = draft(tmp_path, parts=True)
    assert (made.base, made.lacking) == ("generic", ())


@pytest.mark.parametrize("mark", [",", ";", "|"])
def test_what_a_sign_separates_is_no_fixed_width(mark: str, tmp_path: Path):
    path = put(
        tmp_path / "a.csv", ["id", "last"], [[f"A{at}", "Quetzal" + "a" * (at % 3)] for at in range(9)], mark
    )
    with pytest.raises(InputError, match=r"separates its fields\. Leave --fixed out"):
        draft_fixed(path)


def test_a_comma_within_a_name_of_fixed_width_separates_nothing(tmp_path: Path):
    lines = [f"A{at:04}  {'Quetzal' + 'a' * (at % 4) + ', Ada':<20}2001-02-03" for at in range(12)]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "[positions]" in draft_fixed(path).text
