"""What persons are blocked by: integer keys of each record, and the rules over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.block import rule
from reconcile.score.levels import NULL

if TYPE_CHECKING:
    from reconcile.score.encode import Codes, Encoded, Side

# Each damage in one place leaves one of these keys whole: a name wrong or gone (birthdate and the other
# name agree), the birthdate wrong in one part or gone (both names agree), names in each other's column,
# half of a double surname.
RULES: Final = (
    rule("ssn", most=400, rarer=("first",)),
    rule("ssid", most=400, rarer=("first",)),
    rule("email", most=400, rarer=("first", "last")),
    rule("phone", most=400, rarer=("first", "last")),
    rule("last", "birth", rarer=("first_letter", "first")),
    rule("first", "birth", rarer=("last_letter", "last")),
    rule("part_1=part_2", "birth", rarer=("first_letter",)),
    rule("part_2=part_1", "birth", rarer=("first_letter",)),
    rule("part_2", "birth", rarer=("first_letter",)),
    rule("first=last", "birth", most=900),
    rule("last=first", "birth", most=900),
    rule("first=last", "last=first", most=900, rarer=("year",)),
    rule("first", "last", most=400, rarer=("zip",)),
    rule("first", "last", "year", most=900, rarer=("middle",)),
    rule("first", "last", "month_day", most=900),
    rule("first", "last", "undated=every", rarer=("middle", "zip")),
    rule("first", "last", "every=undated", rarer=("middle", "zip")),
    rule("first", "part_1=part_2", "year", most=900),
    rule("first", "part_2=part_1", "year", most=900),
    # Born on 1 January indeed, with a name damaged; and people of one name only.
    rule("last", "new_year", most=400, rarer=("first_letter", "first")),
    rule("first", "new_year", most=400, rarer=("last_letter", "last")),
    rule("lone", "year", most=400),
    rule("lone", "month_day", most=400),
    rule("lone", "undated=every", most=400),
    rule("lone", "every=undated", most=400),
    rule("lone_part", "birth", most=400),
    rule("ssn4", "last", most=400, rarer=("first",)),
    rule("ssn4", "birth", most=400),
    rule("ssn4", "first", "year", most=400),
    rule("first", "street", most=400),
    rule("last", "first_letter", "zip", most=400, rarer=("first",)),
)

# Wider nets for records damaged in several places; each is used as far as the budget of pairs allows.
WIDE: Final = (
    rule("first_letter", "last_letter", "birth", rarer=("first", "last")),
    rule("first_letter", "last", "undated=every", most=2_500),
    rule("first_letter", "last", "every=undated", most=2_500),
    rule("last", "month_day", most=2_500),
    rule("last", "year", "first_letter", most=2_500),
    rule("first", "month_day", "last_letter", most=2_500),
    rule("first", "year", "last_letter", most=2_500),
    rule("first_letter", "birth", most=2_500),
    rule("last_letter", "birth", most=2_500),
    rule("birth", most=10_000),
    rule("street", most=400),
    rule("last", "year", most=10_000),
    rule("first", "month_day", most=10_000),
    rule("last", "first_letter", most=10_000),
    rule("first", "last_letter", most=10_000),
    rule("last", "zip", most=10_000),
    rule("first", "zip", most=10_000),
    rule("first", "year", most=10_000),
    rule("first=last", "year", most=10_000),
    rule("last=first", "year", most=10_000),
    rule("first=last", "last_letter=first_letter", most=10_000),
    rule("last", most=10_000),
    rule("first", most=10_000),
    rule("zip", "year", most=10_000),
)

_PLAIN: Final = {
    "first": "key_first", "last": "key_last", "middle": "key_middle", "birth": "key_birth",
    "email": "key_email", "phone": "key_phone", "ssn": "key_ssn", "ssn4": "key_ssn4",
    "ssid": "key_ssid", "zip": "key_zip", "street": "key_street",
}  # fmt: skip


def keys(side: Side, encoded: Encoded, /) -> dict[str, Codes]:
    """Make the keys of one table's records."""
    made = {short: side.codes[column] for short, column in _PLAIN.items() if column in side.codes}
    if "name" in encoded.vocabulary:
        letters = encoded.first_letters
        for short in ("first", "last"):
            if short in made:
                made[f"{short}_letter"] = _looked_up(letters, made[short])
    if "last" in made:
        parts = side.lists.get("key_last_parts", ())
        made["part_1"] = np.where(parts[0] == NULL, made["last"], parts[0]) if parts else made["last"]
        made["part_2"] = parts[1] if len(parts) > 1 else np.full(side.rows, NULL, dtype=np.int32)
        if "first" in made:
            for short, name in (("lone", "last"), ("lone_part", "part_1")):
                made[short] = np.where(made["first"] == NULL, made[name], np.int32(NULL))
    if "birth" in made:
        days = encoded.vocabulary["key_birth"].to_numpy().astype("datetime64[D]")
        month = days.astype("datetime64[M]")
        month_day = month.astype(np.int64) % 12 * 31 + (days - month).astype(np.int64)
        made["year"] = encoded.years(side)
        made["new_year"] = np.where(side.weak, made["birth"], np.int32(NULL))
        # 1 January stands for "year known": too many share it.
        made["birth"] = np.where(side.weak, np.int32(NULL), made["birth"])
        made["undated"] = np.where(made["birth"] == NULL, np.int32(0), np.int32(NULL))
        made["every"] = np.zeros(side.rows, dtype=np.int32)
        made["month_day"] = np.where(
            side.weak, np.int32(NULL), _looked_up(month_day, side.codes["key_birth"])
        )
    return made


def _looked_up(table: np.ndarray, codes: Codes) -> Codes:
    if not len(table):
        return np.full(len(codes), NULL, dtype=np.int32)
    # A negative code that is not NULL is of a value that the vocabulary lacks.
    return np.where(codes < 0, np.int32(NULL), table[np.maximum(codes, 0)]).astype(np.int32)
