"""Grades a whole assignment in parallel: the driver prepares and records, workers run and judge."""
