"""Raw columns to canonical ones and to the key columns that linkage compares; the original is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
import polars.selectors as cs

from reconcile.columns import LINK_FIELDS, PERSON, SSN_DERIVED
from reconcile.errors import InputError
from reconcile.flags import deceased, flag
from reconcile.results import as_frame
from reconcile.show import Sheet, Shown, profile
from reconcile.standardize import contacts
from reconcile.standardize.dates import parse_dates
from reconcile.standardize.names import SUFFIXES, clean_names, fold, joined_particles, without_particles

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Standardized", "standardize"]

FLAGS: Final = (
    "accepted_terms", "email_verified", "phone_verified", "address_validation_override", "ssn_no",
    "ssn_exception", "no_perm_address_homeless", "confidential", "enrolled", "credit",
)  # fmt: skip
_SINGLE: Final = frozenset({*PERSON, *LINK_FIELDS, *FLAGS, "birthdate_original", "street2", "deceased"})
_USABLE_SSN: Final = ("ok", "itin")
_CONTACTS: Final[dict[str, Callable[[pl.Expr], pl.Expr]]] = {
    "email": contacts.email,
    "phone": contacts.phone,
    "ssid": contacts.code,
    "zip": contacts.zip5,
    "street": contacts.street,
    "city": contacts.words,
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Standardized(Shown):
    """A table whose canonical columns are clean and whose key columns are ready to compare.

    Attributes:
        frame: the rows in the order given, all columns kept, `key_…` columns added.
        notes: sentences about doubts that concern a whole column.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    def _sheet(self) -> Sheet:
        keys = profile(self.frame.select(cs.starts_with("key_")))
        title = f"Ready to compare: {self.frame.height:,} rows, {keys.height} key columns"
        return Sheet(frame=keys, title=title, note=" ".join(self.notes), rows=30)


def standardize(table: object, /, *, id: str = "id") -> Standardized:  # noqa: A002 - the word people use
    """Make the canonical and the key columns of whatever person columns a table has.

    `birthdate` becomes ISO text where that is certain and the original moves to `birthdate_original`;
    yes/no columns become "true" / "false"; a raw `ssn` column is replaced by the derived ones, made
    with a key that lives as long as the process. Key columns: key_first, key_middle, key_last (folded,
    without spaces), key_first_parts and key_last_parts (lists, where there is more than one part),
    key_suffix, key_birth (pl.Date), key_birth_doubt, key_birth_weak, key_email, key_phone, key_ssn,
    key_ssn4, key_ssid, key_zip, key_street, key_city, key_alias_first and key_alias_last (lists).

    Args:
        table: anything with an Arrow interface; any subset of the person columns, of any type.
        id: the id column.

    Raises:
        InputError: the id column is missing, or a column holds lists or objects where values are expected.

    >>> people = pl.DataFrame({"id": ["1"], "last_name": ["de la Cruz-Muñoz Jr."]})
    >>> standardize(people).frame.row(0, named=True)["key_last"]
    'delacruzmunoz'
    """
    frame = as_frame(table)
    if id not in frame.columns:
        raise InputError(f'The table has no column "{id}". Pass id= with the name of its id column.')
    _check_types(frame)
    notes: list[str] = []
    frame = _derive_ssn(frame.drop([c for c in frame.columns if c.startswith("key_")]))
    frame = _names(frame)
    frame = _aliases(frame)
    frame, note = _birthdate(frame)
    if note:
        notes.append(note)
    for column, clean in _CONTACTS.items():
        if column in frame.columns:
            frame = _by_distinct(frame, column, clean)
    frame = _second_line(frame)
    frame = _ssn_keys(frame)
    flags = [flag(pl.col(c)).alias(c) for c in FLAGS if frame.schema.get(c) == pl.String]
    if frame.schema.get("deceased") == pl.String:
        flags.append(deceased(pl.col("deceased")).alias("deceased"))
    return Standardized(frame=frame.with_columns(flags), notes=tuple(notes))


def _check_types(frame: pl.DataFrame) -> None:
    """Refuse columns that hold several values a row, or none that has a text."""
    problems = [
        f"column {name} is {kind}, one value a row was expected"
        for name, kind in frame.schema.items()
        if name in _SINGLE and (kind.is_nested() or kind in {pl.Object, pl.Binary})
    ]
    former = frame.schema.get("former_names", pl.Null())
    structs = isinstance(former, pl.List) and (former.inner == pl.Null or isinstance(former.inner, pl.Struct))
    if not structs and former != pl.Null:
        names = "first_name, middle_name and last_name"
        problems.append(f"column former_names is {former}, a list of structs of {names} was expected")
    if problems:
        raise InputError(
            f"The table cannot be compared: {'; '.join(sorted(problems))}. "
            "Cast the columns, rename them, or leave them out."
        )


def _second_line(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the second line of an address to its key: other files write "Unit 4" on the first."""
    if not {"street", "street2"} <= set(frame.columns):
        return frame
    both = pl.concat_str(pl.col("street", "street2").cast(pl.String), separator=" ")
    long = frame.filter(pl.col("street2").is_not_null() & pl.col("street").is_not_null())
    lines = long.select("street", "street2").unique().with_columns(_both=contacts.street(both))
    frame = frame.join(lines, on=["street", "street2"], how="left", maintain_order="left")
    return frame.with_columns(key_street=pl.coalesce("_both", "key_street")).drop("_both")


def _derive_ssn(frame: pl.DataFrame) -> pl.DataFrame:
    """Replace a clear SSN column before anything else looks at the table."""
    if "ssn" not in frame.columns:
        return frame
    from reconcile.privacy import derive_ssn, session_key  # noqa: PLC0415 - only tables that hold SSNs

    derived = derive_ssn(frame["ssn"].cast(pl.String), session_key())
    return frame.drop("ssn", *(c for c in SSN_DERIVED if c in frame.columns)).hstack(
        derived.select(SSN_DERIVED).get_columns()
    )


def _brought_back(frame: pl.DataFrame, column: str, made: pl.DataFrame) -> pl.DataFrame:
    """Bring what was made of a column's distinct values back to the rows."""
    rows = frame.select(column).join(made, on=column, how="left", maintain_order="left")
    return frame.with_columns(rows.drop(column).get_columns())


def _by_distinct(frame: pl.DataFrame, column: str, clean: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Make the key of a column on its distinct values."""
    distinct = frame.lazy().select(column).drop_nulls().unique()
    key = clean(pl.col(column).cast(pl.String)).alias(f"key_{column}")
    # A lazy frame works out an expression once that stands in several places.
    return _brought_back(frame, column, distinct.with_columns(key).collect())


def _keyed(values: pl.Series, of_several: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """Make the key of each distinct name: raw, suffix, key, and what there is to say of several words.

    A single word is its own key; nothing of it is to be joined, parted or taken off.
    """
    cleaned = clean_names(values.drop_nulls().unique())
    several = pl.col("spaced").str.contains(" ", literal=True).fill_null(value=False)
    one, more = cleaned.filter(~several), cleaned.filter(several)
    return pl.concat([one.rename({"spaced": "key"}), of_several(more)], how="diagonal")


def _first(cleaned: pl.DataFrame) -> pl.DataFrame:
    """Take a middle initial off: "Mary A" holds hers, "J Robert" goes by his middle name."""
    spaced, bare = pl.col("spaced"), pl.col("bare")
    told = cleaned.with_columns(bare=spaced.str.replace(r"^(\p{L}{2,}.*) \p{L}$", "$1"))
    parts = bare.str.split(" ").list.eval(pl.element().filter(pl.element().str.len_chars() > 1))
    return told.select(
        "raw",
        "suffix",
        key=_squeezed(bare),
        parts=pl.when(bare.str.contains(" ", literal=True)).then(parts),
        _initial=spaced.str.extract(r"^\p{L}{2,}.* (\p{L})$", 1),
    )


def _other(cleaned: pl.DataFrame) -> pl.DataFrame:
    return cleaned.select("raw", "suffix", key=_squeezed(pl.col("spaced")))


def _last(cleaned: pl.DataFrame) -> pl.DataFrame:
    """Join particles, and list the parts of a double surname with and without them."""
    told = cleaned.with_columns(merged=joined_particles(pl.col("spaced")))
    parts = (
        pl.concat_list(pl.col("merged").str.split(" "), without_particles(pl.col("spaced")).str.split(" "))
        .list.unique(maintain_order=True)
        .list.eval(pl.element().filter(pl.element().str.len_chars() > 1))
    )
    return told.select("raw", "suffix", key=_squeezed(pl.col("merged")), parts=parts)


def _squeezed(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(" ", "", literal=True)


def _names(frame: pl.DataFrame) -> pl.DataFrame:
    for short, make in (("first", _first), ("middle", _other), ("last", _last)):
        column = f"{short}_name"
        if column in frame.columns:
            new = {"raw": column, "key": f"key_{short}", "parts": f"key_{short}_parts"}
            made = _keyed(frame[column], make).rename(new | {"suffix": f"_suffix_{short}"}, strict=False)
            frame = _brought_back(frame, column, made)
    return _suffix(_middle(frame))


def _middle(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the initials of first names for middle names where those are not known."""
    if "_initial" not in frame.columns:
        return frame
    if "key_middle" not in frame.columns:
        made = frame.rename({"_initial": "key_middle"})
        return made if made["key_middle"].null_count() < made.height else made.drop("key_middle")
    return frame.with_columns(pl.coalesce("key_middle", "_initial").alias("key_middle")).drop("_initial")


def _suffix(frame: pl.DataFrame) -> pl.DataFrame:
    found = [c for c in ("_suffix_last", "_suffix_first", "_suffix_middle") if c in frame.columns]
    own = []
    if "suffix" in frame.columns:
        text = fold(pl.col("suffix").cast(pl.String)).str.replace_all(r"[^a-z0-9]", "")
        own = [text.replace_strict(SUFFIXES, default=None, return_dtype=pl.String)]
    if not own and not found:
        return frame
    frame = frame.with_columns(pl.coalesce(*own, *found).alias("key_suffix")).drop(found)
    if not own and frame["key_suffix"].null_count() == frame.height:
        return frame.drop("key_suffix")
    return frame


def _aliases(frame: pl.DataFrame) -> pl.DataFrame:
    """Gather preferred and former names as lists of cleaned first and last names."""
    rows = pl.int_range(pl.len(), dtype=pl.UInt32).alias("_row")
    firsts, lasts = [], []
    if "preferred_first_name" in frame.columns:
        firsts.append(frame.select(rows, pl.col("preferred_first_name").cast(pl.String).alias("name")))
    former = frame.schema.get("former_names")
    if isinstance(former, pl.List) and isinstance(former.inner, pl.Struct):
        exploded = frame.select(rows, "former_names").explode("former_names").drop_nulls()
        named = exploded.select("_row", pl.col("former_names").struct.unnest())
        firsts += [named.select("_row", pl.col("first_name").cast(pl.String).alias("name"))] * (
            "first_name" in named.columns
        )
        lasts += [named.select("_row", pl.col("last_name").cast(pl.String).alias("name"))] * (
            "last_name" in named.columns
        )
    for target, found in (("key_alias_first", firsts), ("key_alias_last", lasts)):
        if found:
            frame = _listed(frame, pl.concat(found).drop_nulls(), target)
    return frame


def _listed(frame: pl.DataFrame, named: pl.DataFrame, target: str) -> pl.DataFrame:
    make = _last if target.endswith("last") else _other
    made = _keyed(named["name"], make).select("key", name="raw")
    cleaned = named.join(made, on="name").drop_nulls("key")
    lists = cleaned.group_by("_row").agg(pl.col("key").unique().sort().alias(target))
    rows = pl.int_range(pl.len(), dtype=pl.UInt32).alias("_row")
    return frame.with_columns(rows).join(lists, on="_row", how="left", maintain_order="left").drop("_row")


def _birthdate(frame: pl.DataFrame) -> tuple[pl.DataFrame, str | None]:
    if "birthdate" not in frame.columns:
        return frame, None
    written = frame["birthdate"]
    kept = frame["birthdate_original"] if "birthdate_original" in frame.columns else written
    written = written if written.dtype.is_temporal() else written.cast(pl.String)
    distinct = written.alias("written").drop_nulls().unique()
    dates = parse_dates(distinct)
    usable = pl.col("date").is_not_null() & ~pl.col("doubt")
    made = dates.frame.select(
        distinct,
        pl.when(usable).then(pl.col("date").dt.strftime("%Y-%m-%d")).alias("birthdate"),
        pl.when(~pl.col("placeholder")).then("date").alias("key_birth"),
        pl.col("doubt").alias("key_birth_doubt"),
        pl.col("weak").alias("key_birth_weak"),
    )
    rows = written.alias("written").to_frame().join(made, on="written", how="left", maintain_order="left")
    rows = rows.with_columns(birthdate_original=kept.cast(pl.String)).select(
        pl.coalesce("birthdate", "birthdate_original"),
        "birthdate_original",
        "key_birth",
        pl.col("key_birth_doubt", "key_birth_weak").fill_null(value=False),
    )
    return frame.with_columns(rows.get_columns()), dates.note


def _ssn_keys(frame: pl.DataFrame) -> pl.DataFrame:
    usable = pl.lit(value=True)
    if "ssn_class" in frame.columns:
        usable = pl.col("ssn_class").is_null() | pl.col("ssn_class").is_in(_USABLE_SSN)
    made = [
        pl.when(usable & (pl.col(source).cast(pl.String) != ""))
        .then(pl.col(source).cast(pl.String))
        .alias(key)
        for source, key in (("ssn_hmac", "key_ssn"), ("ssn_last4", "key_ssn4"))
        if source in frame.columns
    ]
    return frame.with_columns(made)
