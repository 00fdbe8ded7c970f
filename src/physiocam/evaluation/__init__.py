"""How well predictions agree with sensors and coders."""
