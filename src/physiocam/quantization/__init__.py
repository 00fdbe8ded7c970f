"""Networks with weights and feature maps of 8 bits."""
