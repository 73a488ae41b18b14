"""Whole scenes rendered to learn from: no real clip has a part in them."""
