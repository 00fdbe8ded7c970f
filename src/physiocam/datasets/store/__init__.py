"""Data sets prepared for networks: written, read, and cut into clips."""
