"""The vocabulary is complete and says each thing once."""

from __future__ import annotations

from reconcile import columns
from reconcile.columns import (
    ACCOUNTS,
    APPLICATIONS,
    FRAUD,
    LINK_FIELDS,
    LIST_COLUMNS,
    PERSON,
    SSN_DERIVED,
    STUDENTS,
    Band,
    Search,
    SisCccid,
    Status,
)
from reconcile.resolve.held import RULES, WORST_FIRST
from reconcile.resolve.status import PRECEDENCE
from reconcile.words import SIS_CCCID_WORDS, WORDINGS

TABLES = {name: value for name, value in vars(columns).items() if isinstance(value, tuple)}


def test_no_table_names_a_column_twice() -> None:
    for name, table in TABLES.items():
        assert len(set(table)) == len(table), name


def test_no_table_holds_an_ssn() -> None:
    for name, table in TABLES.items():
        assert name == "LINK_FIELDS" or "ssn" not in table, name
    assert set(SSN_DERIVED) < set(PERSON)


def test_what_is_compared_is_in_both_tables() -> None:
    for table in (STUDENTS, ACCOUNTS):
        assert set(LINK_FIELDS) - {"ssn"} <= set(table)


def test_lists_and_lines_have_their_places() -> None:
    assert set(LIST_COLUMNS) <= {*STUDENTS, *ACCOUNTS}
    assert all(table[-1] == "line" for table in (STUDENTS, ACCOUNTS, APPLICATIONS, FRAUD))


def test_words_are_lower_case_names_of_their_own() -> None:
    for kind in (Band, SisCccid, Search, Status):
        assert [member.value for member in kind] == [member.name.lower() for member in kind]
        assert kind.__doc__


def test_every_status_has_a_wording_a_rule_and_its_place() -> None:
    assert list(WORDINGS) == list(Status)
    assert [status for status, _ in PRECEDENCE] == list(Status)[:-1]  # mintable is what is left


def test_every_fact_about_a_held_number_has_words_a_rule_and_a_rank() -> None:
    assert set(SIS_CCCID_WORDS) == set(SisCccid)
    assert {*WORST_FIRST} == {*SisCccid} - {SisCccid.ABSENT}
    assert {fact for fact, _ in RULES} | {SisCccid.OTHER_PERSON, SisCccid.ABSENT} == {*SisCccid}
