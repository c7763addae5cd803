"""The form for one account over a plan: `account_form(plan, by="...")` in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconcile.columns import PERSON
from reconcile.errors import InputError
from reconcile.flow.candidates import Lookup, weight_words
from reconcile.flow.single import ask, registry_of
from reconcile.mint.asked import FIELDS, FORM, OF_A_CHILD
from reconcile.plan import Plan
from reconcile.words import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from reconcile.flow.candidates import Candidate, Looked
    from reconcile.review.form import AccountForm


def account_form(
    plan: Plan | Lookup | str | Path,
    /,
    *,
    by: str,
    progress: Callable[[str], None] | None = None,
    at: datetime | None = None,
) -> AccountForm:
    """Show the form for one account: look the student up, compare, ask; somebody else approves.

    Args:
        plan: whose accounts are looked through, or its path; or a `Lookup` that was made of it.
        by: who asks.
        progress: told the name of each step as it begins.
        at: when; now when None.

    Raises:
        GateClosed: the plan's snapshot cannot say that somebody has no account.
        InputError: a file cannot be read.
        PlanError: the plan contradicts itself.
        Refused: roles are in force, and `by` is no requester.
    """
    from reconcile.registry.access import require  # noqa: PLC0415 - brings SQLAlchemy
    from reconcile.review.form import AccountForm  # noqa: PLC0415 - the widgets are slow to import

    ready = plan if isinstance(plan, Lookup) else None
    known = ready.plan if ready else plan if isinstance(plan, Plan) else Plan.read(str(plan))
    with registry_of(known) as registry:
        require(registry, "drafted", who=by)  # nobody else needs to see who has an account
    return AccountForm(Office(ready or Lookup(known, progress=progress, at=at), by=by, at=at))


class Office:
    """Who asks, and what they looked up last; each step opens the registry for itself.

    A notebook's buttons are answered on another thread than its cells.
    """

    def __init__(self, lookup: Lookup, /, *, by: str, at: datetime | None = None) -> None:
        """Take a place at the look-up."""
        self._lookup = lookup
        self._by = by
        self._at = at
        self._looked: Looked | None = None

    def start(self) -> dict[str, Any]:
        """Describe the fields, and what the plan says of all requests."""
        plan = self._lookup.plan
        scope = plan.accounts.scope.value.replace("_", " ")
        self._looked = None
        return {
            "groups": {title: [field._asdict() for field in fields] for title, fields in FORM.items()},
            "child": {"group": OF_A_CHILD, "born_after": self._lookup.born_after()},
            "values": dict.fromkeys(FIELDS, "") | self._lookup.defaults(),
            "by": self._by,
            "scope": f"The snapshot of {plan.accounts.as_of} is {scope}.",
        }

    def extract(self, fields: Mapping[str, str], /) -> dict[str, Any]:
        """Give what the extract has of the student whose SIS id was typed."""
        sis_id = fields.get("sis_id", "").strip()
        return {"values": self._lookup.extract(sis_id, college=fields.get("college") or None)}

    def look(self, fields: Mapping[str, str], /) -> dict[str, Any]:
        """Look the student up, and describe what was found, for the page alone: it holds names."""
        self._looked = None
        with registry_of(self._lookup.plan) as registry:
            looked = self._looked = self._lookup.one(fields, registry=registry, by=self._by)
        wrong = looked.wrong["field"].n_unique()
        settled = looked.settled
        blocked = any(one.blocks for one in looked.candidates)
        return {
            "summary": _summary(looked),
            "told": list(_told(looked)),
            "faults": looked.faults.to_dicts(),
            "wrong": counted(wrong, "field") if wrong and not settled else "",
            "candidates": [_shown(one) for one in looked.candidates],
            "question": bool(looked.open_questions) and not wrong,
            "may": not (settled or blocked or wrong),
        }

    def ask(self, aside: list[str], because: str, /) -> dict[str, Any]:
        """Ask for an account for the student who was looked up last.

        Raises:
            GateClosed: see `flow.single.ask`.
            InputError: nobody was looked up.
        """
        if self._looked is None:
            raise InputError("Look the student up first.")
        plan = self._lookup.plan
        with registry_of(plan) as registry:
            made = ask(
                registry, self._looked, self._lookup, by=self._by, aside=aside, because=because, at=self._at
            )
        self._looked = None
        if made.batch is None:
            return {"summary": f"The account exists: {listed(made.exists)}." if made.exists else _KNOWN}
        return {
            "summary": f"Batch {made.batch.id} waits for its approval",
            "command": made.command,
            "batch": made.batch.id,
        }


_KNOWN = "The registry knows this student already. Nothing was asked for."


def _summary(looked: Looked) -> str:
    searched = f"{looked.searched:,} accounts were looked through"
    if looked.exists:
        return f"The account exists: {listed(looked.exists)}"
    if looked.known.height:
        return _KNOWN
    if not looked.candidates and {*looked.wrong["field"]} & {*PERSON}:
        return "Accounts cannot be compared yet: correct the fields first"
    if not looked.candidates:
        return f"{searched}: none may be the student's"
    return f"{searched}: {counted(len(looked.candidates), 'account')} may be the student's"


def _told(looked: Looked) -> list[str]:
    said = [looked.barred] if looked.barred else []
    for row in looked.known.iter_rows(named=True):
        number = row["cccid"] or "waits for a CCCID"
        said.append(f"The registry knows {row['college']}/{row['sis_id']}: {number}, by {row['by']}.")
    if looked.held:
        said.append(f"The SIS holds {listed(looked.held)} for this SIS id.")
    if not looked.exists and any(one.blocks for one in looked.candidates):
        said.append(
            "An account is so like this student that whoever asks cannot set it aside. A reviewer decides: "
            "run the plan with the student in its extract, and enter the decision in the review panel."
        )
    return said


def _shown(one: Candidate) -> dict[str, Any]:
    lines = [{**line, "weight": weight_words(line["bits"])} for line in one.lines]
    names = ("cccid", "verdict", "agreement", "remark")
    return {name: getattr(one, name) for name in names} | {"lines": lines}
