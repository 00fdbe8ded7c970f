"""Live measurement from a camera, with views in the terminal, in a window and over LSL."""
