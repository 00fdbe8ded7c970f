"""From a video or a stream to a measurement."""
