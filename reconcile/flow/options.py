"""How pairs are kept, judged and looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconcile.columns import LINK_FIELDS
from reconcile.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.score.model import Model

    Progress = Callable[[str], None] | None

# A pair at the threshold is wrong once in a hundred; the pairs above it are much surer, and together
# they are wrong less than once in a thousand (measured on labelled data and on synthetic tables).
LINK_PROBABILITY: Final = 0.99
# One in twenty is worth a person's look: beyond, a reviewer reads twenty pairs to find one.
REVIEW_PROBABILITY: Final = 0.05
KINDS: Final = ("name", "date", "code", "text", "category")
# What the wide rules of blocking may add, in pairs a row.
_PROFILES: Final = {"accurate": 2.0, "quick": 0.0}
_TAKEN: Final = ("prior", "relatives", "partners")


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Where the bands "link" and "review" begin.

    Attributes:
        link: from this probability on a pair links by itself, if no guard forbids.
        review: from this probability on a person is asked.
        precision: instead of `link`: the pairs that link are right so often, as the model expects.
        most_reviews: instead of `review`: as many pairs as a person can look at, the likeliest.
    """

    link: float = LINK_PROBABILITY
    review: float = REVIEW_PROBABILITY
    precision: float | None = None
    most_reviews: int | None = None

    def __post_init__(self) -> None:
        """Refuse thresholds that contradict each other."""
        if not 0 <= self.review <= self.link <= 1:
            raise InputError(
                "The thresholds must rise: 0 <= min_probability <= review_probability "
                "<= link_probability <= 1."
            )
        if self.precision is not None and not 0 < self.precision < 1:
            raise InputError(
                f"The expected precision is {self.precision}; a share below 1 is needed, such as 0.999."
            )
        if self.most_reviews is not None and self.most_reviews < 0:
            raise InputError(f"{self.most_reviews} pairs to review were asked for; at least 0 is needed.")


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
    """

    min_probability: float = 0.01
    bands: Bands = field(default_factory=Bands)
    model: Model | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    profile: str = "accurate"
    compare_in_full: int = 5_000_000
    progress: Progress = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 <= self.min_probability <= self.bands.review:
            raise InputError(
                "The thresholds must rise: 0 <= min_probability <= review_probability "
                "<= link_probability <= 1."
            )
        if self.profile not in _PROFILES:
            raise InputError(f'There is no profile "{self.profile}".{nearest(self.profile, tuple(_PROFILES))}')
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
