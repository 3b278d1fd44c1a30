"""Measures a command with all its descendants, also those that nobody waits for.

The system adds a process's times to its parent's only where the parent waits for it, and the fork server
does not wait for its kernels. So every descendant is looked at until it ends, and its last times count:
of a process, at most what it took after the last look is missed.
"""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

INTERVAL = 0.05
"""Seconds between two looks."""
MEMORY_INTERVAL = 0.5
"""Seconds between two looks at memory, which take longer."""

KERNELS, FORK_SERVER, JUDGE, DRIVER = "kernels", "fork server", "judge", "driver and workers"


class CommandError(Exception):
    """The measured command failed; the text holds the end of what it wrote."""


@dataclass(frozen=True)
class Usage:
    """What a command and all its descendants took."""

    wall: float
    """Seconds."""
    roles: Mapping[str, float]
    """CPU seconds, user and system, by what the processes are there for."""
    memory: tuple[tuple[int, int], ...] = ()
    """What was done at each look, and bytes of all processes but the kernels; shared ones in parts."""

    @property
    def cpu(self) -> float:
        """CPU seconds in all."""
        return sum(self.roles.values())

    def memory_until(self, done: int) -> int:
        """The most bytes at any look before more than `done` was done."""
        return max(size for count, size in self.memory if count < done)


class Meter:
    """Runs one command and looks at all its processes."""

    def __init__(self) -> None:
        self._cpu: dict[psutil.Process, float] = {}
        self._roles: dict[psutil.Process, str] = {}

    def run(
        self, command: list[str], cwd: Path, log: Path, done: Callable[[], int] | None = None
    ) -> Usage:
        """Runs a command in a folder to its end. Raises CommandError if it fails.

        log: a file for what the command writes. done: how much of its work the command has done; if it
        is given, memory is looked at too.
        """
        memory: list[tuple[int, int]] = []
        started = time.monotonic()
        with (
            log.open("w") as file,
            subprocess.Popen(command, cwd=cwd, stdout=file, stderr=file) as process,
        ):
            # It is left unwaited for until its last times were looked at.
            while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                tree = self._look(process.pid)
                if done and time.monotonic() - started > MEMORY_INTERVAL * len(memory):
                    memory.append((done(), sum(_share(p) for p in tree if self._roles[p] != KERNELS)))
                time.sleep(INTERVAL)
            wall = time.monotonic() - started
            self._look(process.pid)
        if process.returncode:
            wrote = log.read_text(errors="replace")[-4000:]
            raise CommandError(f"{' '.join(command)} failed:\n{wrote}")
        roles: Counter = Counter()
        for known, seconds in self._cpu.items():
            roles[self._roles[known]] += seconds
        return Usage(wall, dict(roles), tuple(memory))

    def _look(self, root: int) -> list[psutil.Process]:
        """Notes the times of all living descendants, which it returns."""
        running = {process.pid: process for process in psutil.process_iter(["ppid"])}
        # Those that were seen before belong to it even if their parent has ended.
        tree = {root} | {pid for pid, process in running.items() if process in self._cpu}
        while young := {
            pid for pid, process in running.items() if pid not in tree and process.info["ppid"] in tree
        }:
            tree |= young
        lines = {pid: _command_line(running[pid]) for pid in sorted(tree & running.keys())}
        found = []
        for pid, line in lines.items():
            process = running[pid]
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            self._cpu[process] = times.user + times.system
            parent = running.get(process.info["ppid"])
            role = _role(line, lines.get(process.info["ppid"], []), self._roles.get(parent, ""))
            # One that has ended and is not waited for yet has no command line any more.
            self._roles[process] = role if line else self._roles.get(process, DRIVER)
            found.append(process)
        return found


def _role(line: list[str], parent_line: list[str], parent_role: str) -> str:
    """What a process is there for, by its own and its parent's command line."""
    if parent_role in (KERNELS, JUDGE):
        return parent_role
    if _is_fork_server(line):
        return KERNELS if _is_fork_server(parent_line) else FORK_SERVER
    if "autograder.sandbox.fork_server" in line:
        return FORK_SERVER
    if "autograder.kernel" in line or "ipykernel_launcher" in line:
        return KERNELS
    # Workers are processes of the same kind as their judges.
    return JUDGE if _SPAWNED in line and _SPAWNED in parent_line else DRIVER


_SPAWNED = "--multiprocessing-fork"


def _is_fork_server(line: list[str]) -> bool:
    """Whether it is the process that kernels are forked from, or one of them; not the sandbox around."""
    return "autograder.sandbox.fork_server" in line and Path(line[0]).name != "bwrap"


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _share(process: psutil.Process) -> int:
    """Bytes of a process, pages that it shares counted in parts."""
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0
