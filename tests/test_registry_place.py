"""Places where SQLite would issue a number twice are refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconcile import files
from reconcile.errors import RegistryError
from reconcile.registry.place import require_local

posix = pytest.mark.skipif(sys.platform == "win32", reason="another operating system: other paths")
MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/srv/data /srv/data nfs4 rw 0 0
/dev/sda2 /srv/data/local ext4 rw 0 0
//server/share /mnt/with\\040blank cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/sdb1 /mnt/stick fuseblk rw 0 0
torn line
"""


@posix
@pytest.mark.parametrize(
    "path",
    [
        "/srv/data/me/r.sqlite",
        "/mnt/with blank/r.sqlite",
        "/mnt/ssh/deep/er/r.sqlite",
        "//server/share/r.sqlite",
    ],
)
def test_network_drives_are_refused(path):
    with pytest.raises(RegistryError, match="on a network"):
        require_local(Path(path), mounts=MOUNTS)


@posix
@pytest.mark.parametrize(
    "path", ["/srv/r.sqlite", "/srv/data/local/r.sqlite", "/mnt/stick/r.sqlite", "/srv/database/r.sqlite"]
)
def test_local_disks_are_taken(path):
    assert require_local(Path(path), mounts=MOUNTS) == Path(path)


@pytest.mark.parametrize(
    "folder",
    [
        "OneDrive - College",
        "Dropbox",
        "iCloudDrive",
        "Google Drive",
        "GoogleDrive-me@example.edu",
        "Mobile Documents",
        "OneDrive",
        "SharePoint",
        "My Drive",
        "Google Drive (me@example.edu)",
        "Google-Drive",
        "Shared drives",
        "Box",
        "Box Sync",
        "Box-Box",
        "CloudStorage",
    ],
)
def test_synchronised_folders_are_refused(tmp_path, folder):
    with pytest.raises(RegistryError, match="synchronised"):
        require_local(tmp_path / folder / "r.sqlite", mounts="")


@pytest.mark.parametrize("folder", ["boxes", "My Drives", "drive", "syncing"])
def test_names_that_only_resemble_them_are_taken(tmp_path, folder):
    assert require_local(tmp_path / folder / "r.sqlite", mounts="")


def test_mapped_drive_letters_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_drive_type", lambda _drive: 4)
    with pytest.raises(RegistryError, match="on a network drive"):
        require_local(tmp_path / "r.sqlite", mounts="")


def test_only_folders_count_not_the_file(tmp_path):
    assert require_local(tmp_path / "dropbox.sqlite")
