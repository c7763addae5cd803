from __future__ import annotations

import random
import re
import unicodedata
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from reconcile.errors import InputError
from reconcile.standardize import standardize
from reconcile.standardize.contacts import email, phone, street, zip5
from reconcile.standardize.dates import parse_dates
from reconcile.standardize.names import _FOLDED, _PLACEHOLDERS, _SUFFIX_TOKENS, SUFFIXES, clean_names, mend


def keys(**columns):
    return standardize(pl.DataFrame({"id": ["1"], **{k: [v] for k, v in columns.items()}})).frame.row(
        0, named=True
    )


@pytest.mark.parametrize(
    ("written", "key", "parts", "suffix"),
    [
        ("Muñoz", "munoz", None, None),
        ("MuÃ±oz", "munoz", None, None),
        ("Mu?oz", "muoz", None, None),
        ("O\u2019Brien", "obrien", None, None),
        ("de la Cruz", "delacruz", ["delacruz", "cruz"], None),
        ("Garcia-Lopez", "garcialopez", ["garcia", "lopez"], None),
        ("Garcia y Lopez", "garcialopez", ["garcia", "lopez"], None),
        ("Smith, Jr.", "smith", None, "jr"),
        ("King III", "king", None, "iii"),
        ("Junior", "junior", None, None),
        ("\uff33mith", "smith", None, None),
        ("Nguyễn", "nguyen", None, None),
        ("UNKNOWN", None, None, None),
        ("", None, None, None),
    ],
)
def test_last_names(written, key, parts, suffix):
    row = keys(last_name=written, suffix=None)
    assert (row["key_last"], row["key_last_parts"], row["key_suffix"]) == (key, parts, suffix)


_BITS = (
    "de la van Mc O\u2019 D y Jr jr. III 2nd Sr. Mary A J Garc\u00eda Mu\ufffdoz - , . (Bob) ( \u00df "
    "\u0130st \ufb01n \u5f20\u4f1f e\u0301 unknown nfn mr Mr Dr null St. 9 ? ` \u00ad Nguy\u1ec5n \u0141u "
    "test junior V iv SENIOR x"
)
_QUOTES = "?\ufffd'`\u00b4\u2018\u2019\u02bb\u02bc\u00ad\u200b\u200c\u200d\u200e\u200f"


def slowly_cleaned(text):
    """One name at a time, in plain Python: the words and the suffix."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] != "M")
    for letter, plain in _FOLDED.items():
        letters = letters.lower().replace(letter, plain)
    words = re.sub(r"\([^)]*\)", " ", letters)
    words = re.sub(rf"([^\W\d_])[{_QUOTES}]+([^\W\d_])", r"\1\2", words)
    words = re.sub(r"([^\W\d_])'([^\W\d_])", r"\1\2", words)
    found = re.search(_SUFFIX_TOKENS, words)

    def spaced(words):
        return " ".join("".join(c if c.isalpha() else " " for c in words).split())

    bare = re.sub(r"^(mr|mrs|ms|miss|dr) ", "", spaced(re.sub(_SUFFIX_TOKENS, " ", words)))
    kept = bare or spaced(words)
    squeezed = kept.replace(" ", "")
    blank = not squeezed or squeezed in _PLACEHOLDERS
    return None if blank else kept, SUFFIXES[found.group(1)] if found and bare else None


def test_the_fast_way_through_names_agrees_with_a_slow_one():
    draw = random.Random(5)  # noqa: S311 - made-up names
    bits = _BITS.split()
    texts = ["".join(draw.choices([*bits, " ", " ", "-"], k=draw.randint(1, 7))) for _ in range(3_000)]
    texts = sorted({*texts, *bits})
    made = clean_names(pl.Series(texts)).sort("raw")
    assert made["raw"].to_list() == texts
    slow = [slowly_cleaned(text) for text in texts]
    assert list(made.select("spaced", "suffix").iter_rows()) == slow


def test_a_trailing_initial_is_the_middle_name():
    row = keys(first_name="Mary A.", middle_name=None)
    assert (row["key_first"], row["key_middle"]) == ("mary", "a")


def test_a_middle_name_of_its_own_wins_over_a_trailing_initial():
    assert keys(first_name="Mary A", middle_name="Beth")["key_middle"] == "beth"


def test_former_and_preferred_names_become_aliases():
    former = [{"first_name": None, "middle_name": None, "last_name": "Smith-Jones"}]
    row = keys(last_name="Li", preferred_first_name="Bo", former_names=former)
    assert (row["key_alias_first"], row["key_alias_last"]) == (["bo"], ["smithjones"])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1999-03-25", date(1999, 3, 25)),
        ("1999-03-25 00:00:00", date(1999, 3, 25)),
        ("1999-03-25T00:00:00Z", date(1999, 3, 25)),
        ("19990325", date(1999, 3, 25)),
        ("19990325 00:00", date(1999, 3, 25)),
        ("03251999", date(1999, 3, 25)),
        ("3/25/1999", date(1999, 3, 25)),
        ("25/03/1999", date(1999, 3, 25)),
        ("25-MAR-99", date(1999, 3, 25)),
        ("25-MAR-1999 00:00:00", date(1999, 3, 25)),
        ("March 25, 1999", date(1999, 3, 25)),
        ("04-JAN-05", date(2005, 1, 4)),
        ("1999-02-30", None),
        ("unknown", None),
    ],
)
def test_dates(written, meant):
    assert parse_dates(pl.Series([written])).frame["date"].to_list() == [meant]


def test_day_and_month_are_decided_by_the_column():
    days_first = parse_dates(pl.Series(["25/03/1999", "04/05/1999", None])).frame
    assert days_first["date"].to_list() == [date(1999, 3, 25), date(1999, 5, 4), None]
    assert not days_first["doubt"].any()


def test_a_column_of_both_orders_keeps_the_doubt():
    mixed = parse_dates(pl.Series(["25/03/1999", "03/25/1999", "04/05/1999"]))
    assert mixed.frame["doubt"].to_list() == [False, False, True]
    assert mixed.note


def test_a_doubtful_birthdate_stays_as_it_was_written():
    frame = standardize(
        pl.DataFrame({"id": [1, 2, 3], "birthdate": ["25/03/1999", "03/25/1999", "04/05/1999"]})
    )
    assert frame.frame["birthdate"].to_list() == ["1999-03-25", "1999-03-25", "04/05/1999"]
    assert frame.frame["birthdate_original"].to_list() == ["25/03/1999", "03/25/1999", "04/05/1999"]
    assert frame.notes


@pytest.mark.parametrize("stand_in", ["1900-01-01", "01/01/1901", "9999-12-31", "1800-01-01"])
def test_placeholder_birthdates_are_no_key_but_stay_to_be_seen(stand_in):
    row = keys(birthdate=stand_in)
    assert row["key_birth"] is None
    assert row["birthdate_original"] == stand_in


def test_the_first_of_january_is_weak():
    assert keys(birthdate="1998-01-01")["key_birth_weak"]


@pytest.mark.parametrize(
    ("clean", "written", "key"),
    [
        (email, " A.B@X.org ", "a.b@x.org"),
        (email, "noemail@x.org", None),
        (email, "nothing", None),
        (phone, "(530) 555-0142", "5305550142"),
        (phone, "+1 530 555 0142 ext. 7", "5305550142"),
        (phone, "0000000000", None),
        (phone, "555-0142", None),
        (zip5, "95616-1234", "95616"),
        (zip5, "1234", "01234"),
        (zip5, "00000", None),
        (street, "12 North Main Street, Apt. 4", "12 n main st apt 4"),
        (street, "HOMELESS", None),
    ],
)
def test_contacts(clean, written, key):
    assert pl.select(clean(pl.lit(written))).item() == key


def test_only_a_usable_ssn_becomes_a_key():
    table = pl.DataFrame(
        {
            "id": [1, 2],
            "ssn_hmac": ["k:1", "k:2"],
            "ssn_last4": ["1111", "2222"],
            "ssn_class": ["ok", "dummy"],
        }
    )
    assert standardize(table).frame["key_ssn"].to_list() == ["k:1", None]


def test_a_clear_ssn_is_replaced():
    frame = standardize(pl.DataFrame({"id": ["1"], "ssn": ["536-22-4141"]})).frame
    assert "ssn" not in frame.columns
    assert frame["key_ssn4"].to_list() == ["4141"]
    assert "536224141" not in str(frame.to_dicts())


def test_columns_of_any_type_are_taken():
    table = pl.DataFrame({"id": [1], "birthdate": [date(1999, 3, 25)], "zip": [95616], "phone": [5305550142]})
    row = standardize(table).frame.row(0, named=True)
    assert (row["key_birth"], row["key_zip"], row["key_phone"]) == (date(1999, 3, 25), "95616", "5305550142")


def test_an_id_column_is_wanted():
    with pytest.raises(InputError, match="no column"):
        standardize(pl.DataFrame({"key": [1]}))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"first_name": [["Ann"]]}, r"first_name is List\(String\), one value a row"),
        ({"last_name": [{"of": "Ann"}]}, "last_name is Struct"),
        ({"birthdate": pl.Series([object()], dtype=pl.Object)}, "birthdate is Object"),
        ({"former_names": ["Ann"]}, "former_names is String, a list of structs"),
        ({"zip": [b"9"], "phone": [[1]]}, "phone is .*; column zip is Binary"),
    ],
)
def test_a_column_of_another_type_is_refused(column, message):
    with pytest.raises(InputError, match=message):
        standardize(pl.DataFrame({"id": ["1"], **column}))


def test_flags_are_true_or_false_and_a_death_is_never_overlooked():
    table = pl.DataFrame({"id": [1, 2], "confidential": ["Y", "perhaps"], "deceased": ["D", "0"]})
    made = standardize(table).frame
    assert made.select("confidential", "deceased").rows() == [("true", "true"), ("perhaps", "false")]


@pytest.mark.parametrize("text", ["Muñoz", "Ângela", "plain", "Ã", "日本"])
def test_mending_leaves_sound_text_alone(text):
    assert mend(text) == text


TEXT = st.none() | st.text(max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=6))
def test_standardizing_twice_changes_nothing_and_loses_no_row(rows):
    columns = ("first_name", "last_name", "birthdate", "email")
    table = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row").with_row_index("id")
    once = standardize(table).frame
    assert once["id"].to_list() == table["id"].to_list()
    assert_frame_equal(standardize(once).frame.select(once.columns), once)
