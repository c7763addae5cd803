"""What a student changes in an account that is theirs: legal name or birthdate, never both in one edit."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import AccountError, InputError
from reconcile.mint.door import STUDENT, account_of, is_locked, refuse, told
from reconcile.mint.passwords import PASSWORDS, agrees, plain_password, show
from reconcile.registry import kiosk
from reconcile.registry.accounts import NAME
from reconcile.registry.people import machine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

EDITABLE: Final = (*NAME, "suffix", "birthdate")
_WIDTHS: Final = {"first_name": 50, "middle_name": 50, "last_name": 50, "suffix": 3}
_FIRST_DAY: Final = date(1901, 1, 1)
_NO_MATCH: Final = (
    "CCCID and password do not belong together, the account was not taken over yet, or it is locked after "
    "repeated failures. Nothing was changed. Check both; after five failures wait 15 minutes."
)
_BOTH: Final = (
    "Do not update your name (first, middle or last) and birth date at the same time. Nothing was changed. "
    "Change one of them, then the other in an edit of its own."
)
_TOMORROW: Final = "The date of birth must be before today. Nothing was changed. Correct it."
_SAID: Final = {"no match": _NO_MATCH, "name and birthdate": _BOTH, "birthdate": _TOMORROW}


def edit(
    registry: Registry,
    cccid: str,
    password: str,
    /,
    *,
    changes: Mapping[str, str],
    at: datetime | None = None,
) -> tuple[str, ...]:
    """Change a student's legal name or birthdate, never both in one edit, and return what was changed.

    Two edits, one after the other, may change both: the dictionary asks no more.

    Args:
        registry: where the account is kept.
        cccid: the account's number.
        password: the student's own.
        changes: by the names in `EDITABLE`; empty removes a value.
        at: when; now when None, and where the database takes the step.

    Raises:
        AccountError: the password is wrong, the account is locked or not the student's yet, or both name
            and birthdate would change. The refusal is kept.
        InputError: a value cannot be used, or nothing would change.
    """
    wanted = _usable(changes)

    def work(ledger: Ledger) -> tuple[str, ...] | AccountError:
        account = account_of(ledger, cccid)
        claimed = account is not None and account["state"] == "claimed"
        fits = agrees(PASSWORDS, account["password"] if account else None, plain_password(password))
        if account is None or not claimed or not fits or is_locked(account, ledger):
            return refuse(ledger, account, "edit_refused", _NO_MATCH, counts=claimed)
        new = {name: value for name, value in wanted.items() if value != account[name]}
        if "birthdate" in new and not new.keys().isdisjoint(NAME):
            return refuse(ledger, account, "edit_refused", _BOTH, why="name and birthdate")
        if "birthdate" in new and not _is_birthdate(new["birthdate"], ledger.at.date()):
            return refuse(ledger, account, "edit_refused", _TOMORROW, why="birthdate")
        number = account["cccid"]
        if new:
            ledger.accounts.change(number, failures=0, locks=0, locked_until=None, **new)
            ledger.accounts.seal(
                "edited", number, [number], who=STUDENT, fields=sorted(new), machine=machine()
            )
        return tuple(sorted(new))

    heads = kiosk.heads(registry, cccid)

    def ask(connection: Any) -> tuple[str, ...] | AccountError:  # noqa: ANN401 - the registry's own
        shown = show(heads.password if heads else "", plain_password(password))
        said, fields = kiosk.Kiosk(connection).edit(cccid, shown, wanted)
        return fields if said == "edited" else AccountError(_SAID[said])

    changed = told(registry.write(work, at=at) if heads is None else registry.change(ask))
    if not changed:
        raise InputError("The account says so already. Nothing was changed.")
    return changed


def _usable(changes: Mapping[str, str]) -> dict[str, str | None]:
    unknown = sorted(set(changes) - set(EDITABLE))
    if unknown:
        raise InputError(f"{', '.join(unknown)} cannot be edited here. Known: {', '.join(EDITABLE)}.")
    given = {name: value.strip() or None for name, value in changes.items()}
    for name, width in _WIDTHS.items():
        value = given.get(name) or ""
        if len(value) > width or not value.isprintable():
            raise InputError(f"{name}: at most {width} characters, all of them visible. Nothing was changed.")
    if "last_name" in given and given["last_name"] is None:
        raise InputError("last_name: a last name is required. Nothing was changed.")
    if "birthdate" in given and not _is_birthdate(given["birthdate"], date.max):
        raise InputError(
            "birthdate: a day of the calendar on or after 1901-01-01 is needed, written yyyy-mm-dd. Nothing "
            "was changed."
        )
    return given


def _is_birthdate(text: str | None, today: date) -> bool:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return False
    return day.isoformat() == text and _FIRST_DAY <= day < today
