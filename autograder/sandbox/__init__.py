"""Confines a student's process and watches it from outside; knows nothing of what the process computes.

In: a kernel's command and its limits (`Confinement`). Out: a process that can be stopped (`ForkServer`),
its memory watch (`memory_watched`), its clock (`clock_of`) and bounded messages from it (`Relay`).
"""
