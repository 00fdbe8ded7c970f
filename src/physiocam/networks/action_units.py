"""Action units: the paper's twelve and three more, their names, and from when on one counts as active."""

# Names of the Facial Action Coding System, in the order used everywhere; the paper's twelve come first.
ACTION_UNIT_NAMES = {
    "AU01": "inner brow raiser",
    "AU02": "outer brow raiser",
    "AU04": "brow lowerer",
    "AU06": "cheek raiser",
    "AU07": "lid tightener",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU17": "chin raiser",
    "AU23": "lip tightener",
    "AU24": "lip pressor",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU45": "blink",
}
EXPRESSION_UNITS = tuple(ACTION_UNIT_NAMES)
AU_LABELS = EXPRESSION_UNITS[:12]
BLINK = "AU45"

# Units of which left and right are told apart. The side is the person's own.
SIDED_UNITS = ("AU01", "AU02", "AU04", "AU10", "AU12", "AU14", "AU15")
SIDES = ("L", "R")

# A unit is active where its probability is at least this.
ACTIVE_THRESHOLD = 0.5

# Intensities of the Facial Action Coding System: 0 is absent, 1 to 5 are its letters A to E.
MOST_INTENSE = 5.0


def unit_and_side(label: str) -> tuple[str, str | None]:
    """Return a label without its side, and the side, if it names one.

    Examples
    --------
    >>> unit_and_side("AU12_L"), unit_and_side("AU12")
    (('AU12', 'L'), ('AU12', None))
    """
    name, _, side = label.rpartition("_")
    return (name, side) if name and side in SIDES else (label, None)
