"""Predictions, metrics with intervals, and tables."""
