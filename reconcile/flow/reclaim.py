"""A reclaim from the shell: the message with the code goes to an outbox, since nothing here sends mail."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.files import private_folder, write_private
from reconcile.flow.inputs import read_table
from reconcile.mint.accounts import plain_address, require_address
from reconcile.mint.claim import start
from reconcile.privacy import ssn_key
from reconcile.registry.canon import now

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime
    from pathlib import Path

    from reconcile.plan import Plan
    from reconcile.registry import Registry

OUTBOX: Final = "outbox"
_SUBJECT: Final = "Your code / Su código"
_TEXT: Final = """\
Somebody, we think you, is taking over the account {cccid}.

    Code: {code}

It is valid until {until}, about 15 minutes. If it was not you, do nothing, and tell your college.

Alguien, creemos que usted, está tomando posesión de la cuenta {cccid}. El código vale unos 15 minutos.
Si no fue usted, no haga nada y avise a su colegio.
"""


def begin_reclaim(
    registry: Registry,
    cccid: str,
    secret: str,
    email: str,
    /,
    *,
    outbox: Path,
    sender: str,
    taken: Container[str] = (),
    at: datetime | None = None,
) -> datetime:
    """Begin a reclaim, and lay the message with its code into the outbox; return until when it is valid.

    Args:
        registry: where the account is kept.
        cccid: the account's number.
        secret: the temporary one.
        email: the student's own address.
        outbox: the folder from which the college's mailer sends; the file is 0600.
        sender: the address that the message comes from.
        taken: addresses that accounts elsewhere have, in lower case.
        at: when; now when None.

    Raises:
        AccountError: as `mint.claim.start`.
        InputError: one of the addresses is none.
        OutputError: the outbox cannot be written to.
    """
    from_address = _address(sender)
    if not registry.rehearsal:
        private_folder(outbox)
    number, moment = cccid.strip().upper(), now(at)

    def send(address: str, code: str, ends: datetime) -> None:
        message = EmailMessage(policy=SMTPUTF8)
        message["From"], message["To"], message["Subject"] = from_address, _address(address), _SUBJECT
        message["Date"] = format_datetime(moment)
        until = f"{ends.astimezone():%H:%M}"
        message.set_content(_TEXT.format(cccid=number, code=f"{code[:4]} {code[4:]}", until=until))
        write_private(outbox / f"{number}-{moment:%Y%m%dT%H%M%S}.eml", message.as_bytes())

    return start(registry, cccid, secret, email, send=send, taken=taken, at=moment)


def addresses_of(plan: Plan, /) -> frozenset[str]:
    """Collect the addresses of a plan's snapshot in the spelling that is compared, with a tag and without.

    Raises:
        InputError: the snapshot cannot be read.
    """
    found = snapshot(plan)["email"].drop_nulls()
    return frozenset(found) | frozenset(found.str.replace(r"\+[^@]*@", "@"))


def snapshot(plan: Plan, /) -> pl.DataFrame:
    """Read of a plan's snapshot what tells whose an account is: cccid, email (plain), email_verified.

    Raises:
        InputError: the snapshot cannot be read.
    """
    found = read_table("accounts", plan.accounts, plan, ssn_key()).frame
    wanted = ("cccid", "email", "email_verified")
    table = found.select(
        pl.col(name) if name in found.columns else pl.lit(None, pl.String).alias(name) for name in wanted
    )
    return table.with_columns(
        pl.col("email").map_elements(plain_address, return_dtype=pl.String),
        pl.col("email_verified").str.to_lowercase(),
    )


def _address(text: str) -> Address:
    name, _, domain = require_address(text).rpartition("@")
    return Address(username=name, domain=domain)
