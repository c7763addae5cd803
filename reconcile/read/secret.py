"""No SSN leaves the reader in clear: SSN columns become four others, ids that are SSNs become hashes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SSN_DERIVED
from reconcile.privacy import (
    HOLDS_SSN,
    SSN_AS_DECIMAL,
    SSN_PATTERN,
    SSN_SIGN,
    Naming,
    derive_ssn,
    hash_ids,
    is_vague,
    ssn_naming,
)
from reconcile.read.ssn_faults import SsnFaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconcile.privacy import SsnKey
    from reconcile.read.diagnostics import Diagnostics

    # The key is asked for only when there is something to hash, since asking may create it.
    Keyring = Callable[[], SsnKey]

# Nine bare digits are an SSN where the text says so.
_SAYING: Final = (
    r"(?:ssn|ss ?#|soc(?:ial)?\.? ?sec(?:urity)?\.?)(?: ?(?:number|num|nr|no)%s\.?)?"
    r"[^A-Za-z0-9]{0,3}(?:(?:is|was)[^A-Za-z0-9]{0,3})?"
)
_ANNOUNCED: Final = r"(?i)\b(%s)[0-9]{9}\b" % (_SAYING % r"\b")
# Regular expressions of polars look neither back nor ahead: what stands around an SSN is matched and given
# back, and a second turn finds the one that shares it.
_DASH: Final = SSN_SIGN.replace(" ", "")
_WITHIN: Final = rf"(^|[^0-9])[0-9]{{3}}{_DASH}[0-9]{{2}}{_DASH}[0-9]{{4}}($|[^0-9])"
# With a blank, groups of digits are an SSN only where no further group goes on: telephones have more.
_GOES_ON: Final = SSN_SIGN.replace(" ", " ./")
_SPACED: Final = (
    rf"(^{_GOES_ON}?|[^0-9]{_GOES_ON}|{_GOES_ON.replace('[-', '[^-0-9+')})"
    rf"[0-9]{{3}}{SSN_SIGN}[0-9]{{2}}{SSN_SIGN}[0-9]{{4}}"
    rf"({_GOES_ON}?$|{_GOES_ON}[^0-9]|{_GOES_ON.replace('[-', '[^-0-9')})"
)
_TURNS: Final = (
    (_WITHIN, "${1}[SSN]${2}"),
    (_WITHIN, "${1}[SSN]${2}"),
    (_ANNOUNCED, "${1}[SSN]"),
    (_SPACED, "${1}[SSN]${2}"),
    (_SPACED, "${1}[SSN]${2}"),
)
# All that the patterns above find is found by this one too, in a single quick look: it has no word ends,
# for which the regular expressions of polars leave their fast path.
_PERHAPS: Final = rf"[0-9]{{3}}{SSN_SIGN}[0-9]{{2}}{SSN_SIGN}[0-9]{{4}}|(?i:{_SAYING % ''})[0-9]{{9}}"
_SHORTEST: Final = 9  # bytes of a text that holds an SSN
_HASHED: Final = "Values shaped like SSNs ({count:,}) became keyed hashes (ssn:...). Export them no more."
_BLOTTED: Final = "SSNs within longer texts were blotted out. Leave the column out of the export."
_TAKEN: Final = "By its values a column of SSNs, which keyed hashes replace. Rename it if it holds none."
_SPEAKING: Final = (Naming.HOLDS, Naming.SPEAKS, Naming.OURS)
_NINE_IN_ALL: Final = r"^[^0-9]*(?:[0-9][^0-9]*){9}$"
_ROWS_APART: Final = 10**9  # a row's number and nine digits as one number
_FLAGS: Final = frozenset({"", "Y", "N", "T", "F", "TRUE", "FALSE", "YES", "NO", "0", "1"})
_NINE: Final = r"^[0-9]{9}$"
_ENOUGH: Final = 50  # ids that show how they are spread
_SPREAD: Final = 0.3  # numbers given out one after the other begin alike, SSNs do not


def hide_columns(
    frame: pl.DataFrame, key: Keyring, found: Diagnostics, *, suspect: bool = True
) -> pl.DataFrame:
    """Hide the SSNs of a table without a layout, as `Hiding` does."""
    hiding = Hiding(key)
    hiding.learn(frame)
    hidden = hiding.hide(frame, suspect=suspect)
    hiding.note(found)
    return hidden


class Hiding:
    """Which columns of a table are SSNs and which values repeat one: learned from all of it, then hidden.

    SSN columns become the derived ones, in the column's place: the first gives ssn_hmac, ssn_last4, ssn_type
    and ssn_class, a further one puts its own name in front of these. A value that repeats the SSN of its own
    row, an id for instance, is hashed in whatever row it stands.
    """

    def __init__(self, key: Keyring) -> None:
        """Begin with nothing learned."""
        self._key = key
        self._holds: dict[str, bool] = {}  # whether a column whose name speaks of SSNs holds any
        self._repeated: dict[tuple[str, str], pl.Series] = {}
        self._hidden: Counter[tuple[str, str]] = Counter()
        self._faults = SsnFaults()

    def learn(self, frame: pl.DataFrame) -> bool:
        """Look at rows, a first time; say whether there is anything to learn from others."""
        speaking = {
            c.name: naming for c in frame.get_columns() if (naming := ssn_naming(c.name)) in _SPEAKING
        }
        for name, naming in speaking.items():
            holds = not _is_flag(frame[name]) if naming is Naming.HOLDS else _any(frame[name], HOLDS_SSN)
            self._holds[name] = self._holds.get(name, False) or holds
        nine = _columns_with(frame, _long_enough(frame, frame.columns), _NINE_IN_ALL) if speaking else []
        for own in speaking:
            ssns = _by_row(frame[own]).drop_nulls().implode()
            for column in (frame[name] for name in nine if name != own):
                repeating = _digits(column.filter(_by_row(column).is_in(ssns)))
                known = self._repeated.get((own, column.name), repeating.clear())
                self._repeated[own, column.name] = pl.concat([known, repeating]).unique()
        return bool(speaking)

    def hide(self, frame: pl.DataFrame, *, suspect: bool) -> pl.DataFrame:
        """Hide in rows what was learned of all, and, in what is suspect, every cell that shows what it is."""
        parts: list[pl.Series] = []
        names = set(frame.columns)
        for column in frame.get_columns():
            if not self._holds.get(column.name):
                parts.append(self._without_repeated(column))
                continue
            derived = derive_ssn(column, self._key())
            self._faults.count(column.name, column, derived["ssn_class"])
            if any(name in names for name in SSN_DERIVED):
                derived = derived.rename({name: f"{column.name}_{name}" for name in SSN_DERIVED})
            names.update(derived.columns)
            parts += derived.get_columns()
        frame = pl.DataFrame(parts)
        return _hide_values(frame, self._key, self._hidden) if suspect else frame

    def _without_repeated(self, column: pl.Series) -> pl.Series:
        known = self._repeats(column.name)
        if known.is_empty():
            return column
        hashed = _digits(column).replace_strict(known, hash_ids(known, self._key()), default=None)
        return hashed.fill_null(column).alias(column.name)

    def _repeats(self, name: str) -> pl.Series:
        """The SSNs of some row that a column repeats there."""
        none = pl.Series(dtype=pl.String)
        known = [ssns for (own, other), ssns in self._repeated.items() if other == name and self._holds[own]]
        return pl.concat([none, *known]).unique().sort()

    def note(self, found: Diagnostics) -> None:
        """Say what was hidden, and which SSNs cannot be used."""
        for name in dict.fromkeys(other for _, other in self._repeated if not self._holds.get(other)):
            if number := self._repeats(name).len():
                found.note("id_is_ssn", _ids_hidden(number), column=name)
        for name in (name for name, holds in self._holds.items() if holds and is_vague(name)):
            found.note("ssn_hidden", _TAKEN, column=name)
        _note_hidden(self._hidden, found)
        self._faults.note(found)


def _digits(values: pl.Series) -> pl.Series:
    return values.str.replace(SSN_AS_DECIMAL, "${1}").str.replace_all(r"[^0-9]", "")


def _by_row(values: pl.Series) -> pl.Series:
    """The nine digits of each value with the number of its row, null where there are not nine."""
    digits = pl.col("digits")
    kept = pl.when(digits.str.contains(_NINE)).then(digits).cast(pl.UInt64)
    rows = pl.int_range(pl.len(), dtype=pl.UInt64) * _ROWS_APART
    return _digits(values).to_frame("digits").select(rows + kept).to_series()


def _ids_hidden(number: int) -> str:
    return (
        f"Ids that are SSNs ({number:,}) were replaced by keyed hashes (ssn:...). "
        "Export an id that is none, if the results are to be loaded back."
    )


def hide_values(frame: pl.DataFrame, key: Keyring, found: Diagnostics) -> pl.DataFrame:
    """Hash every cell that is an SSN with hyphens or spaces, and blot those within a longer text."""
    hidden: Counter[tuple[str, str]] = Counter()
    frame = _hide_values(frame, key, hidden)
    _note_hidden(hidden, found)
    return frame


def _note_hidden(hidden: Counter[tuple[str, str]], found: Diagnostics) -> None:
    for (name, message), count in hidden.items():
        found.note("ssn_hidden", message.format(count=count), column=name)


def _hide_values(frame: pl.DataFrame, key: Keyring, hidden: Counter[tuple[str, str]]) -> pl.DataFrame:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    texts = _long_enough(frame, texts)
    kept = [name for name in SSN_DERIVED if name in texts]  # no number at all belongs there
    suspected = _columns_with(frame, [name for name in texts if name not in kept], _PERHAPS)
    changed = {}
    for name, pattern in [
        *((name, SSN_PATTERN) for name in suspected),
        *((name, HOLDS_SSN) for name in kept),
    ]:
        column = frame[name]
        if column.str.contains(pattern).any():
            column = changed[name] = _hash_whole(column, pattern, key(), hidden)
        if column.str.contains(f"{_WITHIN}|{_ANNOUNCED}|{_SPACED}").any():
            for within, left in _TURNS:
                column = column.str.replace_all(within, left)
            changed[name] = column
            hidden[name, _BLOTTED] += 1
    return frame.with_columns(changed.values())


def _long_enough(frame: pl.DataFrame, names: Iterable[str]) -> list[str]:
    """Pick the columns that have a value of nine bytes or more."""
    wanted = list(names)
    if not wanted:
        return []
    longest = frame.select(pl.col(wanted).str.len_bytes().max())
    return [
        name for name, size in zip(longest.columns, longest.row(0), strict=True) if (size or 0) >= _SHORTEST
    ]


def _columns_with(frame: pl.DataFrame, names: list[str], pattern: str) -> list[str]:
    """Pick the columns in which a pattern is found."""
    if not names:
        return []
    there = frame.select(pl.col(names).str.contains(pattern).any())
    return [name for name, hit in zip(there.columns, there.row(0), strict=True) if hit]


def _hash_whole(values: pl.Series, pattern: str, key: SsnKey, hidden: Counter[tuple[str, str]]) -> pl.Series:
    shaped = values.str.contains(pattern).fill_null(value=False)
    distinct = values.filter(shaped).unique().sort()
    hashes = hash_ids(distinct, key)
    hidden[values.name, _HASHED] += int(shaped.sum())
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
    bare = pl.col(identity).str.replace_all(SSN_SIGN, "").str.replace(SSN_AS_DECIMAL, "${1}")
    nine = bare.str.contains(_NINE)
    is_ssn = pl.lit(value=bool(told)) & nine
    if "id_kind" in frame.columns:  # SB01 = S: the student identifier is an SSN
        is_ssn = is_ssn | (nine & (pl.col("id_kind").str.to_uppercase() == "S"))
    if "ssn" in frame.columns:
        own = pl.col("ssn").str.replace(SSN_AS_DECIMAL, "${1}").str.replace_all(r"[^0-9]", "")
        is_ssn = is_ssn | (nine & (bare == own))
    marked = frame.select(hidden=is_ssn.fill_null(value=False), bare=bare)
    if not marked["hidden"].any():
        _note_doubt(marked["bare"], identity, found)
        return frame
    # An id that is somebody's SSN in one row is one in all rows that it stands in.
    known = marked.filter("hidden")["bare"].unique().sort()
    hashes = hash_ids(known, key())
    found.note("id_is_ssn", _ids_hidden(known.len()), column=identity)
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


def _any(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).any())


def _is_flag(values: pl.Series) -> bool:
    """A column such as ssn_no that says yes or no, and holds no number."""
    some = values.drop_nulls()
    return all(
        set(part.str.to_uppercase().unique().head(len(_FLAGS) + 1)) <= _FLAGS
        for part in (some.head(_ENOUGH), some)  # most columns show it in their first rows
    )
