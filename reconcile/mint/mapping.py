"""How OpenCCC's files name their columns, for a college to edit: neither template is public.

A TOML file of two parts. [upload] says which column of the file that is handed over holds which field of a
request; [result] says where the answer stands in the file that comes back, and [result.words] by which
words it says what became of a row.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, nearest
from reconcile.mint.rows import PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Column of the file -> field of the request; the student's own id comes back with the result.
MAPPING: Final = {
    "college": "college",
    "sis_id": "sis_id",
    "first_name": "first_name",
    "middle_name": "middle_name",
    "last_name": "last_name",
    "suffix": "suffix",
    "birthdate": "birthdate",
    "email": "email",
    "phone": "phone",
    "street": "street",
    "city": "city",
    "state": "state",
    "zip": "zip",
}
# Field of an answer -> column of the file.
ANSWER: Final = {
    "college": "college",
    "sis_id": "sis_id",
    "outcome": "result",
    "cccid": "cccid",
    "reason": "message",
}
NEEDED: Final = ("sis_id", "outcome", "cccid")
# What became of a row -> the words that say so, whatever their case.
WORDS: Final = {
    "created": ("created", "success", "new"),
    "exists": ("already exists", "exists", "existing", "duplicate"),
    "failed": ("failed", "error", "rejected"),
}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of both files.

    Attributes:
        upload: column of the file -> field of the request.
        answer: field of an answer -> column of the file.
        words: what became of a row ("created", "exists", "failed") -> the words that say so.
    """

    upload: Mapping[str, str] = field(default_factory=lambda: dict(MAPPING))
    answer: Mapping[str, str] = field(default_factory=lambda: dict(ANSWER))
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(WORDS))


def read_columns(path: Path, /) -> Columns:
    """Read a mapping that a college edited.

    Raises:
        InputError: no such file, no TOML, or something in it that nobody reads; all problems at once.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = None
    if text is None:
        raise InputError(f"{path} is no file of UTF-8 text. `reconcile batch mapping` writes one to edit.")
    try:
        content = tomllib.loads(text)
        fault = ""
    except tomllib.TOMLDecodeError as error:
        content, fault = {}, str(error)
    if fault:
        raise InputError(f"{path} is no TOML: {fault}. Correct it there.")
    result = content.get("result", {})
    words = result.pop("words", {}) if isinstance(result, dict) else {}
    problems = [
        f'nobody reads "{key}"{_meant(key, ("upload", "result"))}'
        for key in content
        if key not in ("upload", "result")
    ]
    parts = {"upload": content.get("upload", dict(MAPPING)), "result": result, "result.words": words}
    problems += [f"[{name}] is no section" for name, part in parts.items() if not isinstance(part, dict)]
    if not problems:
        fields = ("college", "sis_id", *PAYLOAD)
        problems += _unknown("upload", parts["upload"].values(), fields)
        problems += _unknown("result", result, ANSWER)
        problems += _unknown("result.words", words, WORDS)
        problems += [
            f"{key} under [result] is no column name"
            for key, name in result.items()
            if not isinstance(name, str)
        ]
        problems += [
            f"{key} under [result.words] is no list of words"
            for key, said in words.items()
            if not isinstance(said, list) or not all(isinstance(word, str) for word in said)
        ]
    if problems:
        raise InputError(f"{path} cannot be used: {'; '.join(problems)}. Correct it there.")
    said = {key: tuple(words[key]) if key in words else known for key, known in WORDS.items()}
    return Columns(upload=parts["upload"], answer=dict(ANSWER) | result, words=said)


def template() -> str:
    """Write the mapping that is used without one, for a college to put its own names in."""
    upload = "".join(f'"{column}" = "{name}"\n' for column, name in MAPPING.items())
    answer = "".join(f'{name} = "{column}"\n' for name, column in ANSWER.items())
    words = "".join(
        f"{key} = [{', '.join(f'{chr(34)}{w}{chr(34)}' for w in said)}]\n" for key, said in WORDS.items()
    )
    return (
        "# The columns of OpenCCC's upload and result files. Neither template is public: these names are a\n"
        "# starting point. Put the ones of the files that you were given in their place.\n\n"
        f"# column of the upload file = field of the request\n[upload]\n{upload}\n"
        f"# field of an answer = column of the result file\n[result]\n{answer}\n"
        f"# what became of a row = the words that the result file says it by\n[result.words]\n{words}"
    )


def _unknown(section: str, names: object, known: object) -> list[str]:
    fields = list(known)  # type: ignore[call-overload]
    return [
        f'[{section}] names "{name}", which is unknown{_meant(str(name), fields)}'
        for name in names  # type: ignore[attr-defined]
        if name not in fields
    ]


def _meant(word: str, known: object) -> str:
    hint = nearest(word, known).strip().rstrip(".")  # type: ignore[arg-type]
    return f" ({hint[0].lower()}{hint[1:]})" if hint else ""
