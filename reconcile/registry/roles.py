"""Who may take which step: every entry of the audit log passes here, and the role counts at that moment.

A registry whose first district administrator was never named lets everybody act. From then on each event of
the log asks for a role, held for the colleges concerned, by a person who is at the login that the role was
granted to. A name is what somebody typed; the login beside it is the database's own word on PostgreSQL, and
the operating system's on SQLite, where whoever can write the file needs none of this: docs/roles.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from reconcile.errors import Refused
from reconcile.registry.people import in_latin, same_person
from reconcile.registry.tables import audit, grants, requests
from reconcile.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class Role(StrEnum):
    """What a person may be to a registry."""

    REQUESTER = "requester"
    APPROVER = "approver"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
    KIOSK = "kiosk"  # no person: the login at which students take accounts over, kept by a database only


PEOPLE: Final = tuple(role for role in Role if role is not Role.KIOSK)
DISTRICT: Final = "district"  # stands where a college's MIS code would: all colleges
_HANDS: Final = (Role.REQUESTER, Role.APPROVER)
_OFFICE: Final = (Role.ADMINISTRATOR,)
# Event of the log -> the roles one of which it takes; none: everybody. An event that is not here takes any.
NEEDED: Final[Mapping[str, tuple[Role, ...]]] = {
    "created": (), "asked": (), "refused": (),
    "drafted": (Role.REQUESTER,), "checked": (Role.REQUESTER,), "submitted": (Role.REQUESTER,),
    "set_aside": (Role.REQUESTER,),
    "approved": (Role.APPROVER,), "rejected": (Role.APPROVER,),
    "withdrawn": _HANDS, "returned": _HANDS, "minted": _HANDS, "handed_over": _HANDS, "answered": _HANDS,
    "delivered": _HANDS, "compared": _HANDS, "loaded": _HANDS, "credentials": _HANDS,
    "voided": _HANDS, "replaced": _HANDS, "tied": _HANDS, "decided": (Role.REVIEWER, *_HANDS),
    "allotted": _OFFICE, "pinned": _OFFICE, "restored": _OFFICE, "role": _OFFICE,
    "accounts_opened": _HANDS, "credentials_delivered": _HANDS, "credentials_forgotten": (*_HANDS, *_OFFICE),
    "released": _HANDS, "written_back": _HANDS, "purged": (*_HANDS, *_OFFICE),
    "not_purged": (*_HANDS, *_OFFICE),
    # What a student does, what was refused and left no trace but this, and what left in a file.
    "reclaim_started": (), "claimed": (), "edited": (), "disclosed": (),
    "reclaim_refused": (), "confirm_refused": (), "edit_refused": (), "release_refused": (),
    "delivery_refused": (), "credentials_refused": (),
}  # fmt: skip
_NO_BATCH: Final = ("decided", "tied", "role", "allotted", "pinned", "restored")  # their subject is none
PROPOSING: Final = ("drafted", "checked", "submitted")  # the hands that a batch must not be approved by
# What the hash of an entry is made of, for access requests and for grants and withdrawals.
ASKED: Final = (
    "person", "title", "supervisor", "email", "college", "role", "reason", "login",
)  # fmt: skip
WORD: Final = ("word", "role", "person", "login", "college", "reason", "request")

_acting: ContextVar[str] = ContextVar("acting", default="")


@contextlib.contextmanager
def acting(name: str, /) -> Iterator[None]:
    """Name who acts, for entries of the log that speak of somebody else: the authority of a range."""
    token = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(token)


def in_force(connection: sa.Connection, /) -> bool:
    """Say whether an administrator was ever named; before that everybody may act."""
    if not connection.info.get("has_grants"):  # a schema from before there were roles
        if not sa.inspect(connection).has_table(grants.name):
            return False
        connection.info["has_grants"] = True
    named = sa.select(1).where(grants.c.role == Role.ADMINISTRATOR.value).limit(1)
    return connection.execute(named).first() is not None


def current(connection: sa.Connection, /) -> list[dict[str, Any]]:
    """List the roles that are held today: role, person, login, college, by, at, reason, request."""
    return [row for row in _latest(connection) if row["word"] == "granted"]


def login(connection: sa.Connection, /) -> str:
    """Name the account that acts: the database's login, or on SQLite the operating system's."""
    if connection.dialect.name == "postgresql":
        return str(connection.execute(sa.text("SELECT session_user")).scalar())
    return system_login()


def system_login() -> str:
    """Name the account that this process runs under, by the system and not by its environment."""
    try:
        import pwd  # noqa: PLC0415 - not on Windows
    except ImportError:
        return os.getlogin()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name: a container
        return f"uid {os.getuid()}"


def same_login(left: str | None, right: str | None, /) -> bool:
    """Compare two logins; case and width of letters make no second account, and no login is nobody's."""
    return bool(left and right) and _plain(left or "") == _plain(right or "")


def alike(left: str | None, right: str | None, /) -> bool:
    r"""Say whether two logins may be one account's: also without a domain, and by their looks.

    Only ever to refuse: a role takes the very login that it was granted to, which is `same_login`.

    >>> alike(r"COLLEGE\Ana", "ana@college.edu.")
    True
    """
    return bool(left and right) and _bare(left or "") == _bare(right or "")


def admit(
    connection: sa.Connection, what: str, subject: str, /, *, who: str, at: str, detail: Mapping[str, Any]
) -> dict[str, str]:
    """Let a person take a step, and return what the log adds to its entry: the login.

    Args:
        connection: holds the transaction that takes the step.
        what: the event.
        subject: what it is about.
        who: the person, as they call themselves.
        at: when.
        detail: of the entry: batch (where the subject is none), college, approver (the second person).

    Raises:
        Refused: roles are in force, and the person lacks the one that the step takes, is at another login,
            or is at the login that proposed what is to be approved.
    """
    if not in_force(connection):
        return {}
    mine = login(connection)
    if what == "voided" and detail.get(
        "replacing"
    ):  # part of a step of a batch, which has an entry of its own
        return {"login": mine}
    person = _acting.get() if what == "allotted" else who
    needed = NEEDED.get(what, PEOPLE)
    second = str(detail.get("approver") or "")
    batch = detail.get("batch") or (subject if what not in _NO_BATCH else "")
    places = _colleges(connection, str(batch), detail) if needed else set()
    asked: list[tuple[str, Sequence[Role], str | None]] = [(person, needed, mine)] if needed else []
    if needed and second:  # of two who answer for one command, the one who agrees is at the keyboard
        asked = [(person, needed, None), (second, (Role.APPROVER, *_OFFICE), mine)]
    if what == "restored":  # by whoever has the files, on a machine that knows no login of the server
        asked = [(one, roles, None) for one, roles, _ in asked]
    lacks = (_lacking(connection, *one, places=places) for one in asked)
    told = next(filter(None, lacks), "")
    if told:
        step = f"the step that the log calls {what.replace('_', ' ')}"
        told = f"{step} takes the role {told}. Nothing was changed. {_who_can_grant(connection)}"
    elif what == "approved":
        told = _same_hand(connection, subject, mine)
    if told:
        raise Refused(
            f"Refused, and kept in the audit log: {told}", what=what, subject=subject, who=person, at=at
        )
    return {"login": mine}


def _lacking(
    connection: sa.Connection,
    who: str,
    needed: Sequence[Role],
    at_login: str | None,
    /,
    *,
    places: set[str],
) -> str:
    """Say which role a person lacks for a step, and why; empty when they have it."""
    words = [row for row in _latest(connection) if same_person(row["person"], who) and row["role"] in needed]
    held = [row for row in words if row["word"] == "granted"]
    at_hand = [
        row for row in held if at_login is None or not row["login"] or same_login(row["login"], at_login)
    ]
    covered = {row["college"] for row in at_hand}
    if at_hand and (DISTRICT in covered or places <= covered):
        return ""
    role = " or ".join(needed)
    if at_hand:
        other = listed(sorted(places - covered))
        return f"{role}; {who} has it for {listed(sorted(covered))} only, not for {other}"
    if held:
        theirs = f"the one of {who} belongs to the login {held[-1]['login']}, and this is another"
        return f"{role}; {theirs}: name yourself, or work at that login"
    if words:
        return f"{role}; it was withdrawn from {who} on {words[-1]['at'][:10]}"
    return f"{role}; {who} lacks it" if who else f"{role}; nobody was named who has it"


def _who_can_grant(connection: sa.Connection) -> str:
    holders = sorted({r["person"] for r in current(connection) if r["role"] == Role.ADMINISTRATOR})
    named = f" ({listed(holders)})" if holders else ""
    return f"A district administrator{named} can grant it after `reconcile role request`."


def _same_hand(connection: sa.Connection, batch_id: str, mine: str) -> str:
    """Say that a batch was proposed from the login that now approves it; empty when it was not."""
    steps = sa.select(audit.c.detail).where(audit.c.subject == batch_id, audit.c.what.in_(PROPOSING))
    said = [json.loads(detail) for detail in connection.execute(steps).scalars()]
    # Before roles were in force the log kept the account of the machine alone.
    logins = [one.get("login") or one.get("machine", {}).get("user") for one in said]
    if not any(alike(one, mine) for one in logins):
        return ""
    return (
        f"batch {batch_id} was proposed from the same login ({mine}), "
        "under whatever name. Nothing was changed. Somebody else approves it, at a login of their own."
    )


def _colleges(connection: sa.Connection, batch_id: str, detail: Mapping[str, Any]) -> set[str]:
    """Name the colleges that a step is about; none where it is about no batch and no college."""
    if detail.get("college"):
        return {str(detail["college"])}
    if not batch_id or all(row["college"] == DISTRICT for row in current(connection)):
        return set()  # or nobody's role ends at a college
    rows = sa.select(requests.c.mis_code).distinct().where(requests.c.batch == batch_id)
    return set(connection.execute(rows).scalars())


def _latest(connection: sa.Connection) -> Iterable[dict[str, Any]]:
    names = (*WORD, "by", "at")
    rows = connection.execute(sa.select(*(grants.c[name] for name in names)).order_by(grants.c.id))
    found = {(row["person"], row["role"], row["college"]): dict(row) for row in rows.mappings()}
    return found.values()


def _bare(login: str) -> str:
    return in_latin(re.sub(r"^.*[\\/]|@.*$", "", _plain(login))).strip(" .")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
