"""Face crops with weak action-unit labels, for the default bundle.

The folder holds images.tar (square face crops) and labels.csv (an emotion word and ARKit-style blendshape scores for
each); classifiers of emotion words give second opinions. None of these is FACS coding: the labels made of them are
weak, and say so wherever they are used.
"""

import csv
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotion_teacher import WORDS, EmotionTeacher, words_of
from physiocam.foundation.provenance import code_version, digest_of, keep_file, source_digest
from physiocam.networks.action_units import AU_LABELS
from physiocam.video.face import FaceBox, FaceDetector
from physiocam.video.resize import area_resize

# Crops are kept a little larger than the network's input, so that augmentation can move and turn them.
CROP_SIZE = 172
CROP_FACTOR = 172 / 144

# How much the emotion word counts against the scores, which hardly see brows.
_PRIOR_SHARE, _PRIOR_SHARE_OF_BROWS = 2 / 3, 0.95
_BROWS = ("AU01", "AU02", "AU04")

# Words that the classifiers tell well enough to soften them: how likely they find each counts this much.
_TOLD = ("neutral", "happiness", "surprise", "anger", "sadness")
_TEACHER_SHARE = 0.6

# What has a part in the stills.
_SCRIPTS = ("expression_stills", "emotion_teacher", "mini_xception", "face_api")

# Until the classifiers' words are as frequent as wanted.
_ROUNDS = 200

# Which blendshapes speak of which action unit. None speaks of AU06 here (cheekSquint is always zero).
_BLENDSHAPES = {
    "AU01": ("browInnerUp",),
    "AU02": ("browOuterUpLeft", "browOuterUpRight"),
    "AU04": ("browDownLeft", "browDownRight"),
    "AU07": ("eyeSquintLeft", "eyeSquintRight"),
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12": ("mouthSmileLeft", "mouthSmileRight"),
    "AU14": ("mouthDimpleLeft", "mouthDimpleRight"),
    "AU15": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17": ("mouthShrugLower",),
    "AU23": ("mouthRollLower", "mouthRollUpper"),
    "AU24": ("mouthPressLeft", "mouthPressRight"),
}

# What FACS literature (EMFACS) expects of an expression, as probabilities. Inner brows of sad faces here rise but a
# quarter as far above those of neutral ones, by the scores of training stills, as surprised faces' do: so AU01.
_PRIORS = {
    "neutral": {},
    "happiness": {"AU06": 0.9, "AU12": 1.0, "AU07": 0.4},
    "surprise": {"AU01": 0.9, "AU02": 0.9},
    "anger": {"AU04": 0.9, "AU07": 0.7, "AU23": 0.7, "AU24": 0.6},
    "sadness": {"AU01": 0.2, "AU04": 0.7, "AU15": 0.8, "AU17": 0.7},
    "disgust": {"AU10": 0.9, "AU04": 0.5, "AU07": 0.5, "AU15": 0.3, "AU17": 0.6},
    "contempt": {"AU14": 0.9},
    "fear": {"AU01": 0.9, "AU02": 0.7, "AU04": 0.7},
}


# Each epoch draws this many of each expression: rare ones often, common ones not all.
DRAWS = {
    "neutral": 2100, "happiness": 1500, "surprise": 900, "anger": 650, "sadness": 550, "disgust": 400, "fear": 60,
    "contempt": 20,
}  # fmt: skip


@dataclass(frozen=True)
class Stills:
    """Crops and weak labels.

    Attributes
    ----------
    crops : uint8 array (n, CROP_SIZE, CROP_SIZE, 3)
        The face square enlarged by CROP_FACTOR; its middle 144 pixels are what the network sees of a face.
    targets : float32 array (n, 12)
        Weak probabilities, from blendshapes and, to a larger part, the emotion word, softened by the classifiers' view.
    emotion : array of str (n,)
    words : float32 array (n, 7)
        How likely classifiers find each of `emotion_teacher.WORDS`.
    held_out : bool array (n,)
        One image in ten, by the hash of its name: never trained on.
    source_sha256 : str
        Of labels.csv.
    """

    crops: NDArray[np.uint8]
    targets: NDArray[np.float32]
    emotion: NDArray[np.str_]
    words: NDArray[np.float32]
    held_out: NDArray[np.bool_]
    source_sha256: str


def load_stills(folder: Path, teachers: Sequence[EmotionTeacher], cache: Path) -> Stills:
    """Read the stills, finding each face with the project's own detector; cached as one .npz.

    The cache is of the very images, table, classifiers and code.
    """
    made_with = {
        "images": source_digest(folder / "images.tar"),
        "labels": digest_of(folder / "labels.csv"),
        "teacher": {type(teacher).__name__: teacher.sha256 for teacher in teachers},
        "physiocam": code_version(*(Path(__file__).with_name(f"{name}.py") for name in _SCRIPTS)),
    }
    keep_file(cache, made_with, lambda path: np.savez(path, allow_pickle=False, **_read(folder, teachers)))
    with np.load(cache) as stored:
        return Stills(
            stored["crops"],
            stored["targets"],
            stored["emotion"],
            stored["words"],
            stored["held_out"],
            str(stored["source_sha256"]),
        )


def _read(folder: Path, teachers: Sequence[EmotionTeacher]) -> dict[str, NDArray[np.generic]]:
    table = (folder / "labels.csv").read_bytes()
    rows = {row["image"]: row for row in csv.DictReader(table.decode().splitlines())}
    detector = FaceDetector()
    crops, kept = [], []
    with tarfile.open(folder / "images.tar") as archive:
        members = {Path(member.name).name: member for member in archive.getmembers() if member.isfile()}
        for name in sorted(rows.keys() & members.keys()):
            file = archive.extractfile(members[name])
            assert file is not None
            decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
            assert decoded is not None
            image = np.ascontiguousarray(decoded[:, :, ::-1], dtype=np.uint8)
            found = detector.detect(image)
            if found:
                crops.append(cut_face(image, found[0]))
                kept.append(rows[name])
    faces = np.stack(crops)
    words = words_of(faces, teachers)
    emotion = np.array([row["emotion"] for row in kept])
    held_out = np.array([sha256(row["image"].encode()).digest()[0] < 26 for row in kept])
    return {
        "crops": faces,
        "targets": _targets(kept, _as_often_as_drawn(words, emotion, held_out)),
        "emotion": emotion,
        "words": words,
        "held_out": held_out,
        "source_sha256": np.array(sha256(table).hexdigest()),
    }


def draw(stills: Stills, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw the indices of one epoch, in random order."""
    parts = []
    for emotion, count in DRAWS.items():
        candidates = np.flatnonzero((stills.emotion == emotion) & ~stills.held_out)
        parts.append(random.choice(candidates, count, replace=count > len(candidates)))
    return random.permutation(np.concatenate(parts))


def cut_face(image: NDArray[np.uint8], face: FaceBox) -> NDArray[np.uint8]:
    """Cut the face's square enlarged by CROP_FACTOR, (CROP_SIZE, CROP_SIZE, 3); edges go on beyond the picture."""
    x, y, side = face.x + face.width / 2, face.y + face.height / 2, CROP_FACTOR * max(face.width, face.height)
    margin = int(side)
    padded = cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    left, top, size = round(x - side / 2) + margin, round(y - side / 2) + margin, round(side)
    resized = area_resize(padded[top : top + size, left : left + size], CROP_SIZE, CROP_SIZE)
    crop: NDArray[np.uint8] = np.clip(resized + 0.5, 0, 255).astype(np.uint8)
    return crop


def _as_often_as_drawn(
    words: NDArray[np.float32], emotion: NDArray[np.str_], held_out: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Scale the classifiers' probabilities (n, 7) so that each word's mean is its share of an epoch's draws.

    As they are they find anger, fear and sadness in many faces that have none, and hardly ever disgust.
    """
    told = np.isin(emotion, WORDS) & ~held_out
    wanted = np.array([DRAWS[word] for word in WORDS]) / sum(DRAWS[word] for word in WORDS)
    counts = {word: int((emotion[told] == word).sum()) for word in WORDS}
    weights = np.array([DRAWS[word] / counts[word] for word in emotion[told]])
    factors = np.ones(len(WORDS))
    for _ in range(_ROUNDS):
        scaled = words * factors
        scaled = scaled / scaled.sum(1, keepdims=True)
        factors = factors * np.sqrt(wanted / np.average(scaled[told], axis=0, weights=weights))
    return scaled.astype(np.float32)


def _targets(rows: list[dict[str, str]], words: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weak probabilities (n, 12) by rows of the table and what classifiers think of WORDS (n, 7)."""
    told = np.array([row["emotion"] in _TOLD for row in rows])
    targets = np.zeros((len(rows), len(AU_LABELS)), dtype=np.float32)
    for column, label in enumerate(AU_LABELS):
        prior = np.array([_PRIORS[row["emotion"]].get(label, 0.0) for row in rows])
        expected = words @ np.array([_PRIORS[word].get(label, 0.0) for word in WORDS])
        prior[told] = (1 - _TEACHER_SHARE) * prior[told] + _TEACHER_SHARE * expected[told]
        names = _BLENDSHAPES.get(label)
        if names is None:
            targets[:, column] = prior
            continue
        score = np.array([np.mean([float(row[name]) for name in names]) for row in rows])
        # Scores run on scales of their own: the strongest percent counts as surely active.
        shape = np.clip(score / np.quantile(score, 0.99), 0.0, 1.0)
        share = _PRIOR_SHARE_OF_BROWS if label in _BROWS else _PRIOR_SHARE
        targets[:, column] = share * prior + (1 - share) * shape
    return targets
