"""Reading video: decoding to an even time grid, resizing, and finding the face."""
