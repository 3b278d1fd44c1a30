"""The limits of the judge's own process: what an estimate missed ends there, not at the machine's.

On systems without them, the estimates of `cost` are all there is.
"""

import sys
from pathlib import Path

MEMORY_MIB = 1536
"""What judging may take beyond what the process has after its imports.

Measured: those of the lab take 65 MiB, and the largest of some 20 networks made to take much 0.4 GiB.
"""
MIB = 2**20


def limit() -> None:
    """Limits this process, which has imported all that it needs, for good."""
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
    """Bytes of data that this process has, as RLIMIT_DATA counts them."""
    status = Path("/proc/self/status").read_text()
    (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmData:"))
    return int(kib) * 1024
