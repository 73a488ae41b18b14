"""Recipes, the training loop, checkpoints and the export to a model package."""
