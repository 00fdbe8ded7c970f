"""From a camera to somebody who looks on."""
