"""Reads the files that students hand in, which may hold anything; makes them safe to run and show.

In: a folder and its files (`sort_out`, `read_submission`). Out: a `Job`, whose notebook has its given
cells as released (`restored`); after it ran, a notebook safe for whoever opens it (`make_harmless`).
"""
