"""Who acts on the registry: names as people write them, compared so that spelling makes no second person.

A name is what somebody typed; it proves nothing. Beside it the log keeps the account and the machine, so
that whoever approves their own proposal under another name can be seen to have done so.
"""

from __future__ import annotations

import getpass
import platform
import unicodedata
from typing import Final

from reconcile.errors import InputError

# Letters that look like Latin ones, after case folding; a few Greek ones look like one letter as capitals
# and like another as small letters, so that names are compared both ways.
_ALIKE: Final = dict(zip(
    "абвеёікмнорстухѕјһԁԛԝӏαβικοτχϲıłøđ", "abbeeikmhopctyxsjhdqwlabikotxcilod", strict=True
)) | {"æ": "ae", "œ": "oe"}  # fmt: skip
LOOKS: Final = {look: letter for look, letter in _ALIKE.items() if len(letter) == 1}
_TO_LATIN: Final = {ord(look): letter for look, letter in LOOKS.items()}
_AS_CAPITALS: Final = str.maketrans(_ALIKE | dict(zip("εζημνρυ", "ezhmnpy", strict=True)))
_AS_SMALL: Final = str.maketrans(_ALIKE | dict(zip("εζηγνρυωσ", "eznyvpuwo", strict=True)))
_FONTS: Final = str.maketrans("i1|0", "lllo")  # alike in many a font; both sides are folded the same way
_INVISIBLE: Final = ("C", "Zl", "Zp")  # control, format, surrogate, private, unassigned; line separators


def require_name(name: str, what: str, /, *, error: type[Exception] = InputError) -> str:
    """Return a person's name when a reader can see all of it.

    Args:
        name: as it was typed.
        what: what the name is for, as in "A batch needs the name of its proposer".
        error: the class of what is raised.

    Raises:
        Exception: of the class named: no letter or digit, or a character that nobody can see.
    """
    if any(unicodedata.category(sign).startswith(_INVISIBLE) for sign in name):
        raise error(f"{what}; the one given holds an invisible character. Type it again, by hand.")
    if not any(map(str.isalnum, name)):
        raise error(f"{what}; none was given.")
    return name


def same_person(left: str, right: str, /) -> bool:
    """Compare two people's names by letters and digits alone.

    Case, blanks, punctuation, diacritics, the order of the words, invisible characters and letters of
    another script that look alike make no difference. Two people who look the same here need one of
    them to write the name in full.

    >>> same_person("José  Núñez", "nunez, JOSE")
    True
    """
    return not _spellings(left).isdisjoint(_spellings(right))


def in_latin(text: str, /) -> str:
    """Write letters of other scripts that look like small Latin ones as those.

    >>> in_latin("k\u0456m")
    'kim'
    """
    return text.translate(_TO_LATIN)


def machine() -> dict[str, str]:
    """Name the account and the machine that this process runs on, for the log; unknown is empty."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name: a container, a service
        user = ""
    found = {"user": user, "host": platform.node()}
    return {name: text.encode("utf-8", "replace").decode("utf-8") for name, text in found.items()}


def _spellings(name: str) -> set[str]:
    split = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()).translate(_FONTS)
    seen = "".join(c for c in split if unicodedata.category(c)[0] not in "MC" or c.isspace())
    found = set()
    for alike in (_AS_CAPITALS, _AS_SMALL):
        text = seen.translate(alike)
        words = "".join(c if c.isalnum() else " " for c in text).split()
        spoken = ["".join(filter(str.isalnum, word)) for word in text.replace(",", " ").split()]
        found |= {"".join(words), "".join(sorted(words)), "".join(sorted(spoken))}
    return found - {""}
