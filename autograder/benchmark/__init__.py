"""Measurements that the grading's numbers rest on."""
