"""An account becomes its student's and nobody else's; refusals are plain, kept, and change nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from accounts import (  # noqa: F401 - fixtures among them
    ADDRESS,
    PASSWORD,
    Mail,
    account,
    cheap,
    claimed,
    held,
    last,
    ours,
    secrets_of,
)
from registries import AT, allotted, registry  # noqa: F401

from reconcile.errors import AccountError, InputError
from reconcile.mint import passwords
from reconcile.mint.claim import confirm, release, start
from reconcile.mint.edit import edit
from reconcile.registry import Registry
from reconcile.registry.people import machine

MINUTE = timedelta(minutes=1)
NUMBER, OTHER = "AAA0001", "AAA0002"


@pytest.fixture
def students(ours, tmp_path, cheap):  # noqa: F811
    """Give a registry with two held accounts, and their secrets."""
    return ours, held(ours, tmp_path, 1, 2)[1]


def kept(registry, *numbers):  # noqa: F811
    """Give what must not change by a refusal, of some accounts."""
    found = []
    for number in numbers or (NUMBER, OTHER):
        row = account(registry, number)
        found.append({name: row[name] for name in row if name not in ("failures", "locks", "locked_until")})
    return found


def refused(registry, words, step, **logged):  # noqa: F811
    """Take a step that must be refused in these words, be logged, and change nothing."""
    before, sequence = kept(registry), registry.sequence
    with pytest.raises(AccountError, match=words) as caught:
        step()
    assert kept(registry) == before
    assert registry.sequence == sequence + 1
    detail = last(registry)[2]
    assert {name: detail[name] for name in logged} == logged
    assert detail["machine"] == machine()
    assert "Nothing was changed." in str(caught.value)
    assert registry.verify().ok
    return str(caught.value)


def test_a_student_takes_the_account_over(registry, tmp_path, cheap):  # noqa: F811
    secrets = held(registry, tmp_path, 1, 2)[1]
    mail = Mail()
    ends = start(registry, " aaa0001 ", secrets[NUMBER].upper().replace("-", " "), "Kim@Home.example.NET",
                 send=mail, at=AT)  # fmt: skip
    assert ends == AT + 15 * MINUTE
    assert mail.sent[0][0] == ADDRESS
    assert len(mail.code) == 8
    confirm(registry, NUMBER, mail.code, PASSWORD, accepted_terms=True, at=AT + MINUTE)
    found = account(registry, NUMBER)
    assert (found["state"], found["email"]) == ("claimed", ADDRESS)
    when = "2026-11-21T12:01:00+00:00"
    assert found["claimed_at"] == found["email_verified_timestamp"] == when
    assert found["accepted_terms_timestamp"] == when
    assert found["email_verified"] == found["accepted_terms"] == "true"
    assert found["password"].startswith("$argon2id$")
    assert last(registry)[:2] == ("claimed", NUMBER)
    assert registry.read(lambda ledger: ledger.accounts.secret(NUMBER)) is None
    used = registry.inspect(lambda c: c.execute(sa.text("SELECT state, hash FROM credentials")).all())
    assert ("used", None) in [tuple(row) for row in used]
    written = registry.audit().write_csv()
    assert not any(text in written for text in (ADDRESS, "Kim", "2001-02-01", mail.code, PASSWORD))
    assert registry.verify().ok


def test_wrong_used_replaced_and_other_peoples_secrets_are_refused_alike(students, tmp_path):
    ours, secrets = students  # noqa: F811

    def trying(number, secret, why):
        return refused(
            ours, "do not belong together",
            lambda: start(ours, number, secret, ADDRESS, send=Mail(), at=AT), why=why,
        )  # fmt: skip

    said = {
        trying(NUMBER, "abcde-abcde-abcde-abcde", "no match"),
        trying(NUMBER, secrets[OTHER], "no match"),
        trying("AAA0009", secrets[NUMBER], "no match"),
        trying("my password, by mistake", "x", "no match"),
    }
    claimed(ours, OTHER, secrets[OTHER])
    said.add(trying(OTHER, secrets[OTHER], "no match"))
    assert len(said) == 1
    assert "my password" not in ours.audit().write_csv()


def test_an_unknown_number_costs_the_same_comparison(students, monkeypatch):
    ours, secrets = students  # noqa: F811
    compared = []
    real = passwords.show

    def counting(head, typed):
        compared.append(head.rpartition("$")[0])
        return real(head, typed)

    monkeypatch.setattr(passwords, "show", counting)
    for number, secret in ((NUMBER, "wrong"), ("AAA0009", secrets[NUMBER]), ("?", "")):
        with pytest.raises(AccountError):
            start(ours, number, secret, ADDRESS, send=Mail(), at=AT)
        with pytest.raises(AccountError):
            confirm(ours, number, "1", PASSWORD, accepted_terms=True, at=AT)
        with pytest.raises(AccountError):
            edit(ours, number, PASSWORD, changes={"last_name": "New"}, at=AT)
    assert len(compared) == 15  # a new code or password is hashed too
    assert len(set(compared)) == 1  # the same parameters each time


def test_an_expired_secret_is_told_only_to_who_has_it(students):
    ours, secrets = students  # noqa: F811
    later = AT + timedelta(days=31)
    refused(
        ours, r"ended on 2026-12-21.*a new one",
        lambda: start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=Mail(), at=later), why="expired",
    )  # fmt: skip
    refused(
        ours, "do not belong together",
        lambda: start(ours, NUMBER, "wrong", ADDRESS, send=Mail(), at=later), why="no match",
    )  # fmt: skip


@pytest.mark.parametrize(
    "email", ["", "kim", "@kim.net", "a@b", "a b@c.net", "a@b.net\nBcc: c@d.net", "é" * 255]
)
def test_an_address_has_to_be_one(students, email):
    ours, secrets = students  # noqa: F811
    with pytest.raises(InputError, match="valid e-mail address"):
        start(ours, NUMBER, secrets[NUMBER], email, send=Mail(), at=AT)


def test_an_address_in_use_is_refused(students):
    ours, secrets = students  # noqa: F811
    claimed(ours, OTHER, secrets[OTHER])

    def trying(email, **options):
        return lambda: start(ours, NUMBER, secrets[NUMBER], email, send=Mail(), at=AT, **options)

    refused(ours, "already in use", trying(ADDRESS.upper()), why="address in use")
    elsewhere = {"kim@elsewhere.example.net"}
    refused(ours, "already in use", trying("Kim@Elsewhere.example.net", taken=elsewhere))
    for own in ("accounts+021-1@college.edu", "accounts+new@college.edu", "accounts@college.edu"):
        refused(ours, "mailbox of the college", trying(own), why="address of staff")


def test_an_address_that_was_taken_meanwhile_is_refused(students):
    ours, secrets = students  # noqa: F811
    mail = Mail()
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    claimed(ours, OTHER, secrets[OTHER])
    refused(
        ours, "already in use",
        lambda: confirm(ours, NUMBER, mail.code, PASSWORD, accepted_terms=True, at=AT),
        why="address in use",
    )  # fmt: skip


def test_a_code_works_once_for_one_account_for_a_quarter_of_an_hour(students):
    ours, secrets = students  # noqa: F811
    mail = Mail()

    def entering(number, code, at=AT):
        return lambda: confirm(ours, number, code, PASSWORD, accepted_terms=True, at=at)

    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    first = mail.code
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    refused(ours, "do not belong", entering(NUMBER, first), why="no match")
    refused(ours, "do not belong", entering(OTHER, mail.code), why="no match")
    refused(ours, "older than 15 minutes", entering(NUMBER, mail.code, AT + 15 * MINUTE), why="expired")
    refused(ours, "do not belong", entering(NUMBER, mail.code), why="no match")
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    entering(NUMBER, mail.code)()
    refused(ours, "do not belong", entering(NUMBER, mail.code), why="no match")


def test_five_guesses_end_a_code_and_lock_the_account(students):
    ours, secrets = students  # noqa: F811
    mail = Mail()
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    for _ in range(5):
        refused(
            ours, "do not belong",
            lambda: confirm(ours, NUMBER, "00000000x", PASSWORD, accepted_terms=True, at=AT),
        )  # fmt: skip
    for at in (AT, AT + 14 * MINUTE, AT + 16 * MINUTE):
        refused(
            ours, "do not belong",
            lambda at=at: confirm(ours, NUMBER, mail.code, PASSWORD, accepted_terms=True, at=at),
        )  # fmt: skip
    claimed(ours, NUMBER, secrets[NUMBER], at=AT + 16 * MINUTE)


@pytest.mark.parametrize(
    ("password", "terms", "words"),
    [
        ("short", True, "12 to 256 characters"),
        ("x" * 257, True, "12 to 256 characters"),
        ("x" * 20, True, "too easy"),
        ("my number aaa0001", True, "too easy"),
        (PASSWORD, False, "You must agree to the Terms of Use"),
    ],
)
def test_a_password_is_long_and_the_terms_are_accepted(students, password, terms, words):
    ours, secrets = students  # noqa: F811
    mail, before = Mail(), kept(ours)
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    with pytest.raises(InputError, match=words):
        confirm(ours, NUMBER, mail.code, password, accepted_terms=terms, at=AT)
    assert kept(ours) == before
    confirm(ours, NUMBER, mail.code, PASSWORD, accepted_terms=True, at=AT)


def test_the_secret_is_no_password(students):
    ours, secrets = students  # noqa: F811
    mail = Mail()
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    refused(
        ours, "is the temporary secret",
        lambda: confirm(ours, NUMBER, mail.code, secrets[NUMBER].upper(), accepted_terms=True, at=AT),
        why="password is the secret",
    )  # fmt: skip


def test_failures_lock_and_each_lock_is_twice_as_long(students):
    ours, secrets = students  # noqa: F811

    def trying(secret, at):
        with pytest.raises(AccountError, match="do not belong together"):
            start(ours, NUMBER, secret, ADDRESS, send=Mail(), at=at)

    at = AT
    for minutes in (15, 30, 60):
        for _ in range(5):
            trying("wrong", at)
        trying(secrets[NUMBER], at + (minutes - 1) * MINUTE)
        at += minutes * MINUTE
    assert account(ours, NUMBER)["locks"] == 3
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=Mail(), at=at)
    assert account(ours, OTHER)["failures"] == 0


def test_staff_release_an_account_until_it_is_claimed(students):
    ours, secrets = students  # noqa: F811
    for _ in range(5):
        with pytest.raises(AccountError):
            start(ours, NUMBER, "wrong", ADDRESS, send=Mail(), at=AT)
    for options in ({"by": "", "reason": "x"}, {"by": "Ben", "reason": " "}):
        with pytest.raises(InputError, match="takes a"):
            release(ours, NUMBER, **options)
    release(ours, NUMBER, by="Ben", reason="the student called", at=AT)
    claimed(ours, NUMBER, secrets[NUMBER])
    before, sequence = kept(ours), ours.sequence
    with pytest.raises(AccountError, match="is its student's"):
        release(ours, NUMBER, by="Ben", reason="x", at=AT)
    with pytest.raises(AccountError, match="no account of that number"):
        release(ours, "AAA0009", by="Ben", reason="x", at=AT)
    assert (kept(ours), ours.sequence) == (before, sequence + 2)
    assert ours.verify().ok


def test_nothing_is_kept_when_the_code_cannot_be_sent(students):
    ours, secrets = students  # noqa: F811
    before = ours.sequence

    def failing(*_):
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - ours, of the line above
        start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=failing, at=AT)
    assert ours.sequence == before
    assert ours.read(lambda ledger: ledger.accounts.waiting(NUMBER)) is None


def test_a_rehearsal_sends_nothing(allotted, tmp_path, cheap):  # noqa: F811
    with Registry.open(allotted) as opened:
        secrets = held(opened, tmp_path, 1)[1]
    mail = Mail()
    with Registry.open(allotted, rehearse=True) as tried:
        start(tried, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
        assert tried.read(lambda ledger: ledger.accounts.waiting(NUMBER)) is None
    assert mail.sent == []


def test_new_credentials_end_a_reclaim_that_waits(students, tmp_path):
    ours, secrets = students  # noqa: F811
    mail = Mail()
    start(ours, NUMBER, secrets[NUMBER], ADDRESS, send=mail, at=AT)
    secrets_of(ours, account(ours, NUMBER)["batch"], tmp_path)
    refused(
        ours, "do not belong",
        lambda: confirm(ours, NUMBER, mail.code, PASSWORD, accepted_terms=True, at=AT),
    )  # fmt: skip
