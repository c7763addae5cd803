"""No SSN leaves the reader in clear: SSN columns become four others, ids that are SSNs become hashes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SSN_DERIVED, plain
from reconcile.privacy import SSN_PATTERN, derive_ssn, hash_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.privacy import SsnKey
    from reconcile.read.diagnostics import Diagnostics

    # The key is asked for only when there is something to hash, since asking may create it.
    Keyring = Callable[[], SsnKey]

_SSN_NAMES: Final = frozenset(
    {
        "ssn", "ssnno", "ssnnumber", "ssndisplay", "ssntin", "ssnitin", "studentssn", "personssn",
        "spbpersssn", "socialsecurity", "socialsecuritynumber", "socialsecurityno", "socsecno",
        "nationalid", "tin", "itin", "taxid", "taxpayerid",
    }
)  # fmt: skip
# "SSN2", "SS#", "Soc Sec Num", "Student SSN#", "studentSsn"; neither "session" nor "Assn" nor "lessons".
_SSN_WORDS: Final = re.compile(r"(^| )(ssn|ssns|ss ?#|soc(ial)? ?sec(urity)?)( |#|$)")
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|[^A-Za-z0-9#]+")
_HOLDS_NUMBERS: Final = r"^\s*([0-9]{9}|[0-9]{3}[-\u2010-\u2015 ][0-9]{2}[-\u2010-\u2015 ][0-9]{4})\s*$"
# Nine bare digits are an SSN where the text says so.
_ANNOUNCED: Final = (
    r"(?i)\b((?:ssn|ss ?#|soc(?:ial)?\.? ?sec(?:urity)?\.?)(?: ?(?:number|num|nr|no)\b\.?)?"
    r"[^A-Za-z0-9]{0,3}(?:(?:is|was)[^A-Za-z0-9]{0,3})?)[0-9]{9}\b"
)
_FLAGS: Final = frozenset({"", "Y", "N", "T", "F", "TRUE", "FALSE", "YES", "NO", "0", "1"})
_WITHIN: Final = r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"
_NINE: Final = r"^[0-9]{9}$"
_ENOUGH: Final = 50  # ids that show how they are spread
_SPREAD: Final = 0.3  # numbers given out one after the other begin alike, SSNs do not


def hide_columns(frame: pl.DataFrame, key: Keyring, found: Diagnostics) -> pl.DataFrame:
    """Replace SSN columns of a table without a layout by the derived ones, in the column's place.

    The first SSN column gives ssn_hmac, ssn_last4, ssn_type and ssn_class; a further one puts its own
    name in front of these.
    """
    frame = _hide_own_ssn(frame, key, found)
    parts: list[pl.DataFrame] = []
    names, hidden = set(frame.columns), _ssn_columns(frame)
    for name in frame.columns:
        if name not in hidden:
            parts.append(frame.select(name))
            continue
        derived = derive_ssn(frame[name], key())
        if any(column in names for column in SSN_DERIVED):
            derived = derived.rename({column: f"{name}_{column}" for column in SSN_DERIVED})
        names.update(derived.columns)
        parts.append(derived)
    return hide_values(pl.concat(parts, how="horizontal"), key, found)


def _ssn_columns(frame: pl.DataFrame) -> list[str]:
    """List the columns of SSNs: by their whole name, or by a word of it and what they hold.

    >>> _ssn_columns(pl.DataFrame({"SS#": ["212099998"], "SSN Last 4": ["9998"], "Assn": ["212099998"]}))
    ['SS#']
    """
    found = []
    for name in frame.columns:
        named = plain(name) in _SSN_NAMES
        if not named and _SSN_WORDS.search(_WORDS.sub(" ", name).lower()) and name not in SSN_DERIVED:
            named = bool(frame[name].str.contains(_HOLDS_NUMBERS).any())
        if named and not _is_flag(frame[name]):
            found.append(name)
    return found


def _hide_own_ssn(frame: pl.DataFrame, key: Keyring, found: Diagnostics) -> pl.DataFrame:
    """Hash every column that repeats the SSN of its own row, an id for instance."""
    hidden = _ssn_columns(frame)
    for own in hidden:
        for name in [name for name in frame.columns if name not in hidden and plain(name) not in _SSN_NAMES]:
            clear = frame.select(pl.col(name), ssn=pl.col(own))
            if clear.select((pl.col(name).str.replace_all(r"[^0-9]", "") == _digits_of("ssn")).any()).item():
                frame = frame.with_columns(hide_ids(clear, name, key, found, told=None)[name])
    return frame


def _digits_of(name: str) -> pl.Expr:
    digits = pl.col(name).str.replace_all(r"[^0-9]", "")
    return pl.when(digits.str.contains(_NINE)).then(digits)


def hide_values(frame: pl.DataFrame, key: Keyring, found: Diagnostics) -> pl.DataFrame:
    """Hash every cell that is an SSN with hyphens or spaces, and blot those within a longer text."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name not in SSN_DERIVED]
    whole = frame.select(pl.col(texts).str.contains(SSN_PATTERN).any())
    for name in texts:
        if whole[name][0]:
            frame = frame.with_columns(_hash_whole(frame[name], key(), found))
    within = frame.select(pl.col(texts).str.contains(f"{_WITHIN}|{_ANNOUNCED}").any())
    for name in texts:
        if within[name][0]:
            blotted = pl.col(name).str.replace_all(_WITHIN, "[SSN]").str.replace_all(_ANNOUNCED, "${1}[SSN]")
            frame = frame.with_columns(blotted)
            found.note("ssn_hidden", "SSNs within longer texts were blotted out.", column=name)
    return frame


def _hash_whole(values: pl.Series, key: SsnKey, found: Diagnostics) -> pl.Series:
    shaped = values.str.contains(SSN_PATTERN).fill_null(value=False)
    distinct = values.filter(shaped).unique().sort()
    hashes = hash_ids(distinct, key)
    found.note(
        "ssn_hidden",
        f"{int(shaped.sum())} values are shaped like SSNs and were replaced by keyed hashes (ssn:...).",
        column=values.name,
    )
    return values.replace(distinct, hashes)


def hide_ids(
    frame: pl.DataFrame, identity: str, key: Keyring, found: Diagnostics, *, told: bool | None
) -> pl.DataFrame:
    """Hash ids that are SSNs: where the user or the file's own code says so, or the row's SSN is the id.

    Args:
        frame: mapped rows with text columns, `ssn` (clear) and `id_kind` among them where mapped.
        identity: the id column.
        key: gives the key.
        found: takes the diagnostics.
        told: the option id_is_ssn; None when it was not given.
    """
    if told is False:
        return frame
    bare = pl.col(identity).str.replace_all(r"[-\u2010-\u2015 ]", "")
    nine = bare.str.contains(_NINE)
    is_ssn = pl.lit(value=bool(told)) & nine
    if "id_kind" in frame.columns:  # SB01 = S: the student identifier is an SSN
        is_ssn = is_ssn | (nine & (pl.col("id_kind").str.to_uppercase() == "S"))
    if "ssn" in frame.columns:
        is_ssn = is_ssn | (nine & (bare == pl.col("ssn").str.replace_all(r"[^0-9]", "")))
    marked = frame.select(hidden=is_ssn.fill_null(value=False), bare=bare)
    if not marked["hidden"].any():
        _note_doubt(marked["bare"], identity, found)
        return frame
    # An id that is somebody's SSN in one row is one in all rows that it stands in.
    known = marked.filter("hidden")["bare"].unique().sort()
    hashes = hash_ids(known, key())
    found.note(
        "id_is_ssn",
        f"{known.len()} ids are SSNs and were replaced by keyed hashes (ssn:...). "
        "Export an id that is none, if the results are to be loaded back.",
        column=identity,
    )
    hashed = bare.replace_strict(known, hashes, default=None)
    return frame.with_columns(pl.coalesce(hashed, pl.col(identity)).alias(identity))


def _note_doubt(ids: pl.Series, identity: str, found: Diagnostics) -> None:
    """Nine digits that begin as differently as SSNs do, and are nothing else by what the file says."""
    ids = ids.drop_nulls().unique()
    if ids.len() < _ENOUGH or not ids.str.contains(_NINE).all():
        return
    areas = ids.str.slice(0, 3)
    if areas.n_unique() > _SPREAD * min(ids.len(), 899) and areas.is_in(["000", "666"]).sum() == 0:
        found.note(
            "id_may_be_ssn",
            "The ids look like SSNs and were kept as they are. Pass options={'id_is_ssn': true} to have them "
            "replaced by keyed hashes, or false if they are none.",
            column=identity,
        )


def _is_flag(values: pl.Series) -> bool:
    """A column such as ssn_no that says yes or no, and holds no number."""
    return set(values.drop_nulls().str.to_uppercase().unique().head(len(_FLAGS) + 1)) <= _FLAGS
