"""A measurement: what it holds, and how it is printed, written and read."""
