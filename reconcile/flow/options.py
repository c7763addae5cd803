"""How pairs are kept, judged and looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconcile.columns import LINK_FIELDS
from reconcile.errors import InputError, nearest
from reconcile.score.bands import Bands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from reconcile.score.model import Model

    Progress = Callable[[str], None] | None

KINDS: Final = ("name", "date", "code", "text", "category")
# What the wide rules of blocking may add, in pairs a row.
_PROFILES: Final = {"accurate": 2.0, "quick": 0.0}
_TAKEN: Final = ("prior", "relatives", "partners")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How pairs are kept and judged.

    Attributes:
        min_probability: pairs below it are not returned.
        bands: where the bands begin.
        model: a model of an earlier run; learned from the tables when None.
        fields: further columns to compare: name -> kind (name, date, code, text, category).
        profile: "accurate", or "quick": without the wide rules of blocking.
        compare_in_full: tables with at most so many possible pairs are compared without blocking.
        progress: told what is being done, in words.
        decisions: of reviewers: id_l, id_r, match.
    """

    min_probability: float = 0.01
    bands: Bands = field(default_factory=Bands)
    model: Model | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    profile: str = "accurate"
    compare_in_full: int = 5_000_000
    progress: Progress = None
    decisions: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 <= self.min_probability <= self.bands.review:
            raise InputError(
                "The thresholds must rise: 0 <= min_probability <= review_probability "
                "<= link_probability <= 1."
            )
        if self.profile not in _PROFILES:
            raise InputError(
                f'There is no profile "{self.profile}".{nearest(self.profile, tuple(_PROFILES))}'
            )
        problems = [
            f'{name}: there is no kind "{kind}"{nearest(str(kind), KINDS)}'
            for name, kind in self.fields.items()
            if kind not in KINDS
        ]
        problems += [f"{name}: a name of ours, rename it" for name in self.fields if name in _TAKEN]
        if problems:
            raise InputError(f"The fields cannot be used: {'; '.join(sorted(problems))}.")
        # The canonical columns are compared in their own way, whatever kind they are declared to be.
        own = {name: kind for name, kind in sorted(self.fields.items()) if name not in LINK_FIELDS}
        object.__setattr__(self, "fields", own)

    @property
    def wide_pairs(self) -> float:
        """What the wide rules of blocking may add, in pairs a row."""
        return _PROFILES[self.profile]
