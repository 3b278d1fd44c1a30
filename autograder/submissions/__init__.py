"""Reads what students hand in, which may hold anything, and makes it safe to run and to show.

In: a folder and its files (`sort_out`, `read_submission`). Out: notebooks with the given cells as they
were released (`restored`), in which nothing harms or deceives whoever opens them (`harmless_cell`).
"""
