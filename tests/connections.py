"""Judges from outside whether a process and its children connect to anything but this machine.

Where strace works it sees every system call; elsewhere psutil looks at the open sockets every few
milliseconds, which misses what is shorter.
"""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_CALLS = "connect,sendto,sendmsg,sendmmsg"
_CALL = re.compile(r"^\d+\s+(?:\[[^\]]*\]\s*)?(connect|sendto|sendmsg|sendmmsg)\((.*)$")
_FAMILY = re.compile(r"sa_family=(AF_\w+)")
_ADDRESS = re.compile(
    r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"|sin6_addr=inet_pton\(AF_INET6, "([^"]+)"'
)
_WITHIN = {"AF_UNIX", "AF_NETLINK", "AF_UNSPEC"}  # sockets of this machine, by their kind
_POLL_SECONDS = 0.005


@dataclass
class Watched:
    """What a process did: its exit code, its output, and the addresses that it turned to."""

    code: int
    output: str
    outside: list[str] = field(default_factory=list)
    loopback: list[str] = field(default_factory=list)

    def turn_to(self, address: str) -> None:
        """Note one address."""
        (self.loopback if is_here(address) else self.outside).append(address)


def is_here(address: str) -> bool:
    """Say whether an address is of this machine; what is no IP address at all is not."""
    try:
        parsed = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def addresses(trace: str) -> list[str]:
    """Read the addresses out of strace's lines; of an internet family without an address, the family."""
    found = []
    for line in trace.splitlines():
        call = _CALL.match(line)
        if call is None:
            continue
        for family in _FAMILY.finditer(call[2]):
            if family[1] in _WITHIN:
                continue
            rest = call[2][family.end() :].split("sa_family=")[0]
            address = _ADDRESS.search(rest)
            found.append(next(filter(None, address.groups())) if address else family[1])
    return found


@cache
def can_trace() -> bool:
    """Say whether strace is there and allowed to look at a child."""
    program = shutil.which("strace")
    if program is None or not sys.platform.startswith("linux"):
        return False
    tried = subprocess.run([program, "-f", "-e", "trace=connect", "true"], check=False, capture_output=True)
    return tried.returncode == 0


def run_traced(
    command: Sequence[str], /, *, folder: Path, environment: Mapping[str, str], seconds: float = 300
) -> Watched:
    """Run a command under strace."""
    trace = folder / "strace.txt"
    wrapped = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "0", "-e", f"trace={_CALLS}", "-o", str(trace)]
    done = subprocess.run(
        [*wrapped, *command], check=False, capture_output=True, cwd=folder, env=environment, timeout=seconds
    )
    watched = Watched(done.returncode, (done.stdout + done.stderr).decode("utf-8", errors="replace"))
    for address in addresses(trace.read_text(encoding="utf-8", errors="replace")):
        watched.turn_to(address)
    return watched


def run_polled(
    command: Sequence[str], /, *, folder: Path, environment: Mapping[str, str], seconds: float = 300
) -> Watched:
    """Run a command and look at its sockets, and those of its children, again and again."""
    output = folder / "output.txt"
    seen: set[str] = set()
    with output.open("wb") as file:
        started = psutil.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder, env=environment)
        deadline = time.monotonic() + seconds
        while started.poll() is None:
            if time.monotonic() > deadline:
                started.kill()
            seen |= _open_now(started)
            time.sleep(_POLL_SECONDS)
    watched = Watched(started.returncode, output.read_text(encoding="utf-8", errors="replace"))
    for address in sorted(seen):
        watched.turn_to(address)
    return watched


def run_watched(command: Sequence[str], /, *, folder: Path, environment: Mapping[str, str]) -> Watched:
    """Run a command under the sharpest eye that this system has."""
    watch = run_traced if can_trace() else run_polled
    return watch(command, folder=folder, environment=environment)


def _open_now(process: psutil.Process) -> set[str]:
    found: set[str] = set()
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return found
    for one in family:
        try:
            found |= {socket.raddr.ip for socket in one.net_connections(kind="inet") if socket.raddr}
        except (psutil.Error, OSError):
            continue
    return found
