"""Generated faces, hearts and lungs, whose truth is exactly known."""
