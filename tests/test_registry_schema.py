"""A registry of an older schema is brought on with everything in it; one of a newer is refused."""

from __future__ import annotations

import json

import polars as pl
import pytest
import sqlalchemy as sa
from alembic import command
from registries import AT, place, submitted, wanted  # noqa: F401

from reconcile.errors import RegistryError
from reconcile.mint.batch import approve, mint
from reconcile.registry import Registry, chain, schema
from reconcile.registry.canon import digest
from reconcile.registry.connect import Store

PAYLOAD = json.dumps({"first_name": "José", "last_name": "Núñez", "birthdate": "2001-02-03"})


def make_old(where, payload=PAYLOAD):
    """Make a registry as the first release did, with a batch that is approved."""
    store = Store(where, create=True)
    row = ["021", "1", "mint", None, payload]
    hashed = digest([row])

    def work(connection):
        config = schema.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

        def run(text, **values):
            connection.execute(sa.text(text), values)

        at = "2026-10-01T00:00:00+00:00"
        run("INSERT INTO meta VALUES (1, 'REAL', NULL, :at)", at=at)
        chain.append(connection, "created", "registry", who="", at=at, stamp="REAL")
        run(
            "INSERT INTO allotments (first, last, next, authority, at) VALUES (0, 98, 0, 'Office', :at)",
            at=at,
        )
        chain.append(connection, "allotted", "range", who="Office", at=at, first=0, last=98)
        values = {
            "content_hash": "c", "suite_hash": "suite", "issuer": "registry", "proposed_at": at,
            "valid_until": None, "rows_hash": hashed, "mints": 1, "recoveries": 0,
        }  # fmt: skip
        chain.append(connection, "submitted", "B1", who="Ana", at=at, **values)
        run(
            "INSERT INTO batches VALUES ('B1', 'c', 'approved', 'registry', 'Ana', :at, NULL, :h, 'suite', "
            "3, 1, 0, "
            "NULL)", at=at, h=hashed,
        )  # fmt: skip
        run("INSERT INTO requests VALUES ('B1', '021', '1', 'mint', NULL, :p, :r)", p=payload, r=digest(row))
        run(
            "INSERT INTO batches VALUES ('B0', 'd', 'withdrawn', 'registry', 'Ana', :at, NULL, :h, 's', 4, "
            "1, 0, 'x')",
            at=at, h=digest([["021", "0", "mint", None, "{}"]]),
        )  # fmt: skip
        first = values | {
            "content_hash": "d",
            "suite_hash": "s",
            "rows_hash": digest([["021", "0", "mint", None, "{}"]]),
        }
        chain.append(connection, "submitted", "B0", who="Ana", at=at, **first)
        chain.append(connection, "withdrawn", "B0", who="Ana", at=at, reason="x")
        run(
            "INSERT INTO requests VALUES ('B0', '021', '0', 'mint', NULL, '{}', :r)",
            r=digest(["021", "0", "mint", None, "{}"]),
        )
        bound = {"rows_hash": hashed, "suite_hash": "suite", "sequence": 3}
        chain.append(connection, "approved", "B1", who="Ben", at=at, **bound)
        run("INSERT INTO approvals VALUES ('B1', 'Ben', :at, :h, 'suite', 3)", at=at, h=hashed)

    store.write(work)
    store.close()


def test_an_older_registry_is_upgraded_with_all_it_holds(place):  # noqa: F811
    make_old(place)
    with pytest.raises(RegistryError, match="A dry run does not upgrade it"):
        Registry.open(place, rehearse=True)
    with Registry.open(place, create=False) as opened:
        assert opened.verify().ok
        with pytest.raises(RegistryError):
            opened.change(lambda connection: connection.execute(sa.text("DELETE FROM approvals")))
        assert mint("B1", registry=opened).frame["cccid"].to_list() == ["AAA0001"]
        again = wanted("2").with_columns(
            first_name=pl.lit("jose"), last_name=pl.lit("Nunez"), birthdate=pl.lit("2001-02-03")
        )
        rows = pl.concat([again, wanted("3")], how="diagonal")
        assert submitted(opened, rows).blocked == 1  # known from before
        assert opened.verify().ok


def test_requests_about_nobody_known_are_upgraded_too(tmp_path):
    make_old(tmp_path / "r.sqlite", payload="{}")
    with Registry.open(tmp_path / "r.sqlite", create=False) as opened:
        assert opened.verify().ok
        assert (
            opened.inspect(lambda c: c.execute(sa.text("SELECT max(person) FROM requests")).scalar()) is None
        )


def test_a_dry_run_keeps_nothing(place):  # noqa: F811
    with Registry.open(place) as opened:
        opened.allot("AAA0001", "AAA0009", authority="Chancellor's Office")
        batch = submitted(opened, wanted("1"))
    with Registry.open(place, rehearse=True) as tried:
        approve(tried, batch.id, approver="Ben", at=AT)
        assert tried.audit()["what"].to_list() == ["created", "allotted", "submitted"]
        assert submitted(tried, wanted("2")).mints == 1
        assert tried.sequence == 3
    with pytest.raises(RegistryError, match="no registry at"):
        Registry.open(f"{place}-none" if "://" not in str(place) else "nowhere.sqlite", rehearse=True)
