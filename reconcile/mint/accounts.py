"""The account record behind a number that this registry issued, as the account dictionary words it.

It is opened when somebody asks for its temporary credentials. What only the student can do is pending: the
terms are not accepted, the address is not verified. Who of the staff attested it, on what authority and
when, is taken over from the request.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.errors import AccountError, InputError, IssuerError, RegistryError
from reconcile.mint.states import BatchState, Issuer
from reconcile.registry.people import in_latin
from reconcile.show import Sheet, Shown, minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

_ADDRESS = re.compile(r"""[^\s@<>,;:"'()\[\]\\]+@[^\s@<>,;:"'()\[\]\\.]+(\.[^\s@<>,;:"'()\[\]\\.]+)+""")
_LONGEST_ADDRESS = 254
_CREDENTIAL = (
    *("state", "made_at", "made_by", "expires"),
    *("delivered_to", "delivered_how", "delivered_at", "delivered_by"),
)
_ISSUED = (BatchState.MINTED, BatchState.DELIVERED, BatchState.LOADED)


def plain_address(typed: str | None, /) -> str | None:
    """Bring an e-mail address into the spelling in which addresses are compared and kept.

    >>> plain_address(" Kim@Example.ORG ")
    'kim@example.org'
    """
    return unicodedata.normalize("NFKC", typed or "").strip().casefold() or None


def require_address(typed: str, /) -> str:
    """Return an address in the spelling that is compared, when mail can be sent to it.

    Raises:
        InputError: it is none.
    """
    address = plain_address(typed) or ""
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or not _ADDRESS.fullmatch(address):
        raise InputError("Please enter a valid e-mail address. Nothing was changed.")
    return address


def same_mailbox(address: str, held: str | None, /) -> bool:
    """Say whether an address arrives in the mailbox of another, which staff made by a plus sign.

    >>> same_mailbox("accounts@college.edu", "accounts+021-7@college.edu")
    True
    """
    if held is None or "+" not in held:
        return address == held
    return _mailbox(address) == _mailbox(held)


def mailboxes(address: str, /) -> set[str]:
    """Name the mailboxes that an address seems to be of: without its tag, and in letters that look alike.

    >>> sorted(mailboxes("k\u0456m+2@example.org"))
    ['kim@example.org', 'k\u0456m@example.org']
    """
    return {"@".join(_mailbox(spelled)) for spelled in (address, in_latin(address))}


def is_taken(ledger: Ledger, address: str, cccid: str, /) -> bool:
    """Say whether another account has an address, or one that arrives in the same mailbox."""
    if ledger.accounts.holders([address]).get(address, cccid) != cccid:
        return True
    mine = mailboxes(address)
    return any(
        holder != cccid and "@".join(_mailbox(held)) in mine for held, holder in ledger.accounts.near(mine)
    )


def addresses_in_use(
    registry: Registry, wanted: Mapping[tuple[str, str], str | None], /
) -> set[tuple[str, str]]:
    """Say which requests want an address that another student's account or live request has.

    Args:
        registry: whose accounts and batches are looked at.
        wanted: the address of each request, by college and SIS id.
    """
    plain = {key: address for key, given in wanted.items() if (address := plain_address(given))}
    held = registry.read(lambda ledger: ledger.accounts.owners(set(plain.values()))) if plain else {}
    return {key for key, address in plain.items() if held.get(address, {key}) - {key}}


@dataclass(frozen=True, kw_only=True, repr=False)
class Account(Shown):
    """Where an account stands, without its owner's name, birthdate and address.

    Attributes:
        facts: state, batch, college, SIS id, since when, claimed when, locked until.
        credentials: state, made_at, made_by, expires, delivered_to, delivered_how, delivered_at,
            delivered_by of each secret, oldest first.
        history: entry, at, step, by, why.
    """

    facts: dict[str, str]
    credentials: pl.DataFrame
    history: pl.DataFrame

    def _sheet(self) -> Sheet:
        stamps = [minute(name) for name in ("made_at", "expires", "delivered_at")]
        steps = self.history.select("entry", minute("at").alias("at (UTC)"), "step", "by", "why")
        return Sheet(
            frame=pl.DataFrame([self.facts]).with_columns(minute(name) for name in self.facts),
            title="Account",
            note="Times are UTC.",
            below=(
                Sheet(frame=self.credentials.with_columns(stamps), title="Credentials"),
                Sheet(frame=steps, title="History", rows=50, unit="step"),
            ),
        )


def look_at(registry: Registry, cccid: str, /) -> Account:
    """Show an account.

    Raises:
        AccountError: there is none of that number.
    """
    found = registry.read(lambda ledger: _seen(ledger, cccid.strip().upper()))
    if found is None:
        raise AccountError("There is no account of that number in this registry. Check the number.")
    return found


def _seen(ledger: Ledger, cccid: str) -> Account | None:
    row = ledger.accounts.find(cccid)
    if row is None:
        return None
    locked = row["locked_until"] if (row["locked_until"] or "") > ledger.stamp else None
    facts = {
        "state": row["state"], "batch": row["batch"], "college": row["mis_code"], "SIS id": row["sis_id"],
        "made": row["made_at"], "claimed": row["claimed_at"] or "no", "locked until": locked or "no",
    }  # fmt: skip
    steps = [
        (e["seq"], e["at"], e["what"], e["who"], json.loads(e["detail"]).get("why"))
        for e in ledger.accounts.steps(cccid)
    ]
    schema = {"entry": pl.Int64} | dict.fromkeys(("at", "step", "by", "why"), pl.String)
    return Account(
        facts=facts,
        credentials=pl.DataFrame(
            ledger.accounts.history(cccid), schema=dict.fromkeys(_CREDENTIAL, pl.String)
        ),
        history=pl.DataFrame(steps, schema=schema, orient="row"),
    )


def open_accounts(ledger: Ledger, batch_id: str, /, *, by: str) -> tuple[list[dict[str, Any]], int]:
    """Open the accounts of a batch's new numbers that are not open yet.

    Args:
        ledger: of the writing transaction.
        batch_id: a minted batch.
        by: who asks for it.

    Returns:
        The accounts of the batch, and how many could not be opened because another account has the address.

    Raises:
        IssuerError: OpenCCC keeps the accounts of this batch.
        RegistryError: no such batch, or it is not minted.
    """
    row = ledger.batch(batch_id)
    if row is None:
        raise RegistryError(f"There is no batch {batch_id} in this registry. Check the id and the registry.")
    if row["issuer"] == Issuer.OPENCCC:
        raise IssuerError(
            f"OpenCCC keeps the accounts of batch {batch_id}, and its Administrator their credentials. "
            "`reconcile account unclaimed` follows what becomes of them."
        )
    if row["state"] not in _ISSUED:
        raise RegistryError(f"Batch {batch_id} is not minted, so nobody in it has an account yet.")
    known = {account["cccid"] for account in ledger.accounts.of_batch(batch_id)}
    wanted = _wanted(ledger, batch_id, known)
    freed = ledger.accounts.give_up_addresses(batch_id) if wanted else []
    held = ledger.accounts.holders([one["email"] for one in wanted if one["email"]])
    new = list(_own_addresses(wanted, set(held)))
    if new or freed:
        ledger.accounts.open(new, batch_id)
        numbers = sorted({*freed, *(one["cccid"] for one in new)})
        ledger.accounts.seal("accounts_opened", batch_id, numbers, who=by, opened=len(new))
    return ledger.accounts.of_batch(batch_id), len(wanted) - len(new)


def _wanted(ledger: Ledger, batch_id: str, known: set[str]) -> list[dict[str, Any]]:
    asked = {
        (code, sis_id): payload
        for part in ledger.parts(batch_id, "mis_code", "sis_id", "payload")
        for code, sis_id, payload in part
    }
    found = []
    for code, sis_id, _place, cccid, kind, state in ledger.life.numbers(batch_id).rows():
        if kind == "mint" and state != "voided" and cccid not in known:
            fields = json.loads(asked[code, sis_id])
            own = {"cccid": cccid, "mis_code": code, "sis_id": sis_id}
            found.append(fields | own | {"email": plain_address(fields.get("email"))})
    return found


def _own_addresses(wanted: list[dict[str, Any]], held: set[str]) -> Iterable[dict[str, Any]]:
    """Leave out who would share an address; the first one in the order of the requests has it."""
    for one in wanted:
        if one["email"] is None or one["email"] not in held:
            held.add(one["email"])
            yield one


def _mailbox(address: str) -> tuple[str, str]:
    name, _, domain = address.rpartition("@")
    return name.partition("+")[0], domain
