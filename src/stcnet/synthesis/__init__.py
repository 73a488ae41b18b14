"""Clips with known smoke: a physically based plume renderer in torch."""
