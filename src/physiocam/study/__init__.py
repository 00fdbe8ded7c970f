"""A whole study: many recordings with participants, conditions and segments, and tidy tables of them."""
