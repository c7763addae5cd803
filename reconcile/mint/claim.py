"""How an account becomes its student's, and what is asked of whoever acts on it afterwards.

Start with number, temporary secret and a new address; a code goes to that address; code and a password of
the student's own end it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import AccountError, InputError
from reconcile.mint.accounts import is_taken, mailboxes, require_address, same_mailbox
from reconcile.mint.door import STUDENT, TRIES, account_of, is_locked, refuse, told
from reconcile.mint.passwords import (
    LONGEST,
    PASSWORDS,
    SECRETS,
    SHORTEST,
    agrees,
    keep,
    new_code,
    plain_password,
    plain_secret,
    show,
)
from reconcile.registry import kiosk
from reconcile.registry.canon import iso
from reconcile.registry.people import machine, require_name

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from datetime import datetime

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

CODE_VALID_FOR: Final = timedelta(minutes=15)

_UNKNOWN: Final = (
    "CCCID and temporary secret do not belong together, the secret was used or replaced, or the account is "
    "locked after repeated failures. Nothing was changed. Check both; after five failures wait 15 minutes, "
    "or ask the office that handed them out."
)
_NO_MATCH: Final = (
    "CCCID and code do not belong together, the code was tried too often, or the account is locked. Nothing "
    "was changed. Read the newest message again, or start the reclaim again; after five failures wait 15 "
    "minutes."
)
_LATE: Final = (
    "The temporary secret ended on {day}. Nothing was changed. Ask the office that handed it out for a new "
    "one."
)
_OF_STAFF: Final = "That is a mailbox of the college. Nothing was changed. Name an address of your own."
_OLD: Final = "The code is older than 15 minutes. Nothing was changed. Start the reclaim again."
_SAME: Final = "The password is the temporary secret. Nothing was changed. Choose another one."
_IN_USE: Final = (
    "The e-mail address is already in use: another account has it. Nothing was changed. Name an address that "
    "is yours alone; if you have another account, tell the office, since nobody should have two."
)

# What is said of a refusal that a database's functions name.
_BEGINNING: Final = {
    "no match": _UNKNOWN, "expired": _LATE, "address of staff": _OF_STAFF, "address in use": _IN_USE,
}  # fmt: skip
_ENDING: Final = {
    "no match": _NO_MATCH, "expired": _OLD, "password is the secret": _SAME, "address in use": _IN_USE,
}  # fmt: skip


def asks_again(registry: Registry, /) -> bool:
    """Say whether the end of a reclaim takes the temporary secret again: where a database decides on it."""
    return kiosk.heads(registry, "") is not None


def start(
    registry: Registry,
    cccid: str,
    secret: str,
    email: str,
    /,
    *,
    send: Callable[[str, str, datetime], None],
    taken: Container[str] = (),
    at: datetime | None = None,
) -> datetime:
    """Begin a reclaim with the temporary secret and a new address; return until when its code is valid.

    Args:
        registry: where the account is kept.
        cccid: the account's number.
        secret: as it was handed out; case, blanks and hyphens do not count.
        email: the student's own address.
        send: called with address, code and the moment at which it ends; nothing is kept if it fails.
        taken: addresses that accounts elsewhere have, in lower case.
        at: when; now when None, and where the database takes the step.

    Raises:
        AccountError: the secret is wrong, used, replaced or expired, the account is locked, or the address
            is somebody else's. The refusal is kept.
        InputError: the address is none.
    """
    address = require_address(email)
    code = new_code()
    hashed = keep(SECRETS, code)
    elsewhere = any(one in taken for one in (address, *mailboxes(address)))
    post = (lambda *_: None) if registry.rehearsal else send
    if (heads := kiosk.heads(registry, cccid)) is not None:
        shown = show(heads.secret, plain_secret(secret))

        def ask(connection: Any) -> datetime | AccountError:  # noqa: ANN401 - the registry's own
            said, until = kiosk.Kiosk(connection).begin(cccid, shown, address, hashed, elsewhere=elsewhere)
            if said != "begun" or until is None:
                return AccountError(_BEGINNING[said].format(day=until.date() if until else ""))
            post(address, code, until)
            return until

        return told(registry.change(ask))

    def work(ledger: Ledger) -> datetime | AccountError:
        account = account_of(ledger, cccid)
        held = account is not None and account["state"] == "held"
        kept = ledger.accounts.secret(account["cccid"]) if account is not None and held else None
        fits = agrees(SECRETS, kept["hash"] if kept else None, plain_secret(secret))
        if account is None or kept is None or not fits or is_locked(account, ledger):
            return refuse(ledger, account, "reclaim_refused", _UNKNOWN, counts=held)
        number = account["cccid"]
        if kept["expires"] <= ledger.stamp:
            text = _LATE.format(day=kept["expires"][:10])
            return refuse(ledger, account, "reclaim_refused", text, why="expired")
        if same_mailbox(address, account["email"]):
            return refuse(ledger, account, "reclaim_refused", _OF_STAFF, why="address of staff")
        if elsewhere or is_taken(ledger, address, number):
            return refuse(ledger, account, "reclaim_refused", _IN_USE, why="address in use")
        ends = ledger.at + CODE_VALID_FOR
        ledger.accounts.wait(number, email=address, code=hashed, expires=iso(ends))
        ledger.accounts.seal("reclaim_started", number, [number], who=STUDENT, machine=machine())
        post(address, code, ends)
        return ends

    return told(registry.write(work, at=at))


def confirm(
    registry: Registry,
    cccid: str,
    code: str,
    password: str,
    /,
    *,
    accepted_terms: bool,
    secret: str = "",
    at: datetime | None = None,
) -> None:
    """End a reclaim with its code and a password: the account is the student's from then on.

    Args:
        registry: where the account is kept.
        cccid: the account's number.
        code: out of the message.
        password: the student's own, 12 to 256 characters, and not the secret.
        accepted_terms: whether the student agrees to the terms of use; only the student can.
        secret: the temporary one again, where the database takes the steps of students (`asks_again`).
        at: when; now when None, and where the database takes the step.

    Raises:
        AccountError: the code is wrong, expired or tried too often, the account is locked, the password is
            the secret, or the address was taken meanwhile. The refusal is kept.
        InputError: the password is too short or too long, or the terms are not accepted.
    """
    if not accepted_terms:
        raise InputError("You must agree to the Terms of Use. Nothing was changed.")
    _require_password(password, cccid)
    hashed = keep(PASSWORDS, plain_password(password))
    if (heads := kiosk.heads(registry, cccid)) is not None:
        shown = (show(heads.secret, plain_secret(secret)), show(heads.code, plain_secret(code)))
        same = plain_secret(password) == plain_secret(secret)

        def ask(connection: Any) -> AccountError | None:  # noqa: ANN401 - the registry's own
            said = kiosk.Kiosk(connection).confirm(cccid, *shown, hashed, same=same)
            return AccountError(_ENDING[said]) if said != "claimed" else None

        told(registry.change(ask))
        return

    def work(ledger: Ledger) -> AccountError | None:
        account = account_of(ledger, cccid)
        waiting = ledger.accounts.waiting(account["cccid"]) if account is not None else None
        fits = agrees(SECRETS, waiting["code"] if waiting else None, plain_secret(code))
        if account is None or waiting is None or not fits or is_locked(account, ledger):
            if account is not None and waiting is not None and not is_locked(account, ledger):
                _count_try(ledger, waiting)
            return refuse(ledger, account, "confirm_refused", _NO_MATCH, counts=waiting is not None)
        number = account["cccid"]
        if waiting["expires"] <= ledger.stamp:
            ledger.accounts.stop_waiting(number)
            return refuse(ledger, account, "confirm_refused", _OLD, why="expired")
        kept = ledger.accounts.secret(number)
        if kept is not None and agrees(SECRETS, kept["hash"], plain_secret(password)):
            return refuse(ledger, account, "confirm_refused", _SAME, why="password is the secret")
        if is_taken(ledger, waiting["email"], number):
            return refuse(ledger, account, "confirm_refused", _IN_USE, why="address in use")
        agreed = {"accepted_terms": "true", "accepted_terms_timestamp": ledger.stamp}
        verified = {"email_verified": "true", "email_verified_timestamp": ledger.stamp}
        ledger.accounts.change(
            number, state="claimed", claimed_at=ledger.stamp, email=waiting["email"], password=hashed,
            failures=0, locks=0, locked_until=None, **agreed, **verified,
        )  # fmt: skip
        ledger.accounts.end_secrets([number], "used")
        ledger.accounts.stop_waiting(number)
        ledger.accounts.seal("claimed", number, [number], who=STUDENT, machine=machine())
        return None

    told(registry.write(work, at=at))


def release(registry: Registry, cccid: str, /, *, by: str, reason: str, at: datetime | None = None) -> None:
    """Open an account that is locked after failures, as staff; only one that is not claimed yet.

    Raises:
        AccountError: no such account, or it is the student's: then only time opens it. The refusal is kept.
        InputError: name or reason is missing.
    """
    require_name(by, "To release an account takes a name")
    if not reason.strip():
        raise InputError("To release an account takes a reason; none was given.")

    def work(ledger: Ledger) -> AccountError | None:
        account = account_of(ledger, cccid)
        if account is None:
            text = "There is no account of that number in this registry. Check the number."
            return refuse(ledger, None, "release_refused", text, who=by)
        number = account["cccid"]
        if account["state"] != "held":
            text = f"The account of {number} is its student's. Staff cannot reset it; a lock ends by itself."
            return refuse(ledger, account, "release_refused", text, why="claimed", who=by)
        ledger.accounts.change(number, failures=0, locks=0, locked_until=None)
        ledger.accounts.seal("released", number, [number], who=by, reason=reason, machine=machine())
        return None

    told(registry.write(work, at=at))


def _count_try(ledger: Ledger, waiting: dict[str, Any]) -> None:
    if waiting["tries"] + 1 >= TRIES:
        ledger.accounts.stop_waiting(waiting["cccid"])
    else:
        ledger.accounts.count_try(waiting["cccid"], waiting["tries"] + 1)


def _require_password(password: str, cccid: str) -> None:
    text = plain_password(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise InputError(
            f"The password has {SHORTEST} to {LONGEST} characters; any will do, blanks too. Nothing was "
            "changed. Choose another one."
        )
    number = plain_secret(cccid)
    if len(set(text)) == 1 or (number and number in plain_secret(password)):
        raise InputError("The password is too easy to guess. Nothing was changed. Choose another one.")
