"""From the text of sensor and code files to signals."""
