"""Measures a command with all its descendants, even those that no process waits for.

The system adds a process's times to its parent's only if the parent waits for it, and the fork server
does not wait for its kernels. So the meter looks at every descendant again and again, and the times it
saw last count. It misses only what a process takes after the last look.
"""

import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

INTERVAL = 0.05
"""Seconds between two looks."""
MEMORY_INTERVAL = 0.5
"""Seconds between two looks at memory, which take longer than looks at times."""

KERNELS, FORK_SERVER, JUDGE, DRIVER = "kernels", "fork server", "judge", "driver and workers"


class CommandError(Exception):
    """The measured command failed; the text ends with what it wrote last."""


@dataclass(frozen=True)
class Usage:
    """What a command and all its descendants took."""

    wall: float
    """Seconds."""
    roles: Mapping[str, float]
    """CPU seconds, user and system, by the role of the processes."""
    memory: tuple[tuple[int, int], ...] = ()
    """At each look: how much was done, and the bytes of all processes but kernels (their shares)."""

    @property
    def cpu(self) -> float:
        """CPU seconds in all."""
        return sum(self.roles.values())

    def memory_until(self, done: int) -> int:
        """Returns the peak bytes until `done` was done."""
        return max(size for count, size in self.memory if count < done)


class Meter:
    """Runs one command and watches all its processes."""

    def __init__(self) -> None:
        self._cpu: dict[psutil.Process, float] = {}
        self._roles: dict[psutil.Process, str] = {}

    def run(
        self, command: list[str], cwd: Path, log: Path, done: Callable[[], int] | None = None
    ) -> Usage:
        """Runs a command in a folder to its end. Raises CommandError if it fails.

        log: a file for what the command writes. done: returns how much of its work the command has
        done; if it is given, memory is measured too.
        """
        memory: list[tuple[int, int]] = []
        started = time.monotonic()
        with (
            log.open("w") as file,
            subprocess.Popen(command, cwd=cwd, stdout=file, stderr=file) as process,
        ):
            # WNOWAIT: the ended process stays in the process table until its last times are read.
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
        roles: dict[str, float] = defaultdict(float)
        for known, seconds in self._cpu.items():
            roles[self._roles[known]] += seconds
        return Usage(wall, dict(roles), tuple(memory))

    def _look(self, root: int) -> list[psutil.Process]:
        """Notes the times of all living descendants, and returns them."""
        running = {process.pid: process for process in psutil.process_iter(["ppid"])}
        # Processes that were seen before belong to the tree even if their parent has ended.
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
            # A process that has ended and is not waited for yet has lost its command line.
            self._roles[process] = role if line else self._roles.get(process, DRIVER)
            found.append(process)
        return found


def _role(line: list[str], parent_line: list[str], parent_role: str) -> str:
    """Returns what a process is for, judging by its own and its parent's command line."""
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
    """Returns whether it is the fork server or a kernel forked from it, not the sandbox around them."""
    return "autograder.sandbox.fork_server" in line and Path(line[0]).name != "bwrap"


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _share(process: psutil.Process) -> int:
    """Returns the bytes of a process: of a page that processes share, its part."""
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0
