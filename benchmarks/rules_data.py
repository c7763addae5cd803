"""A seeded table of accounts as the reader delivers them, with a known share of rows that break each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

# The first 16 make the narrow table, all 30 the wide one.
COLUMNS: Final = (
    "cccid",
    "birthdate",
    "first_name",
    "middle_name",
    "last_name",
    "email",
    "email_verified",
    "email_verified_timestamp",
    "phone",
    "phone_verified",
    "phone_verified_timestamp",
    "street",
    "city",
    "state",
    "accepted_terms",
    "accepted_terms_timestamp",
    "zip",
    "country",
    "no_perm_address_homeless",
    "address_validation_override",
    "address_validation_override_timestamp",
    "idv_optin_timestamp",
    "idv_confirmation_timestamp",
    "idv_workflow_status",
    "ssn_hmac",
    "ssn_class",
    "ssn_last4",
    "ssn_type",
    "ssn_no",
    "ssn_exception",
)
GROUP: Final = 122_880  # rows of a row group, DuckDB's own size

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # what a CCCID is made of
_CCCIDS: Final = 24**3 * 9_999
_STRIDE: Final = 52_711_003  # prime to _CCCIDS, so that no number comes twice
_SYLLABLES: Final = [consonant + vowel for consonant in "bcdfglmnrt" for vowel in "aeo"]
_STREETS: Final = ["Ave", "Blvd", "Cir", "Ct", "Dr", "Ln", "Pkwy", "Pl", "Rd", "St", "Ter", "Way"]
_IDV: Final = ["verified", "staff_verified", "unverified", "expired"]
_WORST: Final = 0.002  # the share of rows that get one bad value of a column

# What is written over good values, per column; a null is a missing value.
_BAD: Final[dict[str, tuple[str | None, ...]]] = {
    "cccid": (None, "ABI1234", "BCD0000", "ABC1234"),
    "birthdate": (None, "1985-02-30", "03/04/1985", "1899-12-31", "2031-05-06", "2019-09-09", "1910-10-10"),
    "first_name": (None, "Ana\t", "J0se", "Maximiliana" * 5),
    "middle_name": ("Lu\ufffds", "Maximiliana" * 5),
    "last_name": (None, "---", "Garc\u0001a", "0rtiz", "Villavicencio" * 4),
    "email": ("nobody", "two@@example.com", "tab\t@example.com", "a" * 250 + "@example.com"),
    "email_verified": ("yes", None),
    "email_verified_timestamp": ("07/21/2012", None),
    "phone": ("none", "209-555-1295 extension 12345", "12"),
    "phone_verified": ("1", None),
    "phone_verified_timestamp": ("yesterday", None),
    "street": (None, "4280 Western\n", "Camino " * 9),
    "city": (None, "San\u0007", "Llanfair " * 7),
    "state": ("California", "ca"),
    "accepted_terms": (None, "y", "false"),
    "accepted_terms_timestamp": ("2012", None),
    "zip": ("9390", "93901-12345678901234567"),
    "country": ("USA",),
    "no_perm_address_homeless": ("no",),
    "address_validation_override": ("maybe", None),
    "address_validation_override_timestamp": ("n/a", None),
    "idv_optin_timestamp": ("2020-13-01",),
    "idv_confirmation_timestamp": ("2011-01-01T00:00:00Z", "never"),
    "idv_workflow_status": ("done",),
    "ssn_hmac": ("123456789", None),
    "ssn_class": ("dummy", "never_issued", "good"),
    "ssn_last4": ("12",),
    "ssn_type": ("1", "0", "2"),
    "ssn_no": ("true", "false", "0"),
    "ssn_exception": ("true", "x"),
}
_SHARED: Final = ("cccid", "email", "ssn_hmac")  # some rows repeat the value of the row above


def make(path: Path, /, *, rows: int, columns: int, seed: int) -> None:
    """Write one Parquet file of the first columns, a chunk a row group; the same seed gives the same rows."""
    names, words = COLUMNS[:columns], _Words(seed)
    rough = path.with_suffix(".part")
    schema = words.accounts(0, 0).select(names).to_arrow().schema
    with pq.ParquetWriter(rough, schema, compression="zstd") as writer:
        for start in range(0, rows, GROUP):
            chunk = words.accounts(start, min(GROUP, rows - start)).select(names)
            writer.write_table(chunk.to_arrow().cast(schema), row_group_size=GROUP)
    rough.replace(path)


class _Words:
    """Vocabularies, and tables of accounts drawn from them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._last = _names(450_000)
        self._first = _names(20_000)
        self._city = _names(1_500)

    def accounts(self, start: int, rows: int) -> pl.DataFrame:
        """Make the accounts from a row on, good ones first, then with bad values in them."""
        rng = np.random.default_rng([self._seed, start])
        good = self._good(rng, start, rows)
        bad = {name: _spoil(rng, good[name], worst) for name, worst in _BAD.items()}
        for name in _SHARED:
            repeated = pl.Series(rng.random(rows) < _WORST)
            bad[name] = pl.select(pl.when(repeated).then(bad[name].shift(1)).otherwise(bad[name])).to_series()
        return good.with_columns(column.alias(name) for name, column in bad.items())

    def _good(self, rng: np.random.Generator, start: int, rows: int) -> pl.DataFrame:
        first = _draw(rng, self._first, rows, skew=3)
        last = _draw(rng, self._last, rows, skew=1)
        number = pl.Series("number", rng.integers(1, 9_999, rows))
        joined = _stamps(rng, rows)
        drawn = pl.DataFrame({"first": first, "last": last, "number": number, "joined": joined})
        small = [pl.col(name).str.to_lowercase() for name in ("first", "last")]
        draw = _Draws(rng, rows)
        frame = drawn.select(
            cccid=_cccids(start, rows),
            birthdate=_days(rng, rows),
            first_name="first",
            middle_name=draw.some(0.4, _draw(rng, self._first, rows, skew=3)),
            last_name="last",
            email=draw.some(0.98, pl.format("{}.{}{}@example.com", *small, "number")),
            email_verified=draw.flag(0.8),
            phone=draw.some(0.7, _phones(rng, rows)),
            phone_verified=draw.flag(0.5),
            street=pl.format("{} {} {}", "number", _draw(rng, self._last, rows, skew=2), draw.of(_STREETS)),
            city=_draw(rng, self._city, rows, skew=2),
            state=draw.of(["CA"] * 30 + ["NV", "OR", "AZ"]),
            accepted_terms=draw.flag(1),
            accepted_terms_timestamp="joined",
            zip=pl.Series(rng.integers(90_001, 96_162, rows)).cast(pl.String),
            country=pl.lit("US"),
            no_perm_address_homeless=draw.flag(0.01),
            address_validation_override=draw.some(0.2, draw.flag(0.5)),
            idv_optin_timestamp=draw.some(0.3, pl.col("joined")),
            idv_workflow_status=draw.some(0.3, draw.of(_IDV)),
            ssn_class=draw.some(0.6, draw.of(["ok"] * 20 + ["itin"])),
            joined="joined",
        )
        later = {name: _stamps(rng, rows, since=2014) for name in ("email", "phone", "address", "idv")}
        dated = pl.col("address_validation_override").is_not_null()
        has_ssn = pl.col("ssn_class").is_not_null()
        return frame.with_columns(
            email_verified_timestamp=pl.when(pl.col("email_verified") == "true").then(later["email"]),
            phone_verified_timestamp=pl.when(pl.col("phone_verified") == "true").then(later["phone"]),
            address_validation_override_timestamp=pl.when(dated).then(later["address"]),
            idv_confirmation_timestamp=pl.when(pl.col("idv_optin_timestamp").is_not_null()).then(
                pl.lit("2025") + pl.col("joined").str.slice(4)
            ),
            ssn_hmac=pl.when(has_ssn).then(_hmacs(rng, rows)),
            ssn_last4=pl.when(has_ssn).then(pl.Series(rng.integers(1_000, 9_999, rows)).cast(pl.String)),
            ssn_type=pl.when(pl.col("ssn_class") == "itin").then(pl.lit("1")).when(has_ssn).then(pl.lit("0")),
            ssn_no=pl.when(has_ssn).then(pl.lit("false")).otherwise(pl.lit("true")),
            ssn_exception=pl.lit("false"),
        ).select(COLUMNS)


class _Draws:
    """Columns drawn at random, as many values as there are rows."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self._rng, self._rows = rng, rows

    def some(self, share: float, values: pl.Expr | pl.Series) -> pl.Expr:
        return pl.when(self._chosen(share)).then(values)

    def flag(self, share: float) -> pl.Expr:
        return pl.when(self._chosen(share)).then(pl.lit("true")).otherwise(pl.lit("false"))

    def of(self, values: list[str]) -> pl.Series:
        return pl.Series(values).gather(self._rng.integers(0, len(values), self._rows))

    def _chosen(self, share: float) -> pl.Series:
        return pl.Series(self._rng.random(self._rows) < share)


def _names(count: int) -> pl.Series:
    """Count up in syllables, three or four a name."""
    numbers, part = np.arange(count) + len(_SYLLABLES) ** 2, pl.Series(_SYLLABLES)
    digits = [pl.Series((numbers // len(_SYLLABLES) ** n) % len(_SYLLABLES)) for n in range(4)]
    return pl.select(pl.concat_str(*(part.gather(one) for one in digits)).str.to_titlecase()).to_series()


def _draw(rng: np.random.Generator, words: pl.Series, rows: int, *, skew: int) -> pl.Series:
    """Draw words, those at the beginning the more often the higher the skew."""
    return words.gather((rng.random(rows) ** skew * words.len()).astype(np.int64))


def _spoil(rng: np.random.Generator, values: pl.Series, worst: tuple[str | None, ...]) -> pl.Series:
    """Write bad values over some of the good ones."""
    where = rng.random(values.len()) // _WORST
    spoiled = pl.lit(values)
    for n, value in enumerate(worst):
        spoiled = pl.when(pl.Series(where == n)).then(pl.lit(value, dtype=pl.String)).otherwise(spoiled)
    return pl.select(spoiled).to_series()


def _cccids(start: int, rows: int) -> pl.Series:
    number = np.arange(start, start + rows, dtype=np.int64) * _STRIDE % _CCCIDS
    letters, place = pl.Series(list(_LETTERS)), number // 9_999
    parts = [letters.gather(pl.Series(place // 24**n % 24)) for n in range(3)]
    digits = pl.Series(number % 9_999 + 1).cast(pl.String).str.zfill(4)
    return pl.select(pl.concat_str(*parts, digits)).to_series()


def _days(rng: np.random.Generator, rows: int) -> pl.Series:
    days = pl.Series(rng.integers(-14_600, 15_500, rows).astype(np.int32))  # from 1930 to 2012
    return days.cast(pl.Date).dt.strftime("%Y-%m-%d")


def _stamps(rng: np.random.Generator, rows: int, *, since: int = 2012) -> pl.Series:
    seconds = pl.Series(rng.integers(0, 10 * 365 * 86_400, rows) + (since - 1970) * 31_557_600)
    return pl.from_epoch(seconds).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _phones(rng: np.random.Generator, rows: int) -> pl.Series:
    parts = pl.DataFrame({"a": rng.integers(200, 999, rows), "b": rng.integers(1_000, 9_999, rows)})
    return parts.select(pl.format("{}-555-{}", "a", "b")).to_series()


def _hmacs(rng: np.random.Generator, rows: int) -> pl.Series:
    text = np.frombuffer(rng.bytes(16 * rows).hex().encode(), dtype="S32")
    return pl.select("0a1b2c3d:" + pl.Series(text).cast(pl.String)).to_series()
