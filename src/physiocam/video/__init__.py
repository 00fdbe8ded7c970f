"""Video in: decoding to an even time grid, resizing, and finding the face."""
