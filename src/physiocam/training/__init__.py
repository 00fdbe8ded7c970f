"""Training (extra `train`)."""
