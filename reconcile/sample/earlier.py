"""An earlier snapshot of the same accounts: what was different then, account by account, and the truth of it.

Accounts that were made since are not in it yet, those that left since still are, and identities that were
verified since are not verified yet. On top of that come the kinds of CHANGES, each on accounts of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample import layouts
from reconcile.sample.damage import mistyped, one_digit
from reconcile.sample.kinds import some

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from reconcile.sample.kinds import Mask, Rows

    Row = dict[str, str | None]

DAYS: Final = 92  # between the two snapshots
# What happened since, and to which share of the accounts.
CHANGES: Final = {
    "surname": ("another surname, after a marriage or a divorce", 0.0016),
    "name_corrected": ("a slip in the last name was corrected", 0.0012),
    "capitals": ("names in capitals are written as others are", 0.0012),
    "birthdate_corrected": ("a digit of the birthdate was corrected", 0.0008),
    "both_corrected": ("last name and birthdate were corrected together", 0.0006),
    "another_person": ("the account is another person's; the earlier one has another account", 0.0005),
    "email_again": ("another e-mail address, verified again", 0.0030),
    "email_unverified": ("another e-mail address, not verified yet", 0.0008),
    "email_stale": ("another e-mail address that counts as verified, though nobody verified it", 0.0006),
    "phone": ("another telephone number", 0.0020),
}
# What comes about by itself.
NATURAL: Final = {
    "new": "made since",
    "vanished": "left since: it is in the SIS, and no longer in the snapshot",
    "identity_verified": "opted in to have the identity verified since",
}
_DAY: Final = 86_400
_IDENTITY: Final = ("idme_optin_timestamp", "idme_confirmation_timestamp", "idme_workflow_status")
_PERSON: Final = ("firstname", "middlename", "lastname", "birthdate", "ssn", "ssn_type", "ssn_no", "suffix")
_AGAIN: Final = 200 * _DAY  # seconds between the two verifications of an e-mail


def earlier(
    rng: np.random.Generator, later: pl.DataFrame, gone: pl.DataFrame, day: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take accounts back to an earlier day.

    Args:
        rng: of its own, so that no other file changes with it.
        later: the snapshot, as it is delivered.
        gone: accounts that left it, likewise.
        day: of the earlier snapshot.

    Returns:
        The earlier snapshot, and the truth: ccc_id, seen ("both", "before" or "after"), kinds (joined by
        ";"), under (the account that the earlier holder of another person's account has today).
    """
    start = day.isoformat()
    made = pl.col("accepted_terms_timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    old = made.dt.offset_by("1d") < pl.lit(start).str.to_datetime("%Y-%m-%d")  # verified by then, too
    before = later.filter(old)
    kinds: dict[str, list[str]] = {}
    under: dict[str, str] = {}
    rows = before.to_dicts()
    for kind, chosen, lent in _chosen(rng, before):
        chances = rng.random((len(chosen), 3)).tolist()
        for at, other, chance in zip(chosen, lent, chances, strict=True):
            was = dict(rows[at])
            _BACK[kind](was, before.row(int(other), named=True), chance, start)
            if was != rows[at]:
                rows[at] = was
                kinds.setdefault(str(was["ccc_id"]), []).append(kind)
                if kind == "another_person":
                    under[str(was["ccc_id"])] = str(before["ccc_id"][int(other)])
    since = pl.col("idme_optin_timestamp") >= start
    told = pl.DataFrame(rows, schema=dict.fromkeys(later.columns, pl.String))
    for number in told.filter(since)["ccc_id"]:
        kinds.setdefault(number, []).append("identity_verified")
    left = gone.filter(old)
    both = pl.concat([told, left]).with_columns(
        pl.when(since.fill_null(value=False)).then(None).otherwise(name).alias(name) for name in _IDENTITY
    )
    truth = [(number, "both", ";".join(words), under.get(number)) for number, words in kinds.items()]
    truth += [(number, "after", "new", None) for number in later.filter(~old)["ccc_id"]]
    truth += [(number, "before", "vanished", None) for number in left["ccc_id"]]
    schema = dict.fromkeys(("ccc_id", "seen", "kinds", "under"), pl.String)
    return (
        both.sort("ccc_id").select(layouts.OPENCCC),
        pl.DataFrame(truth, schema=schema, orient="row").sort("ccc_id"),
    )


def _chosen(rng: np.random.Generator, before: pl.DataFrame) -> list[tuple[str, Rows, Rows]]:
    """Choose accounts for each kind, each once, and beside each another that nothing happens to."""
    free = np.ones(before.height, dtype=bool)
    chosen: list[tuple[str, Rows]] = []
    for kind, (_, share) in CHANGES.items():
        fit = _fit(before, kind)
        rows = some(rng, fit & free, min(1.0, share * before.height / max(int((fit & free).sum()), 1)))
        free[rows] = False
        chosen.append((kind, rows))
    made = []
    for kind, rows in chosen:
        spare = np.flatnonzero(free & _fit(before, "another_person"))
        lent = rng.choice(spare, size=min(len(rows), len(spare)), replace=False)
        free[lent] = False
        made.append((kind, rows[: len(lent)], lent))
    return made


def _fit(before: pl.DataFrame, kind: str) -> Mask:
    """Say which accounts a kind can happen to."""
    named = pl.col("firstname").is_not_null() & (pl.col("lastname").str.len_chars() > 3)  # noqa: PLR2004
    dated = pl.col("birthdate").str.contains("^(19[3-9]|20)")
    verified = pl.col("email_verified") == "true"
    fit = {
        "another_person": named & dated & pl.col("ssn").is_not_null(),
        "email_again": verified,
        "email_stale": verified,
        "email_unverified": ~verified,
        "phone": pl.col("mainphone").is_not_null() & (pl.col("mainphone_verified") == "false"),
    }.get(kind, named & dated)
    return np.asarray(before.select(fit.fill_null(value=False)).to_series().to_numpy())


def _surname(was: Row, other: Row, _chance: list[float], _day: str) -> None:
    was["lastname"] = other["lastname"]


def _slip(was: Row, _other: Row, chance: list[float], _day: str) -> None:
    was["lastname"] = mistyped(str(was["lastname"]), *chance)


def _capitals(was: Row, _other: Row, _chance: list[float], _day: str) -> None:
    for name in ("firstname", "middlename", "lastname"):
        was[name] = (was[name] or "").upper() or None


def _digit(was: Row, _other: Row, chance: list[float], day: str) -> None:
    was["birthdate"] = one_digit(str(was["birthdate"]), chance[2], day)


def _both(was: Row, other: Row, chance: list[float], day: str) -> None:
    _slip(was, other, chance, day)
    _digit(was, other, chance, day)


def _other_mail(was: Row, other: Row, _chance: list[float], _day: str) -> None:
    was["email"] = f"before.{other['email']}"


def _verified(was: Row, other: Row, chance: list[float], day: str) -> None:
    """Verify another address some time before."""
    _other_mail(was, other, chance, day)
    moment = was["email_verified_timestamp"] or was["accepted_terms_timestamp"]
    earlier_one = pl.Series([moment]).str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.offset_by(f"-{_AGAIN}s")
    was["email_verified"] = "true"
    was["email_verified_timestamp"] = earlier_one.dt.strftime("%Y-%m-%dT%H:%M:%SZ")[0]


def _another(was: Row, other: Row, chance: list[float], day: str) -> None:
    _verified(was, other, chance, day)
    for name in _PERSON:
        was[name] = other[name]
    was["mainphone"] = other["mainphone"]


def _phone(was: Row, other: Row, _chance: list[float], _day: str) -> None:
    was["mainphone"] = other["mainphone"] or None


_BACK: Final[dict[str, Callable[[Row, Row, list[float], str], None]]] = {
    "surname": _surname,
    "name_corrected": _slip,
    "capitals": _capitals,
    "birthdate_corrected": _digit,
    "both_corrected": _both,
    "another_person": _another,
    "email_again": _verified,
    "email_unverified": _verified,
    "email_stale": _other_mail,
    "phone": _phone,
}
