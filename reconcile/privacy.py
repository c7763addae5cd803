"""SSN handling, masking, redaction: what may be kept of a secret value, and what may be shown.

An SSN leaves the reader as four columns: a keyed hash, the last four digits, the kind of number and a
class. The key lives outside the workspace; whoever holds a table without the key cannot try the
billion possible numbers. Only a number that can belong to one person is hashed, so that a dummy or a
damaged number never links two people.

Sources: areas 000, 666 and 9xx, group 00 and serial 0000 were never issued (SSA, POMS RM 01102.035);
ITINs are 9xx with the fourth and fifth digit in 50-65, 70-88, 90-92, 94-99 (IRS); the type is "0" for
an SSN and "1" for a taxpayer number (OpenCCC account data elements, ssn_type).
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import polars as pl

from reconcile.errors import InputError, KeyMismatch, OutputError
from reconcile.files import permissions_are_enforced, private_folder

KEY_VARIABLE: Final = "RECONCILE_SSN_KEY"
KEY_FILE_VARIABLE: Final = "RECONCILE_KEY_FILE"
KEY_BYTES: Final = 32

SSN_COLUMNS: Final = dict.fromkeys(("ssn_hmac", "ssn_last4", "ssn_type", "ssn_class"), pl.String)
SSN_PATTERN: Final = r"^\s*[0-9]{3}[-\u2010-\u2015 ][0-9]{2}[-\u2010-\u2015 ][0-9]{4}\s*$"
_DATA_LIKE: Final = re.compile(r"\[(e-mail|number|date)\]|[0-9]{6}")

_BARE: Final = r"^[0-9]{9}$"
_ITIN: Final = r"^9[0-9]{2}(5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])"
_NEVER: Final = r"^(000|666|9)|^...00|0000$"
_DUMMIES: Final = ("123456789", "987654321", "078051120", "219099999", *(d * 9 for d in "0123456789"))
_HIDDEN: Final = "•••"
_SHAPE: Final = 40  # characters of a value's shape
_SIGNS: Final = (
    (r"\p{Lu}", "A"),
    (r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]", "a"),
    (r"\p{N}", "9"),
    (r"\p{C}", "\u2400"),
    (r"[^\x00-\x7F\u2400]", "?"),  # marks and signs that letters are made of
)
_SHAPES: Final = (
    (re.compile(r"[^\s@\"'<>,;]+@[^\s@\"'<>,;]+"), "[e-mail]"),
    (re.compile(r"(?<![0-9])[0-9]{3}([-\u2010-\u2015 ]?)[0-9]{2}\1[0-9]{4}(?![0-9])"), "[number]"),
    (re.compile(r"(?<![0-9])[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?![0-9])"), "[date]"),
    (re.compile(r"(?<![0-9])[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})(?![0-9])"), "[date]"),
    (re.compile(r"(?<![0-9])[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4}(?![0-9])"), "[date]"),
    (re.compile(r"(?<![0-9])(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(?![0-9])"), "[date]"),
)


@dataclass(frozen=True)
class SsnKey:
    """The secret with which SSNs are hashed; it shows only its fingerprint.

    >>> SsnKey(bytes(32))
    SsnKey(fingerprint='5e596b74')
    """

    secret: bytes = field(repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell keys apart and give nothing away."""
        return hmac.digest(self.secret, b"reconcile: fingerprint", "sha256").hex()[:8]

    def __repr__(self) -> str:
        """Show the fingerprint, never the secret."""
        return f"SsnKey(fingerprint={self.fingerprint!r})"

    def hash(self, digits: str, /, *, use: str = "ssn") -> str:
        """Hash one number; hashes made for different uses never meet."""
        made = hmac.digest(self.secret, f"{use}:{digits}".encode(), "sha256").hex()[:32]
        return f"{self.fingerprint}:{made}"


def ssn_key(path: Path | None = None) -> SsnKey:
    """Find the key: the environment, else a 0600 file of the user, made at first use.

    Args:
        path: the key file; RECONCILE_KEY_FILE or the user's data folder when None.
            RECONCILE_SSN_KEY (hexadecimal) is used before any file unless `path` is given.

    Raises:
        InputError: the key that was found is no key, or others can read its file.
    """
    if path is None and (given := os.environ.get(KEY_VARIABLE)):
        return SsnKey(_parse_key(given, where=f"The environment variable {KEY_VARIABLE}"))
    path = path or key_file()
    if not path.exists():
        _create_key(path)
    return _load_key(path)


def key_file() -> Path:
    """Say where the key file of this user is or would be."""
    if given := os.environ.get(KEY_FILE_VARIABLE):
        return Path(given)
    from platformdirs import user_data_path  # noqa: PLC0415 - only whoever reads SSNs needs it

    return user_data_path("reconcile", appauthor=False) / "ssn.key"


@cache
def session_key() -> SsnKey:
    """Make the one random key of this process, for frames that never were a file of ours."""
    return SsnKey(secrets.token_bytes(KEY_BYTES))


def derive_ssn(values: pl.Series, key: SsnKey, /) -> pl.DataFrame:
    """Replace SSNs by what may be kept of them.

    Args:
        values: text; nine digits, bare or as nnn-nn-nnnn with hyphens or spaces. Eight digits are
            malformed: that a leading zero was lost would be a guess.
        key: as from `ssn_key`.

    Returns:
        One row a value: ssn_hmac and ssn_last4 (null unless the class is ok or itin), ssn_type
        ("0" SSN, "1" taxpayer number), ssn_class (ok, itin, never_issued, dummy, malformed; null
        when there is no value).

    >>> derive_ssn(pl.Series(["212-09-9998", "123456789", None]), SsnKey(bytes(32)))["ssn_class"].to_list()
    ['ok', 'dummy', None]
    """
    digits = _digits(values)
    known = digits.unique().drop_nulls().sort().to_frame("digits").with_columns(ssn_class=_classify())
    usable = pl.col("ssn_class").is_in(["ok", "itin"])
    hashes = pl.Series(
        "ssn_hmac",
        [key.hash(d) if c in {"ok", "itin"} else None for d, c in known.iter_rows()],
        dtype=pl.String,
    )
    known = known.with_columns(
        hashes,
        ssn_last4=pl.when(usable).then(pl.col("digits").str.slice(5)),
        ssn_type=pl.when(pl.col("ssn_class") != "malformed").then(
            pl.when(pl.col("digits").str.starts_with("9")).then(pl.lit("1")).otherwise(pl.lit("0"))
        ),
    )
    joined = digits.to_frame("digits").join(known, on="digits", how="left", maintain_order="left")
    return joined.select(list(SSN_COLUMNS))


def hash_ids(values: pl.Series, key: SsnKey, /) -> pl.Series:
    """Replace ids that are SSNs, so that rows stay apart and equal ids stay equal in all files.

    The result is `ssn:<fingerprint>:<hash>`; it never equals an `ssn_hmac`, whatever the number.
    """
    digits = _digits(values)
    distinct = digits.unique().drop_nulls().sort()
    made = pl.Series([f"ssn:{key.hash(d, use='id')}" for d in distinct], dtype=pl.String)
    return digits.replace_strict(distinct, made, return_dtype=pl.String).alias(values.name)


def require_same_key(*columns: pl.Series) -> None:
    """Refuse to compare hashes that different keys made.

    Args:
        columns: ssn_hmac columns of the tables that are about to meet.

    Raises:
        KeyMismatch: more than one fingerprint is among them.
    """
    found = {f for column in columns for f in column.str.slice(0, 8).unique().drop_nulls().to_list()}
    if len(found) > 1:
        raise KeyMismatch(
            f"SSN hashes of {len(found)} different keys ({', '.join(sorted(found))}) cannot be compared. "
            f"Read all files again with one key (set {KEY_VARIABLE} or {KEY_FILE_VARIABLE})."
        )


def mask_name(value: str | None, /) -> str:
    """Show the first letter of a name.

    >>> mask_name("Maria")
    'M•••'
    """
    return f"{value[0]}{_HIDDEN}" if value else ""


def mask_date(value: object, /) -> str:
    """Show the year of a date.

    >>> mask_date("2004-05-17")
    '2004-••-••'
    """
    year = re.search(r"(?<![0-9])[0-9]{4}(?![0-9])", str(value or ""))
    return f"{year[0]}-••-••" if year else _HIDDEN if value else ""


def mask_email(value: str | None, /) -> str:
    """Show the first letter and the domain of an e-mail address.

    >>> mask_email("maria@example.org")
    'm•••@example.org'
    """
    name, at, domain = (value or "").rpartition("@")
    return f"{name[:1]}{_HIDDEN}@{domain}" if at else mask_name(value)


def mask_id(value: str | None, /) -> str:
    """Show the last three characters of an id.

    >>> mask_id("A00123456")
    '•••456'
    """
    return f"{_HIDDEN}{value[-3:] if len(value) > 4 else ''}" if value else ""  # noqa: PLR2004 - keeps half hidden


def mask_shape(values: pl.Series, /) -> pl.Series:
    """Show texts by their shape: letters as a or A, digits as 9, at most 40 characters.

    >>> mask_shape(pl.Series(["Ana 2001-02-03", None])).to_list()
    ['Aaa 9999-99-99', None]
    """
    shown = values.str.head(_SHAPE)
    for pattern, sign in _SIGNS:
        shown = shown.str.replace_all(pattern, sign)
    return shown


def redact(text: str, /) -> str:
    """Remove whatever is shaped like an SSN, a date or an e-mail address from a message.

    >>> redact("212-09-9998, born 5/17/2004, m@example.org")
    '[number], born [date], [e-mail]'
    """
    for shape, word in _SHAPES:
        text = shape.sub(word, text)
    return text


def looks_like_data(name: str) -> bool:
    """Say whether a column name is rather a value, which must not be repeated in a message."""
    return bool(_DATA_LIKE.search(redact(name)))


def _digits(values: pl.Series) -> pl.Series:
    """Bare nine digits where the shape is an SSN's, the trimmed text elsewhere, null where nothing is."""
    text = pl.col("v").cast(pl.String).str.strip_chars()
    return (
        values.to_frame("v")
        .select(
            pl.when(text.str.contains(SSN_PATTERN))
            .then(text.str.replace_all(r"[^0-9]", ""))
            .when(text != "")
            .then(text)
        )
        .to_series()
    )


def _classify() -> pl.Expr:
    digits = pl.col("digits")
    return (
        pl.when(~digits.str.contains(_BARE))
        .then(pl.lit("malformed"))
        .when(digits.is_in(_DUMMIES))
        .then(pl.lit("dummy"))
        .when(digits.str.contains(r"0000$"))
        .then(pl.lit("never_issued"))
        .when(digits.str.contains(_ITIN))
        .then(pl.lit("itin"))
        .when(digits.str.contains(_NEVER))
        .then(pl.lit("never_issued"))
        .otherwise(pl.lit("ok"))
    )


def _parse_key(text: str, *, where: str) -> bytes:
    secret = b""
    with contextlib.suppress(ValueError):
        secret = bytes.fromhex(text.strip())
    if len(secret) < KEY_BYTES:
        raise InputError(
            f"{where} holds no key: at least {2 * KEY_BYTES} hexadecimal digits are expected. "
            "Restore the key from your backup; with a new key, earlier SSN hashes no longer compare."
        )
    return secret


def _load_key(path: Path) -> SsnKey:
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(
            f"The SSN key {path} cannot be read: {error.strerror}. "
            f"Restore it, or name another file in {KEY_FILE_VARIABLE}."
        ) from None
    if permissions_are_enforced() and mode & 0o077:
        raise InputError(f"Others can read the SSN key {path}. Take their rights away: chmod 600 {path}")
    return SsnKey(_parse_key(content.decode("ascii", errors="replace"), where=f"The SSN key file {path}"))


def _create_key(path: Path) -> None:
    """Write a new key; of several processes that try at once, one wins and all use its key."""
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write_new(draft)
        try:
            os.link(draft, path)  # unlike a rename, a link never replaces what is there
        except FileExistsError:
            return
        except OSError:  # no hard links on this file system
            with contextlib.suppress(FileExistsError):
                _write_new(path)
    except OSError as error:
        reason = error.strerror
    else:
        return
    finally:
        draft.unlink(missing_ok=True)
    raise OutputError(
        f"The SSN key {path} cannot be written: {reason}. Name another file in {KEY_FILE_VARIABLE}."
    )


def _write_new(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
