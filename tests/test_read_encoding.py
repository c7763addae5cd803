from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.encoding import to_utf8

TEXT = "id,name\n1,Núñez\n2,Señor García\n"
PATH = Path("extract.csv")


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, list[str]]:
    found = Diagnostics()
    text, name = to_utf8(data, PATH, found, encoding=encoding)
    return text.decode(), name, found.frame()["kind"].to_list()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_the_bytes_say_is_no_guess(encoding: str):
    text, _, kinds = decode(TEXT.encode(encoding))
    assert (text, kinds) == (TEXT, [])


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "utf-16-le", "utf-16-be"])
def test_a_guess_is_said(encoding: str):
    assert decode(TEXT.encode(encoding)) == (TEXT, encoding, ["encoding_guess"])


def test_latin_1_where_cp1252_has_no_such_character():
    assert decode("a\n\x81é\n".encode("latin-1"))[1] == "latin-1"


def test_mixed_lines_are_read_each_in_its_own_encoding():
    mixed = "id,name\n1,Núñez\n".encode() + "2,Señor García\n".encode("cp1252")
    found = Diagnostics()
    text, _ = to_utf8(mixed, PATH, found, encoding=None)
    assert text.decode() == TEXT
    assert found.frame().select("line", "kind").rows() == [(3, "encoding_mixed")]


def test_the_exception_among_mixed_lines_is_the_one_named():
    mixed = "id,name\n1,Núñez\n2,García\n".encode("cp1252") + "3,Señor\n".encode()
    found = Diagnostics()
    text, names = to_utf8(mixed, PATH, found, encoding=None)
    assert text.decode() == "id,name\n1,Núñez\n2,García\n3,Señor\n"
    assert (names, found.frame()["line"].to_list()) == ("cp1252, utf-8", [4])


def test_the_encoding_asked_for_is_used():
    assert decode(TEXT.encode("cp1252"), "windows-1252") == (TEXT, "cp1252", [])
    assert decode(TEXT.encode("utf-8-sig"), "utf-8")[0] == TEXT


def test_a_wrong_encoding_is_refused_at_its_line():
    with pytest.raises(InputError, match=r"extract\.csv, line 2.*utf-8"):
        decode(TEXT.encode("cp1252"), "utf-8")
    with pytest.raises(InputError, match="unknown"):
        decode(b"", "utf-9")
    with pytest.raises(InputError, match="utf-16-le"):
        decode(b"\xff\xfe\x00\xd8a\x00")


def test_wide_text_that_breaks_off_within_a_character_is_read_up_to_there():
    text = "id,name\n1,Núñez\n2,Garc"
    assert decode(text.encode("utf-16")[:-1]) == (text[:-1], "utf-16-le", ["truncated"])
    assert decode(text.encode("utf-32")[:-3]) == (text[:-1], "utf-32-le", ["truncated"])


def test_letters_of_dos_are_told_from_those_of_windows():
    assert decode(TEXT.encode("cp850")) == (TEXT, "cp850", ["encoding_guess"])


def test_text_that_was_encoded_twice_is_a_doubt_and_stays_as_it_is():
    text = "id,name\n1,Núñez\n".encode().decode("latin-1")
    assert decode(text.encode()) == (text, "utf-8", ["encoding_twice"])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("note\nI\u2019m the first \u2014 it\u2019s a \u201cbig\u201d step, €40\n", "cp1252"),
        ("note\nGarcía Muñoz, Peñalosa, Hernández, Ibáñez\n", "mac_roman"),
        ("note\nstudents\u2019 fees \u2013 paid\nMuñoz\n", "cp1252"),
    ],
)
def test_signs_and_letters_of_other_encodings_are_told_apart(text: str, encoding: str, tmp_path: Path):
    found = Diagnostics()
    made, name = to_utf8(text.encode(encoding), tmp_path / "x.csv", found, encoding=None)
    assert (made.decode(), name) == (text, encoding)
    assert found.frame()["kind"].to_list() == ["encoding_guess"]
