from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.errors import InputError, KeyMismatch
from reconcile.files import permissions_are_enforced
from reconcile.privacy import (
    SsnKey,
    derive_ssn,
    hash_ids,
    key_file,
    mask_date,
    mask_email,
    mask_id,
    mask_name,
    redact,
    require_same_key,
    session_key,
    ssn_key,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY = SsnKey(bytes(range(32)))


def classes(*values: str | None) -> list[str | None]:
    return derive_ssn(pl.Series(values, dtype=pl.String), KEY)["ssn_class"].to_list()


def test_one_number_in_three_spellings_has_one_hash():
    made = derive_ssn(pl.Series(["212099998", "212-09-9998", " 212 09 9998 "]), KEY)
    assert made["ssn_hmac"].n_unique() == 1
    assert made["ssn_last4"].to_list() == ["9998"] * 3
    assert made["ssn_type"].to_list() == ["0"] * 3


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("ok", ["001-01-0001", "899999999"]),
        ("itin", ["900-50-1234", "999-65-1234", "912-70-1234", "912-88-1234", "912-90-1234", "912-94-1234"]),
        ("never_issued", ["000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000", "912-93-1234"]),
        ("dummy", ["111111111", "999-99-9999", "000000000", "123456789", "078-05-1120", "219-09-9999"]),
        ("malformed", ["12345678", "1234567890", "XXX-XX-1234", "123-456-789", "١٢٣٤٥٦٧٨٩", "n/a"]),
    ],
)  # fmt: skip
def test_class_of_a_number(kind: str, values: list[str]):
    assert classes(*values) == [kind] * len(values)


def test_nothing_is_no_class():
    assert classes(None, "", "  ") == [None] * 3


def test_only_a_number_that_can_be_a_persons_is_kept():
    made = derive_ssn(pl.Series(["123456789", "12345678", "123-00-4567", "900-50-1234"]), KEY)
    assert made["ssn_hmac"].is_null().to_list() == [True, True, True, False]
    assert made["ssn_last4"].to_list() == [None, None, None, "1234"]
    assert made["ssn_type"].to_list() == ["0", None, "0", "1"]


def test_the_hash_names_its_key():
    made = derive_ssn(pl.Series(["212-09-9998"]), KEY)["ssn_hmac"][0]
    fingerprint, _, digest = made.partition(":")
    assert fingerprint == KEY.fingerprint
    assert len(digest) == 32


def test_hashed_ids_stay_apart_and_never_meet_an_ssn():
    ids = hash_ids(pl.Series("id", ["123-45-6789", "123456789", "111111111", None]), KEY)
    assert ids[0] == ids[1] != ids[2]
    assert ids[3] is None
    assert ids[0].startswith(f"ssn:{KEY.fingerprint}:")
    assert ids[0].removeprefix("ssn:") != KEY.hash("123456789")


def test_hashes_of_two_keys_do_not_meet():
    mine = derive_ssn(pl.Series(["212-09-9998"]), KEY)["ssn_hmac"]
    other = derive_ssn(pl.Series(["212-09-9998", None]), SsnKey(bytes(32)))["ssn_hmac"]
    require_same_key(mine, mine)
    with pytest.raises(KeyMismatch, match=KEY.fingerprint):
        require_same_key(mine, other)


def test_a_key_does_not_show_itself():
    assert KEY.secret.hex() not in f"{KEY!r} {KEY}"
    assert session_key() is session_key()


def test_the_key_is_made_once_and_private(tmp_path: Path):
    path = tmp_path / "new" / "ssn.key"
    assert ssn_key(path) == ssn_key(path)
    if permissions_are_enforced():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["ssn.key"]


def test_processes_that_start_together_share_one_key(tmp_path: Path):
    path = tmp_path / "ssn.key"
    script = "import sys, pathlib; from reconcile.privacy import *; print(ssn_key(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", script, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({process.communicate()[0] for process in running}) == 1


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("RECONCILE_KEY_FILE", str(tmp_path / "elsewhere"))
    assert key_file() == tmp_path / "elsewhere"
    monkeypatch.setenv("RECONCILE_SSN_KEY", KEY.secret.hex())
    assert ssn_key() == KEY
    assert not key_file().exists()


def test_a_bad_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RECONCILE_SSN_KEY", "c0ffee")
    with pytest.raises(InputError, match="RECONCILE_SSN_KEY") as caught:
        ssn_key()
    assert "c0ffee" not in str(caught.value)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path):
    path = tmp_path / "ssn.key"
    ssn_key(path)
    path.chmod(0o644)
    if permissions_are_enforced():
        with pytest.raises(InputError, match="chmod 600"):
            ssn_key(path)


def test_masks_of_nothing():
    assert [mask(None) for mask in (mask_name, mask_date, mask_email, mask_id)] == [""] * 4
    assert mask_id("1234") == "•••"
    assert mask_date("04-JUL-03") == "•••"


@pytest.mark.parametrize(
    "secret",
    ["212-09-9998", "212 09 9998", "212099998", "2004-05-17", "5/17/04", "17-MAY-2004", "20040517", "a@b.co"],
)  # fmt: skip
def test_redact(secret: str):
    assert secret not in redact(f"cannot convert '{secret}' in line 12")
    assert "in line 12" in redact(f"cannot convert '{secret}' in line 12")
