"""Drawn people: generated faces, moved by action units, and filmed."""
