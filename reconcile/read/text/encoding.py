"""Bytes to UTF-8, decided before anything looks for columns; a decision that is a guess is a diagnostic."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text.joined import split_parts

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read.text.joined import Part

# The longer marks come first: UTF-32's begins like UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE: Final = 65_536
_SHARE_OF_ZEROS: Final = 0.3
# Letters of Western European names in one encoding are mostly signs or rare letters in the other.
_LETTERS: Final = "áéíóúüñçàèâêîôöäëïãõÁÉÍÓÚÜÑÇÖÄøåæ"
_DOS_LETTERS: Final = "áéíóúüñçàèâêîôöäëïåæÉÑÇÖÄ"  # its others are usual letters of cp1252
_WESTERN: Final = {
    "cp1252": _LETTERS.encode("cp1252"),
    "mac_roman": _LETTERS.encode("mac_roman"),
    "cp850": _DOS_LETTERS.encode("cp850"),
}
# Curly quotes, dashes and the euro of cp1252 are letters in Mac Roman; where they stand tells them apart.
_SIGNS: Final = re.compile(
    rb"(?<![A-Za-z])[\x91\x93](?=[A-Za-z])|s\x92(?![A-Za-z])|[A-Za-z]\x92(?:s|t|m|d|ll|re|ve|[A-Z])(?![A-Z])"
    rb"|(?<![A-Za-z])[\x96\x97](?![A-Za-z])|[A-Za-z.,!?]\x94(?![A-Za-z])|\x80(?=[0-9])|(?<=[0-9])\x85"
    rb"|[0-9]\xa0[0-9]|[0-9][ \xa0]?\x80(?![A-Za-z])"
)
# What UTF-8 has that was read as Latin-1, or as cp1252, and written again.
_TWICE: Final = re.compile(
    rb"\xc3[\x82\x83]\xc2[\x80-\xbf]|\xc3\x83(?:\xe2\x80[\x93-\xba]|\xc5[\x92\x93\xa0\xa1\xb8\xbd\xbe]|\xc6\x92)"
    rb"|\xc3\xa2\xe2\x82\xac"
)
_NO_MARK: Final = (
    "No byte order mark; read as {} because every other byte is zero. Name the encoding if it is wrong."
)
_WRONG_MARK: Final = (
    "The byte order mark is that of {}, the text behind it is UTF-8 and was read so. Check a few letters."
)
_NARROW_ENDS: Final = (
    "Line ends are single bytes in a text of {}; they were widened. Check that no row is missing."
)
_HALF_READ: Final = (
    "These letters look as if they had been UTF-8, read as Latin-1 and written again. Export the file again."
)
_JOINED: Final = (
    "From here on the text is written otherwise, in {}: files seem to have been joined. Check the lines "
    "around this one, and export the file again."
)
_NO_TEXT: Final = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")
_LONGEST_LINE: Final = 48 << 20
_ENDS: Final = (b"\n", b"\r", b"\x1e", b"\x85", "\u2028".encode(), "\u2028".encode("utf-16-le"))


def to_utf8(data: bytes, path: Path, found: Diagnostics, *, encoding: str | None) -> tuple[bytes, str]:
    """Answer the text as UTF-8 without a byte order mark, and the encoding it came in.

    Raises:
        InputError: the encoding asked for is unknown, the bytes are not written in it, or no line ends.
    """
    require_lines(data, path)
    if encoding is not None:
        return _as_told(data, path, encoding)
    parts = split_parts(data)
    return _by_parts(parts, path, found) if parts else _whole(data, path, found)


def _whole(data: bytes, path: Path, found: Diagnostics) -> tuple[bytes, str]:
    """Decode a text that is written in one way."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            text = data[len(mark) :]
            if name == "utf-8":
                return _as_utf8(text, found)
            return _marked_wide(text, path, name, found)
    if wide := wide_encoding(data, found):
        return _decode_wide(data, path, wide, found), wide
    return _as_utf8(data, found)


def _as_utf8(data: bytes, found: Diagnostics) -> tuple[bytes, str]:
    """Take a text as UTF-8 if it is, and say where its letters were damaged before."""
    if data.isascii():
        return data, "utf-8"
    if not _valid(data):
        return _eight_bits(data, found)
    if _TWICE.search(data):
        lines = [n for n, line in enumerate(data.split(b"\n"), start=1) if _TWICE.search(line)]
        found.note_lines(lines, "encoding_twice", _HALF_READ)
    return data, "utf-8"


def require_lines(data: bytes, path: Path) -> None:
    """Refuse what is far too long for a line, or blank for as long: to look for columns in it takes memory.

    Raises:
        InputError: the first 48 MiB have no line end, or nothing but blanks.
    """
    head = data[:_LONGEST_LINE]
    if len(head) == _LONGEST_LINE and (head.isspace() or not any(end in head for end in _ENDS)):
        raise InputError(
            f"{path}: {_LONGEST_LINE >> 20} MiB without a line end or without a value. Check that this is a "
            "table, and export it with one line a row."
        )


def _by_parts(parts: list[Part], path: Path, found: Diagnostics) -> tuple[bytes, str]:
    """Decode a text of which a part is UTF-16, and say where each of the others begins."""
    texts: list[bytes] = []
    names: dict[str, None] = {}
    line = 1
    for part in parts:
        here = Diagnostics()
        if part.wide:
            text, name = _decode_wide(part.data, path, part.wide, here), part.wide
        else:
            text, name = (part.data, "utf-8") if _valid(part.data) else _eight_bits(part.data, here)
        frame = here.frame()
        found.add(frame.with_columns(pl.col("line") + (line - 1)))
        if texts:
            found.note("encoding_mixed", _JOINED.format(name), line=line)
        texts.append(text)
        names[name] = None
        line += text.count(b"\n")
    return b"".join(texts), ", ".join(names)


def codec(encoding: str, path: Path) -> codecs.CodecInfo:
    """Look an encoding up.

    Raises:
        InputError: there is none of that name, or it is none that texts are written in.
    """
    known = None
    with contextlib.suppress(LookupError, ValueError):  # ValueError: a NUL in the name
        known = codecs.lookup(encoding)
    # What bytes.decode asks; base64 and its like make bytes of bytes.
    if known and known.name not in _NO_TEXT and getattr(known, "_is_text_encoding", True):
        return known
    problem = "is unknown" if known is None else "is none that tables are written in"
    raise InputError(
        f'{path}: the encoding "{encoding}" {problem}. Try "utf-8", "cp1252", "latin-1" or "utf-16".'
    )


def _as_told(data: bytes, path: Path, encoding: str) -> tuple[bytes, str]:
    name = codec(encoding, path).name
    start = 0
    try:
        return data.decode(name).removeprefix("\ufeff").encode("utf-8"), name
    except UnicodeError as error:
        start = getattr(error, "start", 0)
    line = data.count(b"\n", 0, start) + 1
    raise InputError(
        f"{path}, line {line}: the text is not written in {name}. "
        "Leave the encoding out to have it found, or name another one."
    )


def _marked_wide(text: bytes, path: Path, name: str, found: Diagnostics) -> tuple[bytes, str]:
    """Decode what stands behind a mark, unless it belies the mark."""
    if text and b"\0" not in text and _valid(text):  # not even its delimiters or line ends are wide
        found.note("encoding_guess", _WRONG_MARK.format(name))
        return text, "utf-8"
    return _decode_wide(_wide_ends(text, name, found), path, name, found), name


def _wide_ends(data: bytes, name: str, found: Diagnostics) -> bytes:
    """Widen line ends of one byte, where a text of UTF-16 has none of two."""
    little = name == "utf-16-le"
    if name not in {"utf-16-le", "utf-16-be"} or b"\n" not in data:
        return data
    if any((end + b"\0" if little else b"\0" + end) in data for end in (b"\n", b"\r")):
        return data
    found.note("line_end_guess", _NARROW_ENDS.format(name))
    if little:
        return re.sub(rb"\r?\n", b"\n\0", data)
    return re.sub(rb"\r?\n", b"\0\n", data)


def _decode_wide(data: bytes, path: Path, name: str, found: Diagnostics) -> bytes:
    start = 0
    if over := len(data) % (int(name[4:6]) // 8):
        found.note("truncated", f"The text breaks off within a character of {name}. Check the last lines.")
        data = data[:-over]
    try:
        return data.decode(name).encode("utf-8")
    except UnicodeError as error:
        start = getattr(error, "start", 0)
    raise InputError(
        f"{path}: the file begins as {name}, but its text breaks off or is damaged at byte {start}. "
        "Export it again, or name its encoding."
    )


def _valid(data: bytes) -> bool:
    if len(data) > _PROBE:
        return _valid_at_once(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _valid_at_once(data: bytes) -> bool:
    """Check a large text where it is: to decode it would copy it."""
    ends = pa.py_buffer(np.array([0, len(data)], dtype=np.int64).tobytes())
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(data)])
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def wide_encoding(data: bytes, found: Diagnostics) -> str:
    """Tell UTF-16 and UTF-32 by their mark, UTF-16 also without one; "" for what is neither."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return "" if name == "utf-8" else name
    if wide := _wide_without_mark(data):
        found.note("encoding_guess", _NO_MARK.format(wide))
    return wide


def _wide_without_mark(data: bytes) -> str:
    probe = data[:_PROBE]
    half = len(probe) // 2
    if half and probe[1::2].count(0) > _SHARE_OF_ZEROS * half > probe[::2].count(0):
        return "utf-16-le"
    if half and probe[::2].count(0) > _SHARE_OF_ZEROS * half > probe[1::2].count(0):
        return "utf-16-be"
    return ""


def _eight_bits(data: bytes, found: Diagnostics) -> tuple[bytes, str]:
    lines = data.split(b"\n") if _maybe_mixed(data) else []
    coded = [n for n, line in enumerate(lines) if not line.isascii()]
    foreign = [n for n in coded if not _valid(lines[n])]
    if len(foreign) == len(coded):
        name = _western(data)
        found.note("encoding_guess", f"Not UTF-8; read as {name}. Name the encoding if letters look wrong.")
        return data.decode(name).encode("utf-8"), name
    name = _western(b"\n".join(lines[n] for n in foreign))
    few, their, names = foreign, name, ("utf-8", name)
    if len(foreign) * 2 > len(coded):  # the others are the exception: text that once was UTF-8, most often
        few, their, names = sorted({*coded} - {*foreign}), "utf-8", (name, "utf-8")
    found.note_lines(
        [n + 1 for n in few],
        "encoding_mixed",
        f"This line is not written in {names[0]} as others are; read as {their}. Check its letters.",
    )
    for n in foreign:
        lines[n] = lines[n].decode(name).encode("utf-8")
    return b"\n".join(lines), ", ".join(names)


def _maybe_mixed(data: bytes) -> bool:
    """Say whether any two bytes could be a character in UTF-8; looking at lines is slower."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    high = np.flatnonzero(buffer >= 0x80)  # noqa: PLR2004 - beyond ASCII
    here, neighbours = buffer[high[:-1]], np.diff(high) == 1
    # The second byte of a pair is below 0xC0 and the first one, which leads it, is not.
    return bool((neighbours & (here >= 0xC2) & (buffer[high[1:]] < 0xC0)).any())  # noqa: PLR2004


def _western(data: bytes) -> str:
    """Tell cp1252, Mac Roman, cp850 and Latin-1 apart by which letters of names the bytes would be."""
    high = Counter(b for b in data[: 16 * _PROBE] if b >= 0x80)  # noqa: PLR2004 - beyond ASCII
    letters = {name: sum(high[b] for b in {*known}) for name, known in _WESTERN.items()}
    signs = len(_SIGNS.findall(data[: 16 * _PROBE]))
    letters |= {"cp1252": letters["cp1252"] + signs, "mac_roman": letters["mac_roman"] - signs}
    letters["cp850"] -= signs
    best = max(letters, key=lambda name: letters[name])
    if best != "cp1252":
        return best
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
