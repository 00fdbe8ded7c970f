"""Recordings with known truth."""
