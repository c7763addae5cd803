"""What can go wrong, in the words of the person who has to mend it.

    ReconcileError                 exit code 2 unless stated
    ├── InputError                 a file or table that cannot be used
    ├── PlanError                  a plan that contradicts itself, or an unknown key
    ├── OutputError                a place that we may not write to
    ├── KeyMismatch                values made with different SSN keys were compared
    ├── RegistryError              the store refuses: wrong schema, wrong place, busy
    │   ├── AccountError           credentials, or an account's state, do not allow the step
    │   ├── ApprovalError          approval missing, void, or by the proposer
    │   │   └── Refused            a person may not take the step; the audit log has it
    │   └── IssuerError            nobody allotted the numbers asked for
    ├── GateClosed                 exit code 1: rows break the dictionary, nothing is created
    └── ConservationError          exit code 3: rows in and rows out differ, a defect of ours

No message carries a name, a birthdate, an SSN or an e-mail address: rows are named by file,
line number and column, never by their content.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ReconcileError(Exception):
    """Something the user can mend; the message says what was found, what was expected, what to do."""

    exit_code = 2


class InputError(ReconcileError, ValueError):
    """A file or a table cannot be used as it is."""


class PlanError(ReconcileError, ValueError):
    """The plan contradicts itself or holds a key that nobody reads."""


class OutputError(ReconcileError):
    """The place named for outputs is not ours to write to."""


class KeyMismatch(ReconcileError):  # noqa: N818 - says what happened, as httpx does
    """SSN hashes made with different keys met; comparing them would say "different" of the same number."""


class RegistryError(ReconcileError):
    """The registry refuses: its schema, its place, its state or its neighbours forbid the step."""


class AccountError(RegistryError):
    """Credentials are wrong, expired or used, or the account's state does not allow what was asked."""


class ApprovalError(RegistryError):
    """An approval is missing, is void, or comes from the person who proposed the batch."""


class Refused(ApprovalError):  # noqa: N818 - says what happened
    """A person may not take a step of the registry; that they tried is kept in the audit log."""

    def __init__(
        self, message: str, *, what: str = "", subject: str = "", who: str = "", at: str | None = None
    ) -> None:
        """Say in the message what is lacking; the rest is what the log keeps of the attempt."""
        super().__init__(message)
        self.what, self.subject, self.who, self.at = what, subject, who, at


class IssuerError(RegistryError):
    """Nobody allotted the numbers that were asked for, or they are used up."""


class GateClosed(ReconcileError):  # noqa: N818 - says what happened
    """Rows to be created break a critical rule of the data dictionary."""

    exit_code = 1


class ConservationError(ReconcileError):
    """Rows in and rows out differ; the run stops because a student would be lost or doubled."""

    exit_code = 3


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, as the tail of a message.

    >>> nearest("acounts", ["accounts", "students"])
    ' Did you mean "accounts"?'
    >>> nearest("zzz", ["accounts"])
    ' Known: accounts.'
    """
    known = sorted(known)
    close = get_close_matches(word, known, n=1)
    if close:
        return f' Did you mean "{close[0]}"?'
    return f" Known: {', '.join(known)}." if known else ""
