"""The twelve action units of the paper: labels, names, and from when on one counts as active."""

# Names of the Facial Action Coding System, in the order used everywhere.
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
}
AU_LABELS = tuple(ACTION_UNIT_NAMES)

# A unit is active where its probability is at least this.
ACTIVE_THRESHOLD = 0.5
