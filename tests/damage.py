"""Damage for text files: what a slip of the hand or of the wire does to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

_PIECES: Final = (
    *(
        b": ",
        b"- ",
        b"\n",
        b"  ",
        b"\t",
        b"{",
        b"}",
        b"[",
        b"]",
        b"'",
        b'"',
        b"#",
        b"&a ",
        b"*a",
        b"!x ",
        b"|",
    ),
    *(b">", b"~", b"no", b"1", b"\xff", b"\x00", b"\\", b"%", b"---\n", b"? ", b"en", b"suites: x"),
)


def damaged(data: bytes, random: Random) -> bytes:
    """Cut, double, turn around and replace pieces of a good file."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(data))
        end = start + random.choice((1, 5, 60))
        piece = data[start:end]
        new = random.choice((b"", random.choice(_PIECES), piece * 2, piece[::-1]))
        data = data[:start] + new + data[end:] or b" "
    return data
