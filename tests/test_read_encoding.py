from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text.encoding import to_utf8

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
        ("Montant voté\n5\xa0294\xa0417,66 €\n8\xa0796\xa0072,73 €\n", "cp1252"),
        ("note\nstudents\u2019 fees \u2013 paid\nMuñoz\n", "cp1252"),
    ],
)
def test_signs_and_letters_of_other_encodings_are_told_apart(text: str, encoding: str, tmp_path: Path):
    found = Diagnostics()
    made, name = to_utf8(text.encode(encoding), tmp_path / "x.csv", found, encoding=None)
    assert (made.decode(), name) == (text, encoding)
    assert found.frame()["kind"].to_list() == ["encoding_guess"]


LINES = "".join(f"{number},Núñez,Chico\n" for number in range(1000, 1012))


@pytest.mark.parametrize("wide", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("narrow", ["utf-8", "cp1252"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_that_were_joined_are_decoded_each_in_its_own_way(wide: str, narrow: str, mark: str):
    parts = {wide: (mark + LINES).encode(wide), narrow: LINES.encode(narrow)}
    for order in ([wide, narrow], [narrow, wide], [wide, narrow, wide], [narrow, wide, narrow]):
        found = Diagnostics()
        text, names = to_utf8(b"".join(parts[name] for name in order), PATH, found, encoding=None)
        assert text.decode() == LINES * len(order)
        assert names == f"{order[0]}, {order[1]}"
        joints = found.frame().drop_nulls("line").select("line", "kind").rows()
        assert joints == [(12 * n + 1, "encoding_mixed") for n in range(1, len(order))]


@pytest.mark.parametrize(
    "line",
    ["1,上海市人民政府办公厅上下左右中文字符\n", "1,《ひらがな》のなまえをよみます\n", "1,हिन्दी ऊपर ਗੁਰਮੁਖੀ\n"],
)
def test_letters_that_need_both_bytes_are_no_joint(line: str):
    text = "id,name\n" + line * 30
    assert decode(text.encode("utf-16")) == (text, "utf-16-le", [])


def test_a_first_line_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules[to_utf8.__module__], "_LONGEST_LINE", 100)
    for byte in (b"a", b",", b"\xff", b"\0", b"\n"):
        with pytest.raises(InputError, match="without a line end"):
            decode(byte * 101)
    assert decode(b"a" * 99 + b"\r" + b"b" * 99)[2] == []


@pytest.mark.parametrize("name", ["base64", "hex", "rot13", "unicode_escape", "idna", "undefined", "u\0"])
def test_what_is_no_way_to_write_a_text_is_refused(name: str):
    with pytest.raises(InputError, match='Try "utf-8"'):
        decode(b"id,name\n1,A\n", encoding=name)
