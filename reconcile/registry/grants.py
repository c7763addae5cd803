"""The roles of a registry as roles of its PostgreSQL database, which then keeps them against SQL of any kind.

Five group roles that nobody logs in with, named after the database; what each may read and write, table by
table and column by column; the guards of guards.py; and who belongs to which group, which the database
itself keeps in step with the grants from then on. All of it is made by the registry's owner, whose login is
for this and for upgrades: an owner can take every guard away again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from reconcile.errors import RegistryError
from reconcile.registry import guards, kiosk, triggers
from reconcile.registry.canon import digest
from reconcile.registry.roles import NEEDED, PEOPLE, Role, current, in_force
from reconcile.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconcile.registry.store import Registry

_LONGEST: Final = 63 - len("_administrator")  # of PostgreSQL's names
_ROLES: Final = tuple(role.value for role in Role)
_PEOPLE: Final = tuple(role.value for role in PEOPLE)
_HANDS: Final = ("requester", "approver")
_SEES: Final = (*_HANDS, "administrator")

# Table -> privilege -> the roles that have it. A table that is not here is nobody's but the owner's; what
# is not granted (UPDATE and DELETE of history, TRUNCATE, payloads for reviewers) the database refuses.
PRIVILEGES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "alembic_version": {"SELECT": _ROLES},
    "meta": {
        "SELECT": _PEOPLE,
        "SELECT (stamp)": ("kiosk",),
        "UPDATE (ssn_key)": ("requester", "administrator"),
    },
    "allotments": {"SELECT": _SEES, "INSERT": ("administrator",), "UPDATE (next)": _HANDS},
    "batches": {
        "SELECT": _SEES,
        "INSERT, DELETE": ("requester",),
        "UPDATE (state, reason, sequence)": _HANDS,
        "UPDATE (proposer, proposed_at, rows_hash, suite_hash, mints, recoveries)": ("requester",),
    },
    "requests": {"SELECT": _SEES, "INSERT, DELETE": ("requester",)},
    "approvals": {"SELECT": _SEES, "INSERT": ("approver",)},
    "cccids": {"SELECT": _SEES, "INSERT": _HANDS, "UPDATE (state)": _HANDS},
    "accounts": {"SELECT": _SEES, "INSERT, UPDATE": _HANDS},
    "credentials": {"SELECT": _SEES, "INSERT, UPDATE": _HANDS, "DELETE": (*_HANDS, "administrator")},
    "reclaims": {"SELECT": _SEES, "DELETE": (*_HANDS, "administrator")},  # begun by the functions of a kiosk
    "account_log": {"SELECT": _SEES, "INSERT": (*_HANDS, "administrator")},
    "decisions": {"SELECT": _PEOPLE, "INSERT": ("reviewer", *_HANDS)},
    "results": {"SELECT": _SEES, "INSERT": _HANDS},
    "voids": {"SELECT": _SEES, "INSERT": _HANDS},
    "ties": {"SELECT": _SEES, "INSERT": _HANDS},
    "crosswalk": {"SELECT": _SEES, "INSERT": _HANDS},
    "seen": {"SELECT": _SEES, "INSERT": _HANDS},
    "audit": {
        "SELECT": _SEES,
        "SELECT (seq, at, what, who, subject, previous, entry)": ("reviewer",),  # details hash people
        "INSERT": _PEOPLE,
    },
    "access_requests": {"SELECT": ("administrator",), "INSERT": _PEOPLE},
    "grants": {"SELECT": _PEOPLE, "INSERT": ("administrator",)},
    "veils": {"SELECT": _SEES, "INSERT": _HANDS},
}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How far the roles of a registry are kept.

    Attributes:
        roles: whether an administrator was ever named.
        people: how many people have a role.
        database: whether the database keeps the roles too; None on SQLite, which cannot.
        problems: guards that are missing, switched off, or of another release.
        idle: people whose role has no effect, since the database has no login of theirs.
    """

    roles: bool
    people: int
    database: bool | None
    problems: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Say it to whoever verifies the registry."""
        if not self.roles:
            return (
                "No roles are set: whoever opens the registry may take every step. Name an administrator: "
                'reconcile registry init --administrator "NAME"'
            )
        told = f"Roles are in force, {self.people:,} people have one; "
        if self.database is None:
            return told + "on SQLite they bind whoever uses these commands, not whoever can write the file."
        if self.database:
            idle = f" It has no login of {listed(self.idle)}, who cannot act." if self.idle else ""
            return f"{told}the database keeps them.{idle}"
        return told + "the database does NOT keep them: its owner runs `reconcile registry grants`."


def plan(registry: Registry, /) -> list[str]:
    """Write the statements that make the database keep the roles, without running them.

    Raises:
        RegistryError: a registry on SQLite, or one without an administrator.
    """
    return registry.inspect(_statements)


def apply(registry: Registry, /) -> int:
    """Make the database keep the roles, as its owner; return how many statements it took.

    Doing it again brings everything to this release's state.

    Raises:
        RegistryError: a registry on SQLite, one without an administrator, or the login may not.
    """

    def work(connection: sa.Connection) -> int:
        statements = _statements(connection)
        with connection.connection.driver_connection.cursor() as cursor:  # type: ignore[union-attr]
            for statement in statements:
                cursor.execute(statement)
        return len(statements)

    return registry.change(work)


def kept(registry: Registry, /) -> Kept:
    """Say how far the roles of a registry are kept today."""
    return registry.inspect(_kept)


def _kept(connection: sa.Connection) -> Kept:
    people = len({row["person"] for row in current(connection)})
    server = connection.dialect.name == "postgresql"
    if not in_force(connection) or not server:
        return Kept(roles=in_force(connection), people=people, database=None)
    schema, prefix = _place(connection)
    said = sa.text("SELECT obj_description(to_regprocedure(:name), 'pg_proc')")
    name = {"name": f"{_quoted(schema)}.reconcile_holds(text[],text,text)"}
    if connection.execute(said, name).scalar() is None:
        return Kept(roles=True, people=people, database=False)
    problems = []
    if connection.execute(said, name).scalar() != _edition(schema, prefix):
        problems.append("the guards of the database are of another release: run `reconcile registry grants`")
    watched = sa.text(
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = :schema AND t.tgenabled = 'O' AND NOT t.tgisinternal"
    )
    on = {(table, guard) for table, guard in connection.execute(watched, {"schema": schema})}
    off = sorted({table for table, guard in triggers.guarded() if (table, guard) not in on})
    problems += [f"a guard of the table {table} was switched off or taken away" for table in off]
    logins = set(connection.execute(sa.text("SELECT rolname FROM pg_roles")).scalars())
    idle = {row["person"] for row in current(connection) if row["login"] not in logins}
    return Kept(
        roles=True, people=people, database=not problems, problems=tuple(problems), idle=tuple(sorted(idle))
    )


def _statements(connection: sa.Connection) -> list[str]:
    if connection.dialect.name != "postgresql":
        raise RegistryError(
            "SQLite knows no logins, so there is nobody to grant anything to. Roles that a database keeps "
            "need a registry on PostgreSQL."
        )
    if not in_force(connection):
        raise RegistryError(
            "No roles are set in this registry. Name the first district administrator: "
            'reconcile registry init --administrator "NAME" --login LOGIN'
        )
    schema, prefix = _place(connection)
    made = list(_groups(connection, _quoted(schema), prefix))
    made += guards.functions(_quoted(schema), prefix, _needed(), _PEOPLE)
    made += _callers(_quoted(schema), prefix)
    made += triggers.triggers(_quoted(schema))
    function = f"{_quoted(schema)}.reconcile_holds(text[], text, text)"
    return [*made, f"COMMENT ON FUNCTION {function} IS '{_edition(schema, prefix)}'"]


def _groups(connection: sa.Connection, schema: str, prefix: str) -> Iterator[str]:
    database = _quoted(str(connection.execute(sa.text("SELECT current_database()")).scalar()))
    known = set(connection.execute(sa.text("SELECT rolname FROM pg_roles")).scalars())
    groups = {role: _quoted(prefix + role) for role in _ROLES}
    yield from (
        f"CREATE ROLE {group} NOLOGIN" for role, group in groups.items() if prefix + role not in known
    )
    every = ", ".join(groups.values())
    yield f"REVOKE ALL ON DATABASE {database} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {database} TO {every}"
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {every}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {every}"
    people = ", ".join(groups[role] for role in _PEOPLE)
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {every}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {people}"
    for table, privileges in PRIVILEGES.items():
        for privilege, roles in privileges.items():
            named = ", ".join(groups[role] for role in roles)
            yield f"GRANT {privilege} ON {schema}.{_quoted(table)} TO {named}"
    for row in current(connection):
        if row["login"] in known:
            yield f"GRANT {groups[row['role']]} TO {_quoted(row['login'])}"


def _callers(schema: str, prefix: str) -> Iterator[str]:
    """Say who may call the functions of a kiosk, and let it count anew which attempts were taken back."""
    turns = f"{schema}.{kiosk.TURNS}"
    yield f"CREATE SEQUENCE IF NOT EXISTS {turns} MINVALUE 0"
    yield f"REVOKE ALL ON SEQUENCE {turns} FROM PUBLIC, {_named(prefix, _ROLES)}"
    yield f"SELECT setval('{turns}', count(*)) FROM {schema}.audit WHERE detail LIKE '%\"turn\":%'"
    for name in (*kiosk.WITHIN, *kiosk.CALLED):
        function = f"{schema}.{_signature(name)}"
        yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {_named(prefix, _ROLES)}"
        if name in kiosk.CALLED:
            yield f"GRANT EXECUTE ON FUNCTION {function} TO {_named(prefix, (*_HANDS, 'kiosk'))}"


def _named(prefix: str, roles: tuple[str, ...]) -> str:
    return ", ".join(_quoted(prefix + role) for role in roles)


def _signature(name: str) -> str:
    """Take from a function's head what names it: without what it returns."""
    return name.partition(" RETURNS")[0]


def _place(connection: sa.Connection) -> tuple[str, str]:
    """Give the schema of the tables, and what the names of the group roles begin with."""
    here = connection.execute(sa.text("SELECT current_schema(), current_database()")).one()
    name = str(here[1])
    short = name if len(name.encode()) <= _LONGEST else f"reconcile_{digest(name)[:16]}"
    return str(here[0]), f"{short}_"


def _edition(schema: str, prefix: str) -> str:
    return digest(
        [*guards.functions(_quoted(schema), prefix, _needed(), _PEOPLE), *triggers.triggers(schema)]
    )


def _needed() -> dict[str, tuple[str, ...]]:
    return {what: tuple(role.value for role in roles) for what, roles in NEEDED.items()}


def _quoted(name: str) -> str:
    return '"' + re.sub('"', '""', name) + '"'
