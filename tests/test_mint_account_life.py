"""The life of accounts with an attacker beside it who replays, guesses and edits: nothing is ever theirs."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from accounts import PASSWORD, Mail, account, claimed, lower_the_price, people, secrets_of
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from registries import AT, _template, minted

from reconcile.errors import AccountError, InputError, Refused
from reconcile.mint.claim import confirm, release, start
from reconcile.mint.credentials import Way, deliver_credentials
from reconcile.mint.door import TRIES
from reconcile.mint.edit import edit
from reconcile.registry import Registry, roles
from reconcile.registry.access import Asked, ask, grant, name_first, withdraw
from reconcile.registry.proof import prove

NUMBERS = ("AAA0001", "AAA0002", "AAA0003")
WHO = st.sampled_from(NUMBERS)
NAMES = st.sampled_from(["Example", "Sample", "Muster"])
DAYS = st.sampled_from(["2001-02-01", "2001-02-02", "2001-03-04"])
STEPS = st.integers(0, 9)
PROTECTED = ("state", "email", "first_name", "last_name", "birthdate", "password", "accepted_terms")


# What somebody with a client of the database tries, and whose row it touches.
EDITS = st.sampled_from(
    [
        "UPDATE accounts SET email = 'evil@e.example.net'",
        "UPDATE accounts SET last_name = 'Evil'",
        "UPDATE accounts SET birthdate = '2000-01-01'",
        "UPDATE accounts SET password = 'evil'",
        "UPDATE accounts SET state = CASE state WHEN 'held' THEN 'claimed' ELSE 'held' END",
        "UPDATE accounts SET failures = failures + 1",
        "UPDATE accounts SET locked_until = '2000-01-01'",
        "UPDATE credentials SET expires = '2999-01-01'",
        "UPDATE credentials SET hash = 'evil'",
        "UPDATE reclaims SET email = 'evil@e.example.net'",
        "UPDATE reclaims SET code = 'evil'",
        "UPDATE reclaims SET tries = tries - 1",
        "DELETE FROM credentials",
        "DELETE FROM reclaims",
    ]
)


class _TakenBackError(Exception):
    pass


class Accounts(RuleBasedStateMachine):
    """Students and staff do what they may; the attacker tries all that was ever seen."""

    def __init__(self):
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        lower_the_price(self.patch)
        self.folder = Path(tempfile.mkdtemp(prefix="accounts"))
        self.registry = Registry.open(shutil.copy(_template("sqlite"), self.folder / "r.sqlite"))
        self.now = AT
        self.batch = minted(self.registry, people(1, 2, 3)).batch
        self.secrets = secrets_of(self.registry, self.batch, self.folder)
        self.codes = {}  # number -> address, code, until when
        claimed(self.registry, NUMBERS[2], self.secrets[NUMBERS[2]], email="s9@home.example.net")
        self.passwords = {NUMBERS[2]: PASSWORD}
        self.failures = dict.fromkeys(NUMBERS, 0)
        self.locks = dict.fromkeys(NUMBERS, 0)
        self.locked = {}
        self.tries = {}
        self.seen = {"abcde-abcde-abcde-abcde", "00000000", PASSWORD} | set(self.secrets.values())
        self.shown = {number: {secret, PASSWORD} for number, secret in self.secrets.items()}
        self.login = "dora"
        self.patch.setattr(roles, "system_login", lambda: self.login)
        self.patch.setattr("reconcile.registry.access.login", lambda _connection: self.login)
        name_first(self.registry, "Dora", at=AT)
        self.staffed = False
        self.hire_or_dismiss()
        self.sequence = self.registry.sequence

    def teardown(self):
        self.registry.close()
        self.patch.undo()
        shutil.rmtree(self.folder, ignore_errors=True)

    def show(self, number, text):
        """Let the attacker see what somebody used, or was given, for an account."""
        self.seen.add(text)
        self.shown[number].add(text)

    def shut(self, number):
        return self.locked.get(number, self.now) > self.now

    def failed(self, number, way):
        """Count as the rule says: five failures lock, each lock twice as long, none counts while locked."""
        if self.shut(number):
            return
        if way == "confirm":
            self.tries[number] += 1
            if self.tries[number] == TRIES:
                del self.codes[number]
        self.failures[number] += 1
        if self.failures[number] == TRIES:
            self.locked[number] = self.now + timedelta(minutes=15) * 2 ** self.locks[number]
            self.failures[number], self.locks[number] = 0, self.locks[number] + 1

    def cleared(self, number):
        self.failures[number] = self.locks[number] = 0
        self.locked.pop(number, None)

    def state(self):
        return {number: [account(self.registry, number)[name] for name in PROTECTED] for number in NUMBERS}

    def refused(self, step, *, error=AccountError):
        before, sequence = self.state(), self.registry.sequence
        with pytest.raises(error):
            step()
        assert self.state() == before
        assert self.registry.sequence == sequence + 1

    @rule()
    def hire_or_dismiss(self):
        """An administrator gives Ben his role, or takes it away between two steps."""
        self.login = "dora"
        if self.staffed:
            withdraw(self.registry, "Ben", "approver", by="Dora", reason="left", at=self.now)
        else:
            asked = Asked("Ben", "Clerk", "Pat Example", "b@college.edu", "district", "approver", "x", "ben")
            number = ask(self.registry, asked, by="Dora", at=self.now)
            grant(self.registry, number, by="Dora", at=self.now)
        self.staffed, self.login = not self.staffed, "ben"

    @rule(number=WHO, days=st.integers(1, 40))
    def hand_out(self, number, days):
        """Staff make a new secret: with the role, and only while the account is not the student's."""
        make = {"only": [number], "at": self.now, "valid_for": timedelta(days=days)}
        if not self.staffed:
            (self.folder / "credentials.csv").unlink(missing_ok=True)
            self.refused(lambda: secrets_of(self.registry, self.batch, self.folder, **make), error=Refused)
            assert not (self.folder / "credentials.csv").exists()
            return
        if number in self.passwords:
            with pytest.raises(AccountError):
                secrets_of(self.registry, self.batch, self.folder, **make)
            return
        self.secrets |= secrets_of(self.registry, self.batch, self.folder, **make)
        self.show(number, self.secrets[number])
        self.codes.pop(number, None)
        deliver_credentials(self.registry, [number], to="student", how=Way.PHONE, by="Ben", at=self.now)

    @rule(number=WHO, address=st.integers(1, 2))
    def begin(self, number, address):
        """A student begins with the secret that was handed out last."""
        mail, email = Mail(), f"s{address}@home.example.net"
        held = {row[1] for row in self.state().values()}
        expires = self.registry.read(lambda ledger: ledger.accounts.secret(number) or {}).get("expires", "")

        def step():
            start(self.registry, number, self.secrets[number], email, send=mail, at=self.now)

        late = expires <= self.now.isoformat(timespec="seconds")
        if number in self.passwords or self.shut(number) or late or email in held:
            self.refused(step)
            assert mail.sent == []
            return
        step()
        self.codes[number] = (email, mail.code, self.now + timedelta(minutes=15))
        self.tries[number] = 0
        self.show(number, mail.code)

    @rule(number=WHO, address=st.integers(1, 2))
    def finish(self, number, address):
        """A student enters the code that came last, after asking for one where none came, and a password."""
        if number not in self.codes:
            self.begin(number, address)
        if number not in self.codes:
            return
        email, code, until = self.codes[number]
        password = f"the password of {email}"

        def step():
            confirm(self.registry, number, code, password, accepted_terms=True, at=self.now)

        if self.shut(number) or email in {row[1] for row in self.state().values()}:
            if not self.shut(number) and until <= self.now:
                del self.codes[number]
            self.refused(step)
            return
        if until <= self.now:
            self.refused(step)
            del self.codes[number]
            return
        step()
        del self.codes[number]
        self.passwords[number] = password
        self.show(number, password)
        self.cleared(number)
        for way, text in (("confirm", code), ("start", self.secrets[number])):
            self.refused(partial(self.guess, way, number, text))  # replayed at once

    @rule(number=WHO, last=NAMES, day=DAYS, both=st.booleans())
    def change(self, number, last, day, both):
        """A student edits one thing, or tries both."""
        if number not in self.passwords:
            return
        row = account(self.registry, number)
        wanted = {"last_name": last, "birthdate": day} if both else {"last_name": last}
        new = {name for name, value in wanted.items() if row[name] != value}

        def step():
            return edit(self.registry, number, self.passwords[number], changes=wanted, at=self.now)

        if self.shut(number) or len(new) == 2:
            self.refused(step)
        elif not new:
            with pytest.raises(InputError):
                step()
        else:
            assert set(step()) == new
            self.cleared(number)

    @rule(number=WHO)
    def let_go(self, number):
        """Staff release a lock: with the role, and only while the account is not the student's."""

        def step():
            release(self.registry, number, by="Ben", reason="asked", at=self.now)

        if number not in self.passwords and not self.staffed:
            self.refused(step, error=Refused)
        elif number in self.passwords:
            self.refused(step)
        else:
            step()
            self.cleared(number)

    @rule(minutes=st.sampled_from([1, 14, 15, 60, 60 * 24 * 10]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule(number=WHO, pick=STEPS, way=st.sampled_from(["start", "confirm", "edit"]), times=st.integers(1, 6))
    def attack(self, number, pick, way, times):
        """Anything that was ever shown, at any account that it does not open now."""
        known = sorted(self.shown[number] if pick % 2 else self.seen)
        for _ in range(times):
            text = known[pick % len(known)]
            opens = {
                "start": number not in self.passwords and self.secrets[number],
                "confirm": number in self.codes and self.codes[number][1],
                "edit": self.passwords.get(number),
            }[way]
            if opens == text:
                return
            counts = {"start": number not in self.passwords, "confirm": number in self.codes,
                      "edit": number in self.passwords}[way]  # fmt: skip
            self.refused(partial(self.guess, way, number, text))
            if counts:
                self.failed(number, way)

    def guess(self, way, number, text):
        if way == "start":
            start(self.registry, number, text, "evil@e.example.net", send=Mail(), at=self.now)
        elif way == "confirm":
            confirm(self.registry, number, text, "evil enough!", accepted_terms=True, at=self.now)
        else:
            edit(self.registry, number, text, changes={"last_name": "Evil"}, at=self.now)

    @rule(number=WHO, edit=EDITS)
    def edit_behind(self, number, edit):
        """An edit by SQL: the proof names the account; then the copy of before is put back."""
        found = []

        def work(connection):
            found.append(connection.exec_driver_sql(f"{edit} WHERE cccid = '{number}'").rowcount)
            found.append(prove(connection))
            raise _TakenBackError

        with pytest.raises(_TakenBackError):
            self.registry.change(work)
        rows, proof = found
        assert proof.ok == (rows == 0), edit
        assert not rows or any(number in problem for problem in proof.problems), edit

    @rule()
    def open_again(self):
        self.registry.close()
        self.registry = Registry.open(self.folder / "r.sqlite", create=False)

    @invariant()
    def all_is_as_it_should_be(self):
        rows = {number: account(self.registry, number) for number in NUMBERS}
        for number, row in rows.items():
            assert (row["state"] == "claimed") == (number in self.passwords)
            assert (row["failures"], row["locks"]) == (self.failures[number], self.locks[number])
            assert "evil" not in row["email"]
            assert row["last_name"] != "Evil"
        addresses = [row["email"] for row in rows.values()]
        assert len(set(addresses)) == len(addresses)
        assert self.registry.sequence >= self.sequence
        self.sequence = self.registry.sequence
        found = self.registry.verify()
        assert found.ok, found.problems


def lives(examples, steps):
    """Give the settings of a run: so many lives of so many steps each."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


Accounts.TestCase.settings = lives(7, 20)
TestAccounts = seed(7)(Accounts.TestCase)
