"""Recordings with ground truth."""
