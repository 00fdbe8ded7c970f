"""Bundles: networks with their weights that together answer the tasks."""
