"""The kernel side: it prepares the kernel, watches, and hands over evidence. It decides nothing.

Everything here runs in a process that belongs to the student, so nothing here is a secret.
"""
