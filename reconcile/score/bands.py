"""Where the bands "link" and "review" begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconcile.errors import InputError

# A pair at the threshold is wrong once in a hundred; the pairs above it are much surer, and together
# they are wrong less than once in a thousand (measured on labelled data and on synthetic tables).
LINK_PROBABILITY: Final = 0.99
# One in twenty is worth a person's look: beyond, a reviewer reads twenty pairs to find one.
REVIEW_PROBABILITY: Final = 0.05


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
