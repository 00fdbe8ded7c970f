"""Drawn people: faces that are invented, moved by action units, and filmed."""
