"""Generated faces, heartbeats and breathing with exactly known truth."""
