"""Clips that would be trained on and tested on at once: found, refused, explained."""
