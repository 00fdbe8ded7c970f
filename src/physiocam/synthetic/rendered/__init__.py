"""Rendered people: a 3-D face model whose shapes are action units, under lamps, seen by a camera."""
