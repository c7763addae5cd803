"""The queries of a plan, ready to be asked: the address from the environment, the statement from its file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconcile.errors import InputError
from reconcile.plan.inputs import beside
from reconcile.read import Query
from reconcile.read.query import require_reading

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.plan import Plan, QueryPlan


def query_of(section: str, asked: QueryPlan, plan: Plan, /) -> Query:
    """Make the query that a section of a plan describes.

    Raises:
        InputError: the environment variable of the address is missing, or the statement's file cannot be
            read; the address itself is never shown.
    """
    where = f"[{section}] of {plan.path}"
    url = asked.url
    if asked.variable is not None:
        url = os.environ.get(asked.variable, "").strip()
        if not url:
            raise InputError(
                f"{where}: the environment variable {asked.variable} is not set. Set it to the address of "
                "the database before the program starts, such as oracle+oracledb://reader:password@host/sis."
            )
        url = beside(url, plan.path.parent)
    return Query(url=url, sql=_statement(asked.sql, where), parameters=asked.parameters)


def require_askable(plan: Plan, /) -> None:
    """Make sure of every query of a plan that it has an address and only reads, before anything is read.

    Raises:
        InputError: it has not, or does more; the first such section is named.
    """
    for section, given in plan.read_in_all.items():
        if given.query is None:
            continue
        query, problem = query_of(section, given.query, plan), ""
        try:
            require_reading(query.sql)
        except InputError as error:
            problem = str(error)
        if problem:
            raise InputError(f"[{section}] of {plan.path}: {problem}")


def _statement(sql: str | Path, where: str) -> str:
    if isinstance(sql, str):
        return sql
    reason = ""
    try:
        return sql.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        reason = "is not UTF-8 text. Save it again with the encoding UTF-8"
    except OSError as error:
        reason = f"cannot be read: {error.strerror}. Check its name and its permissions"
    raise InputError(f"{where}: {sql} {reason}.")
