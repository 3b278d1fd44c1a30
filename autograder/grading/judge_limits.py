"""Limits the judge's own process, for networks that take more than `judge.workload` estimates.

On systems without such limits the estimates are the only bound.
"""

import sys
from pathlib import Path

MEMORY_MIB = 1536
"""Memory that judging may take beyond what the process has after its imports.

Measured: the lab's networks take 65 MiB; of 20 networks built to take much, the largest 0.4 GiB.
"""
MIB = 2**20


def limit() -> None:
    """Limits this process for good. It must have imported all that it needs."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Elsewhere this limit does not hold what TensorFlow allocates.
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = allocated() + MEMORY_MIB * MIB
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def allocated() -> int:
    """Returns the bytes of data of this process, as RLIMIT_DATA counts them."""
    status = Path("/proc/self/status").read_text()
    (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmData:"))
    return int(kib) * 1024
