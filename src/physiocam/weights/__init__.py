"""Bundles: networks and their weights for one or more tasks."""
