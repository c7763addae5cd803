"""Where the SSN key lives, how it is changed and brought back, and what nobody gets to see of it."""

from __future__ import annotations

import stat
import sys
import threading
from pathlib import Path

import pytest
from registries import AT

from reconcile.cli import main
from reconcile.errors import InputError, KeyMismatch, OutputError
from reconcile.files import permissions_are_enforced
from reconcile.privacy import KEY_FILE_VARIABLE, KEY_STORE_VARIABLE, KEY_VARIABLE, SsnKey, ssn_key
from reconcile.privacy.change import back_up, new_key, restore_key
from reconcile.privacy.store import Store, find_key, unfit
from reconcile.registry import Registry


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key file of a user who has none yet, on a machine without a keyring."""
    path = tmp_path / "keys" / "ssn.key"
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(path))
    monkeypatch.delenv(KEY_STORE_VARIABLE, raising=False)
    return path


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch):
    """A keyring of the package's own kind that keeps its entries in memory, chosen by the user."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend  # noqa: PLC0415 - not everybody has it

    class InMemory(KeyringBackend):
        priority = 5
        entries: dict[tuple[str, str], str] = {}  # noqa: RUF012 - one for the whole process, as a keyring is

        def get_password(self, service: str, username: str) -> str | None:
            return self.entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.entries[service, username]

    InMemory.entries.clear()
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    monkeypatch.setenv(KEY_STORE_VARIABLE, "keyring")
    yield InMemory.entries
    keyring.set_keyring(before)
    KeyringBackend._classes.discard(InMemory)


def test_a_rotation_keeps_the_earlier_key_and_a_copy_brings_it_back(place: Path, tmp_path: Path):
    first = ssn_key()
    back_up(tmp_path / "copy")
    changed = new_key()
    assert ssn_key() == changed.now.key != first
    kept = place.with_name(f"ssn.key.{first.fingerprint}")
    assert kept.read_text(encoding="ascii") == (tmp_path / "copy").read_text(encoding="ascii")
    for path in (place, kept, tmp_path / "copy"):
        if permissions_are_enforced():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    restore_key(tmp_path / "copy")
    assert ssn_key() == first
    assert restore_key(kept).earlier == str(kept)  # in use already: nothing changes
    assert place.with_name(f"ssn.key.{changed.now.key.fingerprint}").exists()


def test_a_dry_run_changes_nothing(place: Path, tmp_path: Path):
    first = ssn_key()
    before = {path: path.read_bytes() for path in place.parent.iterdir()}
    new_key(dry_run=True)
    back_up(tmp_path / "copy", dry_run=True)
    back_up(other := tmp_path / "other")
    restore_key(other, dry_run=True)
    assert not (tmp_path / "copy").exists()
    assert {path: path.read_bytes() for path in place.parent.iterdir()} == before
    assert ssn_key() == first


def test_a_key_that_cannot_be_read_is_replaced_and_not_thrown_away(place: Path, tmp_path: Path):
    first = ssn_key()
    back_up(tmp_path / "copy")
    place.write_text("no key", encoding="ascii")
    with pytest.raises(InputError, match="key restore FILE"):
        ssn_key()
    restore_key(tmp_path / "copy")
    assert ssn_key() == first
    assert place.with_name("ssn.key.unread").read_text(encoding="ascii") == "no key"


@pytest.mark.parametrize(
    ("mark", "where"),
    [
        ("work/.git/HEAD", "git repository"),
        ("work/.reconcile-workspace", "workspace"),
        ("OneDrive - X/a", "synchron"),
    ],
)
def test_a_key_is_not_written_where_data_goes(
    mark: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / mark).parent.mkdir(parents=True)
    (tmp_path / mark).touch()
    path = tmp_path / Path(mark).parts[0] / "deep" / "ssn.key"
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(path))
    with pytest.raises(OutputError, match=where):
        ssn_key()
    with pytest.raises(OutputError, match=where):
        new_key()
    assert not path.parent.exists()
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(tmp_path / "ssn.key"))
    ssn_key()
    with pytest.raises(OutputError, match=where):
        back_up(path)
    assert unfit(tmp_path / "ssn.key") == ""


def test_a_key_that_lies_with_the_data_is_used_and_told(
    place: Path, capsys: pytest.CaptureFixture, recwarn: pytest.WarningsRecorder
):
    key = ssn_key()
    (place.parent / ".git").mkdir()
    with pytest.warns(UserWarning, match="in the git repository"):
        assert ssn_key() == key
    with pytest.warns(UserWarning, match="in the git repository"):
        main(["key", "show"])
    assert "Move it" in capsys.readouterr().out


def test_a_key_of_the_environment_is_changed_there(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY_VARIABLE, "ab" * 32)
    assert find_key().store is Store.ENVIRONMENT
    with pytest.raises(InputError, match=KEY_VARIABLE):
        new_key()
    assert not place.exists()


@pytest.mark.parametrize("missing", ["the package", "a backend"])
def test_without_a_keyring_the_file_is_used_and_that_is_said(
    missing: str, place: Path, monkeypatch: pytest.MonkeyPatch
):
    if missing == "the package":
        monkeypatch.setitem(sys.modules, "keyring", None)
    else:
        keyring = pytest.importorskip("keyring")
        from keyring.backends.fail import Keyring  # noqa: PLC0415 - not everybody has it

        monkeypatch.setattr(keyring.core, "_keyring_backend", Keyring())
    monkeypatch.setenv(KEY_STORE_VARIABLE, "keyring")
    with pytest.warns(UserWarning, match="made in the file"):
        key = ssn_key()
    assert ssn_key() == key
    assert find_key().store is Store.FILE
    with pytest.raises(InputError, match="--store file"):
        new_key(store=Store.KEYRING)
    place.write_text(f"keyring {key.fingerprint}\n", encoding="ascii")
    with pytest.raises(InputError, match="key is in the keyring"):
        ssn_key()


def test_an_unknown_store_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY_STORE_VARIABLE, "cloud")
    with pytest.raises(InputError, match="neither keyring nor file"):
        ssn_key()
    assert not place.exists()


def test_a_chosen_keyring_holds_the_key_and_the_file_only_says_so(place: Path, held: dict):
    keys: list[SsnKey] = []
    starting = [threading.Thread(target=lambda: keys.append(ssn_key())) for _ in range(3)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert len(set(keys)) == 1 < len(keys)
    assert place.read_text(encoding="ascii") == f"keyring {keys[0].fingerprint}\n"
    assert keys[0].secret.hex() in held.values()
    place.unlink()
    assert ssn_key() == keys[0]  # the entry is there, so no second key is made
    new_key()
    assert ssn_key() != keys[0]
    restore_key(Path(keys[0].fingerprint))
    assert ssn_key() == keys[0]
    held.clear()
    with pytest.raises(InputError, match="no longer holds the SSN key"):
        ssn_key()


def test_a_key_moves_between_file_and_keyring(place: Path, held: dict, tmp_path: Path):
    first = ssn_key()
    back_up(tmp_path / "copy")
    restore_key(tmp_path / "copy", store=Store.FILE)
    assert (find_key().store, find_key().key) == (Store.FILE, first)
    restore_key(tmp_path / "copy", store=Store.KEYRING)
    assert (find_key().store, find_key().key) == (Store.KEYRING, first)


def test_what_writes_plain_text_counts_as_no_keyring(place: Path, held: dict):
    keyring = pytest.importorskip("keyring")

    class PlaintextKeyring(type(keyring.get_keyring())):
        priority = 9

    keyring.set_keyring(PlaintextKeyring())
    with pytest.warns(UserWarning, match="no keyring that encrypts"):
        ssn_key()
    assert not held


def test_a_keyring_that_refuses_is_told_without_what_it_says(place: Path, held: dict):
    keyring = pytest.importorskip("keyring")
    ssn_key()

    class Locked(type(keyring.get_keyring())):
        def get_password(self, service: str, username: str) -> str | None:
            raise keyring.errors.KeyringLocked("secret of maria")

    keyring.set_keyring(Locked())
    with pytest.raises(InputError, match="KeyringLocked") as caught:
        ssn_key()
    assert "maria" not in str(caught.value)
    assert caught.value.__context__ is None


def test_no_command_shows_the_key(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    copy = str(tmp_path / "copy")
    commands = (
        ["show"],
        ["backup", copy],
        ["new"],
        ["show"],
        ["backup", copy],
        ["new"],
        ["restore", copy],
        ["show"],
    )
    shown, secrets = "", set()
    for command in commands:
        main(["key", *command])
        said = capsys.readouterr()
        shown += said.out + said.err
        secrets |= {found.key.secret.hex()} if (found := find_key()) else set()
    assert len(secrets) == 2
    assert not [secret for secret in secrets if secret[:16] in shown]
    assert "No SSN key was made yet" in shown
    assert "There is no SSN key yet" in shown
    assert shown.count("Fingerprint") == 2


def test_a_registry_is_told_of_a_new_key(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    url = str(tmp_path / "registry.sqlite")
    first = ssn_key().fingerprint
    with Registry.open(url, at=AT) as registry:
        registry.pin_key(first)
        second = new_key().now.key.fingerprint
        with pytest.raises(
            KeyMismatch, match=f"{first}.*{second}.*key restore FILE.*key pin --instead-of {first}"
        ):
            registry.pin_key(second)
        with pytest.raises(KeyMismatch, match=f"tied to the SSN key {first}, not to ffffffff"):
            registry.pin_key(second, instead_of="ffffffff", by="A. Registrar")
        told = ["key", "pin", "--registry", url, "--instead-of", first, "--by", "A. Registrar"]
        assert main([*told, "--dry-run"]) == 0
        with pytest.raises(KeyMismatch):
            registry.pin_key(second)
        assert main(told) == 0
        registry.pin_key(second)
        assert registry.verify().ok
        assert registry.audit()["what"].to_list() == ["created", "pinned"]
    assert capsys.readouterr().out.count(second) == 2


def test_a_registry_that_names_students_by_hashes_keeps_its_key(tmp_path: Path):
    import polars as pl  # noqa: PLC0415 - beside its only use

    columns = ["table", "id_l", "id_r", "decision", "hash"]
    rows = [("links", f"ZZ1/ssn:0a1b2c3d:{'0' * 32}", "AAA0001", "match", "h")]
    with Registry.open(tmp_path / "registry.sqlite", at=AT) as registry:
        registry.pin_key("0a1b2c3d")
        registry.record(pl.DataFrame(rows, schema=columns, orient="row"), by="A. Registrar")
        with pytest.raises(KeyMismatch, match="in 1 places"):
            registry.pin_key("ffffffff", instead_of="0a1b2c3d", by="A. Registrar")
        registry.pin_key("0a1b2c3d")
