from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reconcile.columns import CONSENT
from reconcile.errors import InputError
from reconcile.read import read
from reconcile.read.layouts.layout import (
    check_options,
    guess_layout,
    load_layout,
    map_columns,
    plain,
    shipped_layouts,
)
from reconcile.report.tables import CROSSWALK_COLUMNS
from reconcile.sample import layouts as sample

PATH = Path("extract.csv")
SHIPPED = {
    "banner": sample.BANNER,
    "colleague": sample.COLLEAGUE,
    "peoplesoft": sample.PEOPLESOFT,
    "openccc": sample.OPENCCC,
    "superglue": sample.SUPERGLUE,
    "fraud": sample.FRAUD,
    "crosswalk": CROSSWALK_COLUMNS,
    "consent": ("sis_id", *CONSENT),
}


def test_the_shipped_layouts():
    assert set(shipped_layouts()) == {*SHIPPED, "generic"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_layout_knows_every_column_of_its_system(name: str):
    layout = load_layout(name)
    mapped = map_columns(SHIPPED[name], layout, path=PATH)
    known = {*mapped.values(), *(c for c in SHIPPED[name] if plain(c) in map(plain, layout.ignored))}
    assert known == set(SHIPPED[name])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_layout_is_guessed_with_reasons(name: str):
    guessed, reasons = guess_layout(SHIPPED[name])
    assert guessed == name
    assert load_layout(name).title in reasons[0]


def test_no_guess_without_the_required_columns():
    assert guess_layout(["x", "y"])[0] is None


@pytest.mark.parametrize("name", [*SHIPPED, "generic"])
def test_no_name_belongs_to_two_fields(name: str):
    names = [
        plain(s)
        for synonyms in load_layout(name).fields.values()
        for s in dict.fromkeys(map(plain, synonyms))
    ]
    assert len(names) == len(set(names))


def test_case_and_punctuation_do_not_matter():
    mapped = map_columns(["Student ID", "LAST-NAME"], load_layout("generic"), path=PATH)
    assert mapped == {"sis_id": "Student ID", "last_name": "LAST-NAME"}


def test_every_problem_is_told_at_once():
    with pytest.raises(InputError) as caught:
        map_columns(["last_nam", "email", "e-mail"], load_layout("generic"), path=PATH)
    message = str(caught.value)
    for part in (
        "extract.csv",
        "no column for sis_id",
        "no column for last_name",
        '"last_nam"',
        '"email" and "e-mail"',
    ):
        assert part in message


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Soc Sec Num", "ssn"), ("Social Security #", "ssn"), ("DOB", "birthdate"), ("Birth Dt", "birthdate"),
        ("Lname", "last_name"), ("L Name", "last_name"), ("F Name", "first_name"), ("MI", "middle_name"),
        ("Stu ID", "sis_id"), ("Student Number", "sis_id"), ("StudentNo", "sis_id"), ("Cell", "phone"),
        ("E-mail Address", "email"), ("Telephone Number", "phone"), ("Zip Cd", "zip"), ("ST", "state"),
        ("Addr1", "street"), ("CCC ID", "cccid"), ("Nickname", "preferred_first_name"),
        ("DOD", "deceased_on"),
    ],
)  # fmt: skip
def test_usual_names_are_known(name: str, field: str):
    fields = load_layout("generic").fields
    assert [known for known in fields if plain(name) in map(plain, fields[known])] == [field]


def test_usual_words_alone_name_no_system():
    columns = ["Stu ID", "Lname", "F Name", "Birth Dt", "Cell", "CCCID"]
    assert guess_layout(columns)[0] == "generic"


def test_a_message_does_not_list_every_name():
    with pytest.raises(InputError, match=r"sis_id \(sis_id, id.*[0-9]+ more\)"):
        map_columns(["last_name"], load_layout("generic"), path=PATH)


def test_a_column_may_be_counted():
    layout = load_layout("generic")
    mapped = map_columns(["x", "y", "z"], layout, path=PATH, chosen={"sis_id": 3, "last_name": 1})
    assert mapped == {"sis_id": "z", "last_name": "x"}
    with pytest.raises(InputError, match="sis_id is mapped to column 4, but there are 3 columns"):
        map_columns(["x", "y", "last_name"], layout, path=PATH, chosen={"sis_id": 4})
    with pytest.raises(InputError, match="sis_id and last_name are mapped to one column"):
        map_columns(["x", "y", "z"], layout, path=PATH, chosen={"sis_id": 1, "last_name": "x"})
    with pytest.raises(InputError, match="neither to a column's name nor to its number"):
        map_columns(["x", "y", "z"], layout, path=PATH, chosen={"sis_id": 1.5, "last_name": "x"})


def test_a_file_without_column_names_is_read_by_number(tmp_path: Path):
    path = tmp_path / "students.csv"
    path.write_text("".join(f"{at},2001-02-03,Quetzal,A{at:06}\n" for at in range(9)), encoding="utf-8")
    own = tmp_path / "ours.toml"
    own.write_text('base = "generic"\n[required]\nsis_id = 4\nlast_name = ["Name", 3]\n', encoding="utf-8")
    for layout, columns in (
        (own, {"birthdate": 2}),
        ("generic", {"sis_id": 4, "last_name": 3, "birthdate": 2}),
    ):
        frame = read(path, layout=layout, options={"columns": columns}).frame
        assert frame.select("sis_id", "last_name", "birthdate").row(0) == ("A000000", "Quetzal", "2001-02-03")


def test_a_user_may_choose_the_column():
    columns = ["id", "surname", "email", "e-mail"]
    mapped = map_columns(columns, load_layout("generic"), path=PATH, chosen={"email": "e-mail"})
    assert mapped["email"] == "e-mail"
    with pytest.raises(InputError, match=r'"nowhere".*no field "emial".*"email"'):
        map_columns(columns, load_layout("generic"), path=PATH, chosen={"emial": "email", "phone": "nowhere"})


def test_a_message_does_not_repeat_a_header_that_is_data():
    with pytest.raises(InputError) as caught:
        map_columns(["id@example.org", "2004-05-17"], load_layout("generic"), path=PATH)
    assert "2004" not in str(caught.value)
    assert "example.org" not in str(caught.value)


def test_an_unknown_layout_or_option_names_the_nearest():
    with pytest.raises(InputError, match='"banner"'):
        load_layout("baner")
    with pytest.raises(InputError, match='"additional_id_code"'):
        check_options({"aditional_id_code": "X"}, load_layout("banner"))


@pytest.mark.parametrize("answer", ["on", "X", "maybe", "", 2])
def test_what_is_neither_yes_nor_no_does_not_leave_ssns_in_clear(answer: object):
    with pytest.raises(InputError, match="true or false"):
        check_options({"id_is_ssn": answer}, load_layout("generic"))


@pytest.mark.parametrize("day", ["foo", "2026-02-30", "", 7])
def test_a_day_that_is_no_date_is_refused(day: object):
    with pytest.raises(InputError, match=r"as_of.*2026-11-30"):
        check_options({"as_of": day}, load_layout("generic"))


def test_options_are_given_as_what_they_mean():
    made = check_options({"id_is_ssn": " Yes", "as_of": "2026-11-30"}, load_layout("generic"))
    assert (made["id_is_ssn"], made["as_of"]) == (True, date(2026, 11, 30))
    assert check_options({"id_is_ssn": 0}, load_layout("generic"))["id_is_ssn"] is False
    assert check_options({}, load_layout("generic"))["id_is_ssn"] is None


def test_a_layout_of_ones_own(tmp_path: Path):
    path = tmp_path / "ours.toml"
    path.write_text(
        'table = "students"\n[required]\nsis_id = ["Nr"]\nlast_name = ["Name"]\n', encoding="utf-8"
    )
    layout = load_layout(path)
    assert (layout.id, layout.title) == ("sis_id", str(path))
    assert load_layout(layout) is layout
    assert load_layout(str(path)) == layout


def own(folder: Path, text: str) -> Path:
    path = folder / "ours.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_layout_of_ones_own_changes_a_shipped_one(tmp_path: Path):
    text = """
        base = "banner"
        ignored = ["ROW"]
        [required]
        first_name = ["FN", 3]
        email = "EMAIL"
        [optional]
        phone = ["CITY", "PHONE"]
        birthdate = 7
        zip = []
        last_name = "SURNAME"
        [roles]
        X = "former_name"
        [options]
        additional_id_code = "CCC"
        [values.credit]
        Q = "credit"
    """
    banner, layout = load_layout("banner"), load_layout(own(tmp_path, text))
    assert [*layout.required] == ["sis_id", "first_name", "email"]
    assert layout.required["sis_id"] == banner.required["sis_id"]
    assert (layout.fields["first_name"], layout.places) == (["FN"], {"first_name": 3, "birthdate": 7})
    assert "CITY" not in layout.fields["city"]  # it stands for the phone now
    assert "zip" not in layout.fields
    assert {**banner.roles, "X": "former_name"} == layout.roles
    assert {**banner.values["credit"], "Q": "credit"} == layout.values["credit"]
    assert layout.options == {"additional_id_code": "CCC"}
    assert layout.ignored == ["ROW"]
    assert (layout.table, layout.several_rows, layout.fixed) == ("students", True, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('base = "baner"', 'did you mean "banner"|Did you mean "banner"'),
        ('base = "openccc"\ntable = "students"', "is one of accounts"),
        ('[optional]\nemial = "x"', r'"emial" under \[optional\].*did you mean "email"'),
        ('[roles]\nX = "formr_name"', 'did you mean "former_name"'),
        ('[options]\nadditional_id_cod = "X"', 'did you mean "additional_id_code"'),
        ('[values.credt]\nA = "credit"', 'did you mean "credit"'),
        ('[prefer]\nenroled = "true"', 'did you mean "enrolled"'),
        ('flags = ["deceasd"]\n', 'did you mean "deceased"'),
        ('[optional]\nemail = "x"\nphone = "X"', "email and phone are both mapped to one column"),
        ('[required]\nssn = "x"\n[optional]\nssn = "y"', r"under \[required\] and under"),
        ("[optional]\nzip = 0", "zip under .* is neither a column name"),
        ("[optional]\nzip = [1, 2]", "zip under .* is neither a column name"),
        ("[required]\nssn = []", "ssn under .* has no column name"),
        ("required = 3", r"write \[required\]"),
        ("several_rows = 1", "neither true nor false"),
        ("[roles]\nX = 1", "no text"),
        ("[values]\ncredit = 1", "no section"),
        ("[fixed]\nskip = 1", "none .positions."),
    ],
)
def test_what_nobody_reads_in_it_is_refused_by_file_and_key(text: str, message: str, tmp_path: Path):
    text = text if text.startswith("base") else f'base = "banner"\n{text}'
    with pytest.raises(InputError, match=message) as caught:
        load_layout(own(tmp_path, text))
    assert "ours.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table = ", "no TOML"),
        ("tabel = 1", '"table"'),
        ('table = "people"', "students"),
        (None, "cannot be read"),
    ],
)
def test_a_broken_layout_says_what_is_wrong(text: str | None, message: str, tmp_path: Path):
    path = tmp_path / "ours.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_layout(path)


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        ("ID,Last Name,First Name,Middle Name,Nickname", "generic"),
        ("Id,Last.Name,First.Name,Birth.Date", "generic"),
        ("ID,LAST.NAME,FIRST.NAME,BIRTH.DATE", "colleague"),
        ("ID,LAST_NAME,FIRST_NAME,PIDM", "banner"),
        ("EMPLID,LAST_NAME,FIRST_NAME,BIRTHDATE", "peoplesoft"),
    ],
)
def test_usual_names_are_of_no_system(names: str, layout: str):
    guessed, reasons = guess_layout(names.split(","))
    assert guessed == layout
    assert ("usual names" in reasons[0]) == (layout == "generic")
