"""Agreement of predictions with sensors and coders."""
