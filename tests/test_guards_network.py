"""No connection leaves the process: a whole job in a child, watched from outside."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from connections import addresses, can_trace, is_here, run_polled, run_traced, run_watched

if TYPE_CHECKING:
    from pathlib import Path

    from connections import Watched

# Demo with approval and minting, then a run and the second person's commands on files of one's own.
JOB = """
import os, sys
os.umask(0)
from reconcile.cli import main
from reconcile.plan import Plan
home = sys.argv[1]
codes = [main(["sample", "--students", "120", "--accounts", "300", "--out", home + "/files"])]
codes.append(main(["demo", "--out", home + "/demo"]))
codes.append(main(["run", home + "/files/plan.toml"]))
codes.append(main(["plan", "check", home + "/files/plan.toml"]))
print("codes", codes)
"""

TRACE = """\
100 connect(3, {sa_family=AF_UNIX, sun_path="/run/nscd"}, 110) = -1 ENOENT (No such file or directory)
100 connect(4, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16 <unfinished ...>
101 sendto(5, ""..., 40, 0, {sa_family=AF_INET, sin_addr=inet_addr("198.51.100.7")}, 16)
101 connect(6, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::5", &sin6_addr)}, 28)
101 sendto(7, ""..., 20, 0, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20
101 sendto(8, ""..., 20, MSG_NOSIGNAL, NULL, 0) = 20
102 sendmsg(9, {msg_name={sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}}, 0)
102 sendmmsg(9, [{{sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &a)}}, {{sa_family=AF_INET, \
sin_addr=inet_addr("203.0.113.9")}}], 2, 0)
102 connect(3, {sa_family=AF_PACKET}, 16) = -1
102 write(1, "connect(3, {sa_family=AF_INET", 5) = 5
"""


@cache
def watched_job(folder: Path) -> Watched:
    """Do the whole job once for all tests, with no umask to help."""
    environment = dict(os.environ) | {"TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")}
    environment["RECONCILE_KEY_FILE"] = str(folder / "home" / "keys" / "ssn.key")
    for name in ("tmp", "home"):
        (folder / name).mkdir()
    return run_watched([sys.executable, "-c", JOB, str(folder)], folder=folder, environment=environment)


@pytest.fixture(scope="session")
def job_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


def test_a_whole_job_turns_to_nobody(job_folder: Path) -> None:
    done = watched_job(job_folder)
    assert done.code == 0, done.output
    assert "codes [0, 0, 0, 0]" in done.output, done.output
    assert done.outside == []


def test_recorded_calls_are_understood() -> None:
    found = addresses(TRACE)
    assert [one for one in found if not is_here(one)] == [
        "192.0.2.1",
        "198.51.100.7",
        "2001:db8::5",
        "203.0.113.9",
        "AF_PACKET",
    ]
    assert [one for one in found if is_here(one)] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("fe80::1%eth0", False),
        ("AF_VSOCK", False),
    ],
)
def test_only_loopback_is_here(address: str, here: bool) -> None:
    assert is_here(address) is here


@pytest.mark.parametrize("watch", [run_polled, *([run_traced] if can_trace() else [])])
def test_the_watch_sees_a_connection(watch, tmp_path: Path) -> None:
    """The counter-proof, on loopback and in a grandchild: nothing may leave this machine for a test."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"import socket, time; s = socket.create_connection(('127.0.0.1', {port})); time.sleep(0.5)"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {script!r}], check=True)"
        done = watch([sys.executable, "-c", parent], folder=tmp_path, environment=dict(os.environ))
    assert done.code == 0, done.output
    assert set(done.loopback) == {"127.0.0.1"}
    assert done.outside == []
