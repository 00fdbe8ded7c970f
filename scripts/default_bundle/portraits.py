"""Real faces for generated clips: crops of the stills, and who is held out."""

import csv
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from expression_stills import cut_face
from physiocam.foundation.provenance import digest_of, keep_file, source_digest
from physiocam.video.face import FaceDetector

# Of the stills: enough people for the clips there are.
_MOST = 2400


@dataclass(frozen=True)
class Portraits:
    """Face crops.

    Attributes
    ----------
    crops : uint8 array (n, CROP_SIZE, CROP_SIZE, 3)
        As in `expression_stills.Stills`.
    held_out : bool array (n,)
        One image in ten, by the hash of its name, as there.
    """

    crops: NDArray[np.uint8]
    held_out: NDArray[np.bool_]


def load_portraits(folder: Path, cache: Path) -> Portraits:
    """Read crops of the stills with a face that the project's detector finds; cached as one .npz."""
    made_with = {
        "images": source_digest(folder / "images.tar"),
        "code": digest_of(Path(__file__)),
        "cut": digest_of(Path(__file__).with_name("expression_stills.py")),
        "most": _MOST,
    }
    keep_file(cache, made_with, lambda path: _read(folder, path))
    with np.load(cache) as stored:
        return Portraits(stored["crops"], stored["held_out"])


def _read(folder: Path, path: Path) -> None:
    rows = csv.DictReader((folder / "labels.csv").read_text().splitlines())
    names = sorted((row["image"] for row in rows), key=_hash)[:_MOST]
    detector = FaceDetector()
    crops, held_out = [], []
    with tarfile.open(folder / "images.tar") as archive:
        members = {Path(member.name).name: member for member in archive.getmembers() if member.isfile()}
        for name in names:
            file = archive.extractfile(members[name])
            assert file is not None
            image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR_RGB)
            found = detector.detect(np.asarray(image, dtype=np.uint8))
            if found:
                crops.append(cut_face(np.asarray(image, dtype=np.uint8), found[0]))
                held_out.append(sha256(name.encode()).digest()[0] < 26)
    np.savez(path, crops=np.stack(crops), held_out=np.array(held_out))


def _hash(name: str) -> bytes:
    # Not the digest that decides who is held out: both kinds are wanted.
    return sha256(b"portrait " + name.encode()).digest()
