"""Accounts that this registry made, their temporary credentials, and the seal on both.

What is kept of an account is its file: its own row, its credentials and a reclaim that waits for its code.
Whenever a step changes a file, the hash of all that it then holds goes into a row of the account log, which
belongs to one audit entry; so `verify` finds an edit of any part of it. A nonce in each file keeps the hash
from telling whose it is.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from reconcile.registry import chain
from reconcile.registry.canon import digest
from reconcile.registry.connect import bulk
from reconcile.registry.tables import (
    account_log,
    accounts,
    audit,
    batches,
    cccids,
    credentials,
    reclaims,
    requests,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAME: Final = ("first_name", "middle_name", "last_name")  # the full legal name, as the dictionary has it
TAKEN_OVER: Final = (*NAME, "suffix", "birthdate", "attested_by", "attested_authority", "attested_on")
_COUNTS: Final = cccids.c.state != "voided"
_CHUNK: Final = 10_000
_NONCE: Final = 16
_DELIVERED: Final = ("delivered_to", "delivered_how", "delivered_at", "delivered_by")


class Accounts:
    """Accounts of a registry, seen from inside a transaction."""

    def __init__(self, connection: sa.Connection, stamp: str, /) -> None:
        """Wrap the connection that holds the transaction."""
        self._connection = connection
        self._stamp = stamp

    def open(self, rows: Sequence[dict[str, Any]], batch_id: str, /) -> None:
        """Enter accounts as held by staff: cccid, mis_code, sis_id, email and `TAKEN_OVER` of each."""
        given = ("cccid", "mis_code", "sis_id", "email", *TAKEN_OVER)
        ours = ("batch", "state", "made_at", "failures", "locks", "nonce")
        made = (
            (*(row.get(name) for name in given), batch_id, "held", self._stamp, 0, 0, _nonce())
            for row in rows
        )
        bulk(self._connection, accounts, (*given, *ours), list(made))

    def of_batch(self, batch_id: str, /) -> list[dict[str, Any]]:
        """List the accounts of a batch whose number counts, in the order of their numbers."""
        return self._found(accounts.c.batch == batch_id)

    def every(self) -> list[dict[str, Any]]:
        """List every account whose number counts, in the order of their numbers."""
        return self._found(sa.true())

    def at_openccc(self) -> list[tuple[str, str, str, str, str]]:
        """List the numbers that OpenCCC made for us: mis_code, sis_id, cccid, since when, and the request."""
        asked = sa.and_(
            requests.c.batch == cccids.c.batch, requests.c.mis_code == cccids.c.mis_code,
            requests.c.sis_id == cccids.c.sis_id,
        )  # fmt: skip
        names = (cccids.c.mis_code, cccids.c.sis_id, cccids.c.cccid, cccids.c.issued_on, requests.c.payload)
        joined = cccids.join(batches, batches.c.id == cccids.c.batch).join(requests, asked)
        made = (
            sa.select(*names)
            .select_from(joined)
            .where(_COUNTS, batches.c.issuer == "openccc", cccids.c.kind == "mint")
        )
        return sorted(tuple(row) for row in self._connection.execute(made))

    def find(self, cccid: str, /) -> dict[str, Any] | None:
        """Look up the account of a number that counts."""
        found = self._found(accounts.c.cccid == cccid)
        return found[0] if found else None

    def holders(self, addresses: Sequence[str], /) -> dict[str, str]:
        """Give for each of these addresses, in our spelling, the number of the account that has it."""
        found: dict[str, str] = {}
        for start in range(0, len(addresses), _CHUNK):
            chunk = list(addresses[start : start + _CHUNK])
            query = sa.select(accounts.c.email, accounts.c.cccid).where(accounts.c.email.in_(chunk))
            found.update((row.email, row.cccid) for row in self._connection.execute(query))
        return found

    def near(self, mailboxes: Iterable[str], /) -> list[tuple[str, str]]:
        """List the addresses, with their numbers, that begin and end as these mailboxes do."""
        parts = [box.rpartition("@") for box in mailboxes]
        like = [
            sa.and_(
                accounts.c.email.startswith(name, autoescape=True),
                accounts.c.email.endswith(f"@{domain}", autoescape=True),
            )
            for name, _, domain in parts
        ]
        query = sa.select(accounts.c.email, accounts.c.cccid).where(sa.or_(*like))
        return [(row.email, row.cccid) for row in self._connection.execute(query)]

    def owners(self, addresses: set[str], /) -> dict[str, set[tuple[str, str]]]:
        """Give for addresses in our spelling who has them: accounts, and requests that still count.

        A claimed account has left the address that was asked for; what it has now counts.
        """
        found: dict[str, set[tuple[str, str]]] = {}
        names = (accounts.c.mis_code, accounts.c.sis_id, accounts.c.email)
        for code, sis_id, address in self._connection.execute(sa.select(*names)):
            if address in addresses:
                found.setdefault(address, set()).add((code, sis_id))
        opened = sa.exists(
            sa.select(1).where(
                accounts.c.batch == requests.c.batch, accounts.c.mis_code == requests.c.mis_code,
                accounts.c.sis_id == requests.c.sis_id,
            )
        )  # fmt: skip
        asked = sa.select(requests.c.mis_code, requests.c.sis_id, requests.c.payload).join_from(
            requests, batches
        )
        live = asked.where(
            batches.c.state.not_in(("rejected", "withdrawn")), requests.c.kind != "recover", ~opened
        )
        for code, sis_id, payload in self._connection.execute(live):
            address = (json.loads(payload).get("email") or "").strip().casefold()
            if address in addresses:
                found.setdefault(address, set()).add((code, sis_id))
        return found

    def give_up_addresses(self, batch_id: str, /) -> list[str]:
        """Free the addresses of voided accounts of a batch's students, and give their numbers."""
        gone = sa.exists(sa.select(1).where(cccids.c.cccid == accounts.c.cccid, cccids.c.state == "voided"))
        heir = cccids.alias("heir")
        mine = sa.exists(
            sa.select(1).where(
                heir.c.batch == batch_id, heir.c.mis_code == accounts.c.mis_code,
                heir.c.sis_id == accounts.c.sis_id,
            )
        )  # fmt: skip
        query = sa.select(accounts.c.cccid).where(gone, mine, accounts.c.email.is_not(None))
        numbers = sorted(self._connection.execute(query).scalars())
        for number in numbers:
            self.change(number, email=None)
        return numbers

    def change(self, cccid: str, /, **values: object) -> None:
        """Change an account; the step seals it afterwards."""
        self._connection.execute(sa.update(accounts).where(accounts.c.cccid == cccid).values(**values))

    def secret(self, cccid: str, /) -> dict[str, Any] | None:
        """Look up the temporary credential that stands for an account, expired or not."""
        works = sa.select(credentials).where(credentials.c.cccid == cccid, credentials.c.state == "valid")
        row = self._connection.execute(works).mappings().first()
        return dict(row) if row else None

    def secrets(self) -> dict[str, dict[str, Any]]:
        """Give for each account the credential that stands for it, without its hash."""
        names = ("cccid", "expires", "delivered_at")
        works = sa.select(*(credentials.c[name] for name in names)).where(credentials.c.state == "valid")
        return {row["cccid"]: dict(row) for row in self._connection.execute(works).mappings()}

    def history(self, cccid: str, /) -> list[dict[str, Any]]:
        """List all credentials that an account ever had, without their hashes, oldest first."""
        names = ("state", "made_at", "made_by", "expires", *_DELIVERED)
        query = sa.select(*(credentials.c[name] for name in names)).where(credentials.c.cccid == cccid)
        return [dict(row) for row in self._connection.execute(query.order_by(credentials.c.id)).mappings()]

    def steps(self, cccid: str, /) -> list[dict[str, Any]]:
        """List what the log says of an account, oldest first: seq, at, what, who, detail."""
        names = ("seq", "at", "what", "who", "detail")
        mine = sa.select(account_log.c.audit).where(account_log.c.cccid == cccid)
        query = sa.select(*(audit.c[name] for name in names)).where(audit.c.seq.in_(mine))
        return [dict(row) for row in self._connection.execute(query.order_by(audit.c.seq)).mappings()]

    def set_secrets(self, hashes: Sequence[tuple[str, str]], /, *, by: str, expires: str) -> None:
        """Give accounts a new secret each (cccid, hash); the one before works no more."""
        self.end_secrets([cccid for cccid, _hash in hashes], "replaced")
        names = ("cccid", "state", "hash", "made_at", "made_by", "expires")
        rows = [(cccid, "valid", hashed, self._stamp, by, expires) for cccid, hashed in hashes]
        bulk(self._connection, credentials, names, rows)

    def end_secrets(self, numbers: Sequence[str], state: str, /) -> None:
        """Let the secrets of accounts work no more; what is left of each is who had it and when."""
        for start in range(0, len(numbers), _CHUNK):
            theirs = credentials.c.cccid.in_(list(numbers[start : start + _CHUNK]))
            ended = sa.update(credentials).where(theirs, credentials.c.state == "valid")
            self._connection.execute(ended.values(state=state, hash=None))

    def deliver(self, cccid: str, /, *, to: str, how: str, by: str, at: str) -> None:
        """Note on the secret that works how it came to the student."""
        theirs = sa.update(credentials).where(credentials.c.cccid == cccid, credentials.c.state == "valid")
        values = dict(zip(_DELIVERED, (to, how, at, by), strict=True))
        self._connection.execute(theirs.values(**values))

    def forget(self, before: str, /) -> list[str]:
        """Remove credentials that ended or expired before a moment, and codes; give the numbers touched."""
        ended = sa.or_(credentials.c.state != "valid", credentials.c.expires < before)
        old = sa.and_(credentials.c.made_at < before, ended)
        late = reclaims.c.expires < before
        touched = set(self._connection.execute(sa.select(credentials.c.cccid).where(old)).scalars())
        touched |= set(self._connection.execute(sa.select(reclaims.c.cccid).where(late)).scalars())
        self._connection.execute(sa.delete(credentials).where(old))
        self._connection.execute(sa.delete(reclaims).where(late))
        return sorted(touched)

    def waiting(self, cccid: str, /) -> dict[str, Any] | None:
        """Look up the reclaim of an account that waits for its code."""
        row = (
            self._connection.execute(sa.select(reclaims).where(reclaims.c.cccid == cccid)).mappings().first()
        )
        return dict(row) if row else None

    def wait(self, cccid: str, /, *, email: str, code: str, expires: str) -> None:
        """Let an account wait for the code that went to a new address, instead of any before."""
        self.stop_waiting(cccid)
        values = {"cccid": cccid, "email": email, "code": code, "expires": expires, "tries": 0}
        self._connection.execute(sa.insert(reclaims).values(**values))

    def count_try(self, cccid: str, tries: int, /) -> None:
        """Note how often a code was guessed."""
        self._connection.execute(sa.update(reclaims).where(reclaims.c.cccid == cccid).values(tries=tries))

    def stop_waiting(self, cccid: str, /) -> None:
        """End a reclaim; its code works no more."""
        self._connection.execute(sa.delete(reclaims).where(reclaims.c.cccid == cccid))

    def seal(self, what: str, subject: str, numbers: Sequence[str], /, *, who: str, **detail: object) -> int:
        """Enter a step in the log, with the hash of what each account that it changed holds now."""
        found = [list(one) for one in sorted(_hashes(self._connection, numbers).items())]
        sealed = {"accounts": len(found), "sealed": digest(found)}
        entry = chain.append(self._connection, what, subject, who=who, at=self._stamp, **sealed, **detail)
        rows = [(entry, cccid, hashed) for cccid, hashed in found]
        bulk(self._connection, account_log, ("audit", "cccid", "hash"), rows)
        return entry

    def _found(self, which: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
        same = sa.and_(
            cccids.c.mis_code == accounts.c.mis_code, cccids.c.sis_id == accounts.c.sis_id,
            cccids.c.cccid == accounts.c.cccid, _COUNTS,
        )  # fmt: skip
        query = sa.select(accounts).where(which, sa.exists(sa.select(1).select_from(cccids).where(same)))
        rows = (dict(row) for row in self._connection.execute(query).mappings())
        return sorted(rows, key=lambda row: row["cccid"])


def unsealed(connection: sa.Connection, log: list[dict[str, Any]], /) -> Iterator[str]:
    """Name accounts that are not as the log left them."""
    sealed = {e["seq"]: e["detail"]["sealed"] for e in log if "sealed" in e["detail"]}
    written: dict[int, list[list[str]]] = {}
    latest: dict[str, str] = {}
    names = (account_log.c.audit, account_log.c.cccid, account_log.c.hash)
    for entry, cccid, hashed in connection.execute(sa.select(*names).order_by(account_log.c.id)):
        written.setdefault(entry, []).append([cccid, hashed])
        latest[cccid] = hashed
    for entry in sorted(sealed.keys() | written.keys()):
        if digest(written.get(entry, [])) != sealed.get(entry):
            yield f"the accounts of audit entry {entry} were changed in the account log"
    present = _hashes(connection)
    for cccid in sorted(latest.keys() | present.keys()):
        if latest.get(cccid) != present.get(cccid):
            yield f"the account of {cccid}, its credentials or its reclaim are not as the log left them"


def _hashes(connection: sa.Connection, numbers: Sequence[str] | None = None) -> dict[str, str]:
    """Hash the files of some accounts, or of all."""
    files: dict[str, list[list[Any]]] = {}
    for table in (accounts, credentials, reclaims):
        query = sa.select(table).order_by(*table.primary_key.columns)
        for chunk in _chunks(numbers):
            mine = query if chunk is None else query.where(table.c.cccid.in_(chunk))
            for row in connection.execute(mine).mappings():
                files.setdefault(row["cccid"], []).append([table.name, *row.values()])
    return {cccid: digest(rows) for cccid, rows in files.items()}


def _chunks(numbers: Sequence[str] | None) -> Iterator[list[str] | None]:
    if numbers is None:
        yield None
        return
    for start in range(0, len(numbers), _CHUNK):
        yield list(numbers[start : start + _CHUNK])


def _nonce() -> str:
    return secrets.token_hex(_NONCE)
