"""Reports, overlay videos and attention pictures of a measurement."""
