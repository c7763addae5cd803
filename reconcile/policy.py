"""What a college decides about the rules: what it has, what it adds, how much it bears."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How the suites are applied at one college; without any, as they are shipped.

    Attributes:
        wide_cccid: also accept the future shape of CCCIDs, four letters and four digits.
        mailbox: a mailbox of the college stands in where a student has no e-mail address of their own, so
            that a missing or shared one does not close the gate.
        systemwide: snapshots hold all accounts there are, so that one that is gone vanished.
        local: a YAML file with extra and stricter rules.
        at_most: rule id -> how often it may be broken before it closes the gate: below 1 a share of
            the rows, from 1 on a number of rows. Critical rules close it at once.
    """

    wide_cccid: bool = False
    mailbox: bool = False
    systemwide: bool = True
    local: Path | None = None
    at_most: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Take the place of the college's rules as a text too."""
        if isinstance(self.local, str):
            object.__setattr__(self, "local", Path(self.local))
