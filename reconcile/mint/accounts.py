"""The account record behind a number that this registry issued, as the account dictionary words it.

It is opened when somebody asks for its temporary credentials. What only the student can do is pending: the
terms are not accepted, the address is not verified. Who of the staff attested it, on what authority and
when, is taken over from the request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconcile.errors import IssuerError, RegistryError
from reconcile.mint.states import BatchState, Issuer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconcile.registry.ledger import Ledger

_ISSUED = (BatchState.MINTED, BatchState.DELIVERED, BatchState.LOADED)


def plain_address(typed: str | None, /) -> str | None:
    """Bring an e-mail address into the spelling in which addresses are compared and kept.

    >>> plain_address(" Kim@Example.ORG ")
    'kim@example.org'
    """
    return (typed or "").strip().casefold() or None


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
    asked = {request[:2]: request.payload for request in ledger.requests(batch_id)}
    found = []
    for code, sis_id, _place, cccid, kind, state in ledger.life.numbers(batch_id):
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
