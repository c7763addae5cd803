"""A district for tests: a registry on a real PostgreSQL, its owner no superuser, a login for each person."""

from __future__ import annotations

import sqlalchemy as sa
from registries import AT, RANGE, _run_sql, _url_of, server

from reconcile.registry import Registry
from reconcile.registry.access import Asked, ask, grant, name_first
from reconcile.registry.grants import apply

PASSWORD = "only-for-this-test"  # noqa: S105 - where a server wants one
PEOPLE = {
    "ana": "requester", "ben": "approver", "eva": "reviewer", "dora": "administrator", "cyd": "requester",
    "max": "reviewer", "front": "kiosk",
}  # fmt: skip


class District:
    """A registry on a server whose owner is no superuser, and a login for each of its people."""

    def __init__(self, name):
        self.name, self.words = name, {}
        logins = (*(f"{name}_{one}" for one in PEOPLE), f"{name}_keeper")
        _run_sql(
            server(),
            *(f"CREATE ROLE {one} LOGIN PASSWORD '{PASSWORD}'" for one in logins),
            f"ALTER ROLE {name}_keeper CREATEROLE",
            f"CREATE DATABASE {name} OWNER {name}_keeper TEMPLATE template0",
        )
        with self.open("keeper", create=True) as made:
            made.allot(*RANGE, authority="Chancellor's Office", at=AT)
            name_first(made, "Dora", login_name=f"{name}_dora", at=AT)
            apply(made)

    def url(self, who):
        given = sa.make_url(_url_of(self.name))
        chosen = given.set(username=f"{self.name}_{who}", password=PASSWORD)
        return chosen.render_as_string(hide_password=False)

    def open(self, who, *, create=False):
        return Registry.open(self.url(who), create=create)

    def hire(self, who, role=None, college="district"):
        asked = Asked(
            who.capitalize(), "Clerk", "Pat Example", f"{who}@example.edu", college,
            role or PEOPLE[who], "start of term", f"{self.name}_{who}",
        )  # fmt: skip
        with self.open("dora") as registry:
            return grant(registry, ask(registry, asked, by="Dora", at=AT), by="Dora", at=AT)

    def run(self, who, sql):
        """Run SQL as somebody, and give the rows or the code that the database refused it with."""
        import psycopg  # noqa: PLC0415 - not on Windows

        words = {"district": self.name} | self.words
        with psycopg.connect(self.url(who)) as connection:
            for word, meant in words.items():
                sql = sql.replace(f"<{word}>", str(meant))
            try:
                answer = connection.execute(sql)
                return answer.fetchall() if answer.description else []
            except psycopg.Error as error:
                return error.sqlstate
