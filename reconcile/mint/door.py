"""What stands between an account and whoever asks for it: is it there, is it locked, and what is said if not.

A refusal is kept in the log like a success. Whoever asks learns as little as they showed: of a number that
nobody has and of a wrong secret the same is said, after the same work.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reconcile.errors import AccountError
from reconcile.registry.canon import iso
from reconcile.registry.people import machine

if TYPE_CHECKING:
    from datetime import datetime

    from reconcile.registry.ledger import Ledger

T = TypeVar("T")

STUDENT: Final = "student"  # how the log calls whoever showed a secret, a code or a password
TRIES: Final = 5  # at one account before it is locked, and at one code
LOCK: Final = timedelta(minutes=15)  # the first; each one after it twice as long
_DOUBLINGS: Final = 7  # about a day and a half: whoever guesses must not shut a student out for ever
_NUMBER: Final = re.compile(r"(DEMO-)?[A-HJ-NP-Z]{3}[0-9]{4}")


def account_of(ledger: Ledger, typed: str, /) -> dict[str, Any] | None:
    """Look up the account that a typed number means; None when there is none, or what was typed is none."""
    number = typed.strip().upper()
    return ledger.accounts.find(number) if _NUMBER.fullmatch(number) else None


def is_locked(account: dict[str, Any], ledger: Ledger, /) -> bool:
    """Say whether an account is shut after failures at this moment."""
    return account["locked_until"] is not None and account["locked_until"] > ledger.stamp


def refuse(
    ledger: Ledger,
    account: dict[str, Any] | None,
    what: str,
    text: str,
    /,
    *,
    counts: bool = False,
    why: str = "no match",
    who: str = STUDENT,
) -> AccountError:
    """Keep a refusal; a guess that might have been right brings the account nearer to being locked."""
    if account is None:  # what was typed may be anything, a password too: it is not kept
        ledger.log(what, "unknown", who=who, why=why, machine=machine())
        return AccountError(text)
    number = account["cccid"]
    if is_locked(account, ledger):
        why = "locked"
    elif counts:
        ledger.accounts.change(number, **_failed(account, ledger.at))
    ledger.accounts.seal(what, number, [number], who=who, why=why, machine=machine())
    return AccountError(text)


def told(answer: T | AccountError, /) -> T:
    """Give the answer of a step, or raise its refusal, which is kept before anybody hears of it."""
    if isinstance(answer, AccountError):
        raise answer
    return answer


def _failed(account: dict[str, Any], at: datetime) -> dict[str, Any]:
    failures = account["failures"] + 1
    if failures < TRIES:
        return {"failures": failures}
    locked = at + LOCK * 2 ** min(account["locks"], _DOUBLINGS)
    return {"failures": 0, "locks": account["locks"] + 1, "locked_until": iso(locked)}
