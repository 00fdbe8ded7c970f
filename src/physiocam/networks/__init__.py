"""The networks, in PyTorch (extra `train`)."""
