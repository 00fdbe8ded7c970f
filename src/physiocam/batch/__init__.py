"""Many videos, measured and put into one table."""
