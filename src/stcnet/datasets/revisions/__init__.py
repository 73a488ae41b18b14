"""Revised labels: read, held against the data, and applied visibly."""
