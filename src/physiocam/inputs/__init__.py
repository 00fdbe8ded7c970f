"""From frames and face squares to what networks take in."""
