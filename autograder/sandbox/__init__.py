"""Everything around a student's process: bubblewrap, namespaces, fork server, limits and their watches.

In goes the command of a kernel, with what it is confined to; out comes a process that can be ended.
"""
