"""The suites as they are shipped, and as a college's policy and a day make them."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Final

from reconcile import resources
from reconcile.errors import InputError, nearest
from reconcile.policy import Policy
from reconcile.validate.dictionary import SUITES
from reconcile.validate.predicates import METRICS, TABLE_TYPES, failing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_WIDE_CCCID: Final = "^[A-HJ-NP-Z]{3,4}[0-9]{4}$"
_COPPA_YEARS: Final = 13


def load_suite(
    name: str, /, *, as_of: date, age_on: date | None = None, policy: Policy | None = None
) -> dict[str, Any]:
    """Read a suite, apply a college's policy to it and fill its parameters in.

    Args:
        name: one of SUITES.
        as_of: the day that "today" stands for.
        age_on: the day on which people's age counts; as_of when None.
        policy: the college's; the suite as it is shipped when None.

    Raises:
        InputError: no such suite; a rule of the college's own cannot be used; a threshold for a rule that
            no suite has.
    """
    suite = _applied(name, policy or Policy())
    given = suite["suite_parameters"] | {
        "as_of": as_of.isoformat(),
        "born_13_years_ago": born_13_years_before(age_on or as_of).isoformat(),
    }
    return {**suite, "expectations": _fill(suite["expectations"], given), "suite_parameters": {}}


def require_usable(policy: Policy, /) -> None:
    """Go on only when a policy can be applied to every suite.

    Raises:
        InputError: a rule of the college's own cannot be used, or a threshold is for no rule.
    """
    for name in SUITES:
        _applied(name, policy)


def suite_hash(name: str, /, *, policy: Policy | None = None) -> str:
    """Hash a suite, without running it: what an approval is bound to.

    It changes with a rule, with what this version makes of it in SQL, and with the policy. The day that
    "today" stands for is no part of it, so that a batch outlives the midnight after its check.

    Args:
        name: one of SUITES.
        policy: the college's.

    Raises:
        InputError: as `load_suite`.
    """
    policy = policy or Policy()
    suite = _applied(name, policy)
    asked = [
        failing(METRICS[rule["type"]], _fill(rule["kwargs"], suite["suite_parameters"]), table="judged")
        for rule in suite["expectations"]
        if rule["type"] not in TABLE_TYPES
    ]
    whole = {"suite": suite, "asked": asked, "at_most": dict(policy.at_most)}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _applied(name: str, policy: Policy) -> dict[str, Any]:
    """Read a suite and apply a policy to it; the day is still open."""
    if name not in SUITES:
        raise InputError(f"There is no suite {name}.{nearest(name, SUITES)}")
    suite = _with_own(_shipped(name), policy)
    if policy.wide_cccid:
        suite["suite_parameters"]["cccid_shape"] = _WIDE_CCCID
    for rule in suite["expectations"]:
        eased = rule["meta"].get("eased", {})
        if policy.mailbox and "mailbox" in eased:
            rule["severity"] = eased["mailbox"]
    _require_known(policy)
    return suite


def _with_own(suite: dict[str, Any], policy: Policy) -> dict[str, Any]:
    if policy.local is None:
        return suite
    from reconcile.validate.local import with_local  # noqa: PLC0415 - brings YAML

    return with_local(suite, policy.local)


def _require_known(policy: Policy) -> None:
    """Refuse a threshold for a rule that no suite has: it would allow nothing, and nobody would notice."""
    if not policy.at_most:
        return
    suites = [_with_own(_shipped(name), policy) for name in SUITES]
    rules = [rule for suite in suites for rule in suite["expectations"]]
    known = sorted({rule["meta"]["rule_id"] for rule in rules})
    borne = {
        rule["meta"]["rule_id"] for rule in rules if rule["severity"] != "critical" or "eased" in rule["meta"]
    }
    for rule, limit in policy.at_most.items():
        if rule not in known:
            raise InputError(f"No rule is called {rule}, so nothing can be allowed.{nearest(rule, known)}")
        if rule not in borne:
            raise InputError(
                f"The rule {rule} is critical: it closes the gate at once. Take its threshold out."
            )
        number = isinstance(limit, int | float) and math.isfinite(limit) and limit >= 0
        if not number or (limit > 1 and limit % 1):
            raise InputError(
                f"The threshold of {rule} is {limit}; a share of the rows below 1, or a whole number of "
                "rows, was expected."
            )


def _shipped(name: str) -> dict[str, Any]:
    path = resources.expectations() / "suites" / f"{name}.json"
    suite: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return suite


def born_13_years_before(day: date, /) -> date:
    """Give the latest birthdate of those who are no child under 13 on a day."""
    leaps = (day.month, day.day) == (2, 29)  # who is born on 1 March turns 13 a day later
    return day.replace(year=day.year - _COPPA_YEARS, day=28 if leaps else day.day)


def _fill(part: Any, given: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    match part:
        case {"$PARAMETER": name}:
            return given[name]
        case dict():
            return {key: _fill(value, given) for key, value in part.items()}
        case list():
            return [_fill(value, given) for value in part]
    return part
