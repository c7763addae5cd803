"""Roles asked for, granted and withdrawn: each a row that stays, each with its entry in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
import sqlalchemy as sa

from reconcile.errors import InputError, Refused, RegistryError, nearest
from reconcile.registry import chain
from reconcile.registry.canon import digest, iso, now
from reconcile.registry.connect import bulk
from reconcile.registry.people import machine, require_name, same_person
from reconcile.registry.roles import (
    ASKED,
    DISTRICT,
    WORD,
    Role,
    admit,
    alike,
    current,
    in_force,
    login,
    same_login,
)
from reconcile.registry.tables import access_requests, grants

if TYPE_CHECKING:
    from datetime import datetime

    from reconcile.registry.store import Registry

_MIS_CODE: Final = 3  # characters
_HELD: Final = ("person", "role", "college", "login", "since", "by")
_HISTORY: Final = ("at", "word", "role", "college", "login", "by", "reason")
_FIRST: Final = "the registry's first administrator"


class Asked(NamedTuple):
    """An access request, with what a district wants to know before it grants a role."""

    person: str
    title: str
    supervisor: str
    email: str
    college: str
    role: str
    reason: str
    login: str | None


def name_first(
    registry: Registry, person: str, /, *, login_name: str = "", at: datetime | None = None
) -> bool:
    """Name a registry's first district administrator; from then on roles are in force.

    Args:
        registry: where the roles are kept.
        person: who it is.
        login_name: the login that the role belongs to; the one that this is run under when empty.
        at: when; now when None.

    Returns:
        False when the registry has roles already, in which case nothing is changed.

    Raises:
        InputError: no readable name.
    """
    require_name(person, "Roles begin with the name of a district administrator")

    def work(connection: sa.Connection) -> bool:
        if in_force(connection):
            return False
        theirs = login_name or login(connection)
        word = ("granted", Role.ADMINISTRATOR.value, person, theirs or None, DISTRICT, _FIRST, None)
        _enter_word(connection, word, by=person, at=iso(now(at)))
        return True

    return registry.change(work)


def ask(registry: Registry, asked: Asked, /, *, by: str | None = None, at: datetime | None = None) -> int:
    """Keep an access request and return its number; it gives nobody anything.

    Args:
        registry: where the roles are kept.
        asked: who asks for which role, for which college or "district", and why.
        by: who enters it; the person themselves when None.
        at: when; now when None.

    Raises:
        InputError: a detail is missing, the e-mail is no .edu address, the role or the college is none.
    """
    _require_details(asked)
    who = by or asked.person
    require_name(who, "An access request needs the name of who enters it")

    def work(connection: sa.Connection) -> int:
        when = iso(now(at))
        entry = chain.append(
            connection, "asked", "access", who=who, at=when, role=asked.role, college=asked.college,
            machine=machine(), hash=digest([list(asked)]),
        )  # fmt: skip
        bulk(connection, access_requests, (*ASKED, "by", "at", "audit"), [(*asked, who, when, entry)])
        return entry  # names the request; whoever asks may not read the table, on a server

    return registry.change(work)


def grant(registry: Registry, request: int, /, *, by: str, at: datetime | None = None) -> Asked:
    """Grant what an access request asks for, as a district administrator who is somebody else.

    Args:
        registry: where the roles are kept.
        request: the number of the request.
        by: the administrator.
        at: when; now when None.

    Raises:
        InputError: no readable name.
        Refused: no administrator, or the one who asks.
        RegistryError: no such request, it was granted before, no administrator was named yet; a login that
            belongs to somebody else, or the person to another login.
    """
    require_name(by, "A role needs the name of who grants it")

    def work(connection: sa.Connection) -> Asked:
        _require_force(connection)
        asked = _request(connection, request)
        if same_person(asked.person, by) or alike(asked.login, login(connection)):
            raise Refused(
                "Refused, and kept in the audit log: nobody grants themselves a role. Nothing was changed. "
                "Another district administrator grants it.",
                what="role", subject="roles", who=by, at=iso(now(at)),
            )  # fmt: skip
        _require_login(connection, asked)
        asked = asked._replace(person=_spelled(connection, asked.person))
        why = f"access request {request}"
        word = ("granted", asked.role, asked.person, asked.login, asked.college, why, request)
        _enter_word(connection, word, by=by, at=iso(now(at)))
        return asked

    return registry.change(work)


def withdraw(
    registry: Registry,
    person: str,
    role: str,
    /,
    *,
    by: str,
    reason: str,
    college: str | None = None,
    at: datetime | None = None,
) -> int:
    """Withdraw a role; from this moment no step is taken with it. Returns how many grants ended.

    Args:
        registry: where the roles are kept.
        person: whose.
        role: which.
        by: the administrator.
        reason: why; kept in the log.
        college: for which college only; for all that they have it for when None.
        at: when; now when None.

    Raises:
        InputError: no readable name, no reason, no such role.
        Refused: no administrator.
        RegistryError: the person does not have the role, or is the last administrator of the district.
    """
    require_name(by, "To withdraw a role takes a name and a reason")
    if not reason.strip():
        raise InputError("To withdraw a role takes a name and a reason; the reason was not given.")
    _require_role(role)

    def work(connection: sa.Connection) -> int:
        _require_force(connection)
        theirs = [
            row
            for row in current(connection)
            if row["role"] == role
            and same_person(row["person"], person)
            and college in (None, row["college"])
        ]
        if not theirs:
            raise RegistryError(
                f"{person} does not have the role {role}. `reconcile role list` says who has."
            )
        _require_one_left(connection, theirs)
        for row in theirs:
            known = (role, row["person"], row["login"], row["college"], reason, row["request"])
            _enter_word(connection, ("withdrawn", *known), by=by, at=iso(now(at)))
        return len(theirs)

    return registry.change(work)


def holders(registry: Registry, /) -> pl.DataFrame:
    """List who has which role today: person, role, college, login, since, by."""
    rows = registry.inspect(current)
    found = [tuple({**row, "since": row["at"]}[name] for name in _HELD) for row in rows]
    return pl.DataFrame(found, schema=dict.fromkeys(_HELD, pl.String), orient="row").sort(_HELD[:3])


def waiting(registry: Registry, /) -> pl.DataFrame:
    """List the access requests that nobody granted: request, person, role, college, login, at."""
    names = ("person", "role", "college", "login", "at")
    granted = sa.select(grants.c.request).where(grants.c.request.is_not(None))
    query = sa.select(access_requests.c.audit, *(access_requests.c[name] for name in names)).where(
        access_requests.c.audit.not_in(granted)
    )
    rows = registry.inspect(lambda connection: connection.execute(query.order_by(access_requests.c.id)).all())
    schema = {"request": pl.Int64} | dict.fromkeys(names, pl.String)
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def history(registry: Registry, person: str, /) -> pl.DataFrame:
    """List what was granted to a person and withdrawn: at, word, role, college, login, by, reason."""
    query = sa.select(grants.c.person, *(grants.c[name] for name in _HISTORY)).order_by(grants.c.id)
    rows = registry.inspect(lambda connection: connection.execute(query).all())
    found = [tuple(row[1:]) for row in rows if same_person(row[0], person)]
    return pl.DataFrame(found, schema=dict.fromkeys(_HISTORY, pl.String), orient="row")


def look_up(registry: Registry, request: int, /) -> Asked:
    """Show an access request by its number.

    Raises:
        RegistryError: there is none of that number.
    """
    return registry.inspect(lambda connection: _request(connection, request, granted=True))


def require(registry: Registry, what: str, /, *, who: str, at: datetime | None = None) -> None:
    """Go on only when a person may take a step that a later transaction is going to take.

    Raises:
        Refused: as `admit`.
    """
    moment = iso(now(at))
    registry.change(lambda connection: admit(connection, what, "", who=who, at=moment, detail={}))


def may_see_birthdates(registry: Registry, name: str, /) -> bool:
    """Say whether somebody may see birthdates: everybody without roles; never who is a reviewer only."""

    def work(connection: sa.Connection) -> bool:
        if not in_force(connection):
            return True
        mine = login(connection)
        held = [row for row in current(connection) if row["role"] in (Role.REQUESTER, Role.APPROVER)]
        here = [row for row in held if not row["login"] or same_login(row["login"], mine)]
        return any(same_person(row["person"], name) for row in here)

    return registry.inspect(work)


def note_refusal(connection: sa.Connection, refused: Refused, /) -> None:
    """Enter in the log that somebody tried a step that they may not take."""
    when = refused.at or iso(now())
    chain.append(
        connection, "refused", refused.subject, who=refused.who, at=when, step=refused.what, machine=machine()
    )


def _enter_word(connection: sa.Connection, word: tuple[Any, ...], /, *, by: str, at: str) -> None:
    told = dict(zip(WORD, word, strict=True))
    entry = chain.append(
        connection, "role", "roles", who=by, at=at, word=told["word"], role=told["role"],
        college=told["college"], machine=machine(), hash=digest([list(word)]),
    )  # fmt: skip
    bulk(connection, grants, (*WORD, "by", "at", "audit"), [(*word, by, at, entry)])


def _request(connection: sa.Connection, number: int, *, granted: bool = False) -> Asked:
    wanted = access_requests.c.audit == number
    row = connection.execute(sa.select(*(access_requests.c[name] for name in ASKED)).where(wanted)).first()
    if row is None:
        raise RegistryError(
            f"There is no access request {number}. `reconcile role list` names those that wait."
        )
    known = sa.select(1).where(grants.c.request == number)
    if not granted and connection.execute(known.limit(1)).first() is not None:
        raise RegistryError(f"Access request {number} was granted before. A new role takes a new request.")
    return Asked._make(row)


def _require_force(connection: sa.Connection) -> None:
    if not in_force(connection):
        raise RegistryError(
            "No roles are set in this registry, so there is nobody to grant one. Name the first district "
            'administrator: reconcile registry init --administrator "NAME"'
        )


def _require_details(asked: Asked) -> None:
    require_name(asked.person, "An access request needs the name of the user")
    require_name(asked.supervisor, "An access request needs the name of the vice president or supervisor")
    _require_role(asked.role)
    for detail in ("title", "reason"):
        if not getattr(asked, detail).strip():
            raise InputError(f"An access request needs the {detail}; none was given.")
    user, at, place = asked.email.strip().rpartition("@")
    if not (user and at and place.lower().endswith(".edu")) or " " in asked.email.strip():
        raise InputError("An access request needs the user's .edu e-mail address; another was given.")
    if asked.college != DISTRICT and not (len(asked.college) == _MIS_CODE and asked.college.isalnum()):
        raise InputError(
            'An access request is for a college, by its MIS code of three characters, or for the "district".'
        )


def _require_role(role: str) -> None:
    if role not in tuple(Role):
        raise InputError(f"There is no such role.{nearest(role, tuple(Role))}")


def _require_login(connection: sa.Connection, asked: Asked) -> None:
    """One login is one person's, and one person has one login; on a server a role needs one."""
    if connection.dialect.name == "postgresql" and not asked.login:
        raise RegistryError(
            "On PostgreSQL a role belongs to a database login. Enter the access request again with --login."
        )
    if asked.role == Role.KIOSK and connection.dialect.name != "postgresql":
        raise RegistryError(
            "A kiosk's role is kept by a database alone, and this registry is a file, which whoever opens it "
            "can read. Where students take accounts over at a machine of their own, take PostgreSQL."
        )
    for row in current(connection):
        kiosks = {row["role"] == Role.KIOSK, asked.role == Role.KIOSK}
        if same_login(row["login"], asked.login) and len(kiosks) > 1:
            raise RegistryError(
                f"The login {row['login']} has the role {row['role']}. The login of a kiosk has no other: "
                "whoever stands there is not staff. Take a login of its own."
            )
        same = same_person(row["person"], asked.person)
        if row["login"] and asked.login and same != same_login(row["login"], asked.login):
            whose = f"{row['person']} has the login {row['login']}"
            raise RegistryError(f"{whose}: one login is one person's. Correct the access request.")


def _require_one_left(connection: sa.Connection, theirs: list[dict[str, Any]]) -> None:
    office = [r for r in current(connection) if (r["role"], r["college"]) == (Role.ADMINISTRATOR, DISTRICT)]
    if office and all(row in theirs for row in office):
        raise RegistryError(
            "Nobody would be left who administers the district. Grant the role to somebody else first."
        )


def _spelled(connection: sa.Connection, person: str) -> str:
    """Take the spelling under which somebody has a role already, so that they stay one person."""
    return next((row["person"] for row in current(connection) if same_person(row["person"], person)), person)
