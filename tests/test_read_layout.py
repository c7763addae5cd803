from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.errors import InputError
from reconcile.read.layout import (
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


def test_a_layout_of_ones_own(tmp_path: Path):
    path = tmp_path / "ours.toml"
    path.write_text(
        'table = "students"\n[required]\nsis_id = ["Nr"]\nlast_name = ["Name"]\n', encoding="utf-8"
    )
    layout = load_layout(path)
    assert (layout.id, layout.title) == ("sis_id", str(path))
    assert load_layout(layout) is layout
    assert load_layout(str(path)) == layout


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
