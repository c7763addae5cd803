"""Whom the registry knows already: asked before one more account is made by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import sqlalchemy as sa

from reconcile.registry.connect import in_parts, tabled
from reconcile.registry.persons import person_of
from reconcile.registry.tables import accounts, batches, cccids, requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WHO = ("first_name", "last_name", "birthdate")


class Known(NamedTuple):
    """Somebody that a registry knows, and by what."""

    college: str
    sis_id: str
    cccid: str | None  # None while the request waits
    by: str  # "SIS id", "name and birthdate" or "e-mail address"


def known_as(
    connection: sa.Connection, fields: Mapping[str, str | None], address: str | None, /
) -> list[Known]:
    """List whom the registry knows under these fields, each person's record once, the surest reason first.

    Args:
        connection: of a transaction.
        fields: college, sis_id, first_name, last_name, birthdate.
        address: in the spelling in which addresses are kept.
    """
    found: dict[tuple[str, str], Known] = {}
    for one in _reasons(connection, fields, address):
        found.setdefault((one.college, one.sis_id), one)
    return list(found.values())


def living(
    connection: sa.Connection, fields: Sequence[str], /, *, besides: str | None = None
) -> pl.DataFrame:
    """List the requests that hold a number or may still get one: college, sis_id, cccid, kind and fields.

    Args:
        connection: of a transaction.
        fields: of the request, as it was asked; null where it says nothing.
        besides: a batch whose rows are left out.
    """
    query = _live(requests.c.batch != (besides or ""), requests.c.kind, requests.c.payload)
    names = ("college", "sis_id", "cccid", "kind")
    form = pl.Struct(dict.fromkeys(fields, pl.String))
    tables = [pl.DataFrame(schema=dict.fromkeys((*names, *fields), pl.String))]
    for rows in filter(None, in_parts(connection, query)):  # what is not compared is let go at once
        part = tabled([rows], dict.fromkeys((*names, "payload"), pl.String))
        tables.append(part.select(*names, pl.col("payload").str.json_decode(form).struct.unnest()))
    return pl.concat(tables).unique(["college", "sis_id"], keep="last", maintain_order=True)


def _reasons(
    connection: sa.Connection, fields: Mapping[str, str | None], address: str | None
) -> Iterator[Known]:
    own = sa.and_(requests.c.mis_code == fields.get("college"), requests.c.sis_id == fields.get("sis_id"))
    yield from _asked(connection, own, "SIS id")
    person = person_of(json.dumps({name: fields.get(name) for name in _WHO}))
    if person is not None:
        yield from _asked(connection, requests.c.person == person, "name and birthdate")
        born = accounts.c.birthdate == fields.get("birthdate")
        for row in connection.execute(_counting(born)).mappings():  # a name that the student edited since
            if person_of(json.dumps({name: row[name] for name in _WHO})) == person:
                yield Known(row["mis_code"], row["sis_id"], row["cccid"], "name and birthdate")
    if address is not None:
        for row in connection.execute(_counting(accounts.c.email == address)).mappings():
            yield Known(row["mis_code"], row["sis_id"], row["cccid"], "e-mail address")


def _counting(which: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    """Look among accounts whose number was not voided."""
    numbers = sa.select(cccids.c.cccid).where(cccids.c.state == "voided", cccids.c.kind == "mint")
    return sa.select(accounts).where(which, accounts.c.cccid.not_in(numbers)).order_by(accounts.c.cccid)


def _asked(connection: sa.Connection, which: sa.ColumnElement[bool], by: str) -> Iterator[Known]:
    """Look among requests that were served, or still may be."""
    ordered = _live(which).distinct().order_by(requests.c.mis_code, requests.c.sis_id)
    for code, sis_id, cccid in connection.execute(ordered):
        yield Known(code, sis_id, cccid, by)


def _live(which: sa.ColumnElement[bool], *also: sa.Column[str]) -> sa.Select[*tuple[Any, ...]]:
    held = sa.and_(
        cccids.c.mis_code == requests.c.mis_code, cccids.c.sis_id == requests.c.sis_id,
        cccids.c.state != "voided",
    )  # fmt: skip
    joined = requests.join(batches, batches.c.id == requests.c.batch).outerjoin(cccids, held)
    waits = batches.c.state.in_(("draft", "checked", "submitted", "approved", "handed_over"))
    return (
        sa.select(requests.c.mis_code, requests.c.sis_id, cccids.c.cccid, *also)
        .select_from(joined)
        .where(which, sa.or_(cccids.c.cccid.is_not(None), waits))
    )
