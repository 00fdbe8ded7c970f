"""Films in which nobody lives: what a camera sees of photographs, prints, mannequins, cartoons, heads and rooms.

No rate is right for any of them. Hands, lamps and encoders give them rhythms that look like a pulse's or a breath's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from films import Encoding, film_code, h264, make_all, mjpeg, vp9, write_film
from lifeless_heads import TurningHead
from lifeless_pictures import SEED, Picture, faces_of, lifeless_person
from lifeless_scenes import FilmedPicture, HeldPrint, Lamp, LifelessScene, Mannequin, Motion
from physiocam.foundation.provenance import keep_file
from physiocam.synthetic.portrait import ClipSettings
from physiocam.synthetic.recordings import DIFFICULTIES

# Lengths in seconds and frames per second, in turn.
_SECONDS = (12.0, 14.0, 16.0, 18.0, 20.0)
_FS = (25.0, 30.0, 24.0)

_HEIGHT, _WIDTH = 240, 320

# Standard deviation of the sensor's noise in levels, and constant rate factor of H.264.
_WAYS = {"plain": (0.0, 20), "noisy": (2.0, 10), "compressed": (2.0, 32)}

_PANNED, _ZOOMED, _SWAYED, _LAMPS, _PRINTS, _MANNEQUINS, _CARTOONS, _HEADS, _ROOMS, _NOISE = (
    8, 6, 28, 32, 8, 12, 10, 8, 8, 4,
)  # fmt: skip

_SWAY_HZ = (0.7, 0.85, 1.0, 1.2, 1.5, 2.0)
_SWAY_PX = (0.7, 1.5, 3.0, 6.0)
_LAMP_HZ = (0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.7, 2.0, 2.5, 3.0)
_LAMP_STRENGTH = (0.005, 0.01, 0.02, 0.03)
_COLOURS = ((1.0, 1.0, 1.0), (1.0, 0.7, 0.4), (0.6, 0.9, 1.0))
_KEY_FRAMES = (12, 15, 20, 25, 30, 48)


@dataclass(frozen=True)
class Film:
    """One film: where it goes, what is filmed, and how it is stored."""

    video: Path
    scene: LifelessScene
    fs: float
    encoding: Encoding


def lifeless(folder: Path, stills: Sequence[Path], head: Path | None, jobs: int) -> dict[str, list[Path]]:
    """Write the films that are not there yet; the videos of each kind."""
    kinds = films(folder, stills, head)
    make_all(make, [film for of_kind in kinds.values() for film in of_kind], jobs)
    return {kind: [film.video for film in of_kind] for kind, of_kind in kinds.items()}


def make(film: Film) -> None:
    """Write one film, unless it is there."""
    code = film_code("lifeless_heads", "lifeless_pictures", "lifeless_scenes")
    made_with = {"scene": film.scene.facts(), "fs": film.fs, "encoding": asdict(film.encoding), "code": code}
    keep_file(film.video, made_with, lambda path: write_film(path, film.scene.frames(), film.fs, film.encoding))


def films(folder: Path, stills: Sequence[Path], head: Path | None) -> dict[str, list[Film]]:
    """Every film, by its kind; kinds without films are left out.

    Parameters
    ----------
    folder : Path
        Where they go.
    stills : sequence of Path
        Photographs.
    head : Path, optional
        Folder of the mesh of a head.
    """
    pictures = faces_of(stills)
    kinds = {
        "photographs": _photographs(stills),
        "panned": _moving("pan", pictures, _PANNED),
        "zoomed": _moving("zoom", pictures, _ZOOMED),
        "swayed": _swayed(pictures),
        "lamps": _lamps(pictures),
        "key frames": _key_frames(pictures),
        "prints": _prints(pictures),
        "mannequins": _mannequins(),
        "cartoons": _cartoons(),
        "heads": () if head is None else _heads(head),
        "rooms": _rooms(),
        "noise": _noise(),
    }
    named = {
        kind: [
            Film(folder / kind.replace(" ", "-") / f"{name}{encoding.suffix}", scene, fs, encoding)
            for name, scene, fs, encoding in of_kind
        ]
        for kind, of_kind in kinds.items()
    }
    return {kind: of_kind for kind, of_kind in named.items() if of_kind}


# Name, scene, frames per second and encoding.
_Films = Iterator[tuple[str, LifelessScene, float, Encoding]]


def _photographs(stills: Sequence[Path]) -> _Films:
    """Each photograph as it is, with noise, and strongly compressed too; nothing moves."""
    for source in stills:
        for way, (noise, crf) in _WAYS.items():
            yield (
                f"{source.stem}-{way}",
                FilmedPicture(Picture("photograph", source), 20.0, 25.0, noise=noise),
                25.0,
                h264(crf),
            )


def _filmed(index: int, picture: Picture, motion: Motion, lamp: Lamp, noise: float = 1.5) -> FilmedPicture:
    return FilmedPicture(picture, _SECONDS[index % 5], _FS[index % 3], motion, lamp, noise, SEED + index)


def _moving(what: str, pictures: Sequence[Picture], count: int) -> _Films:
    """Pictures over which a camera slides, or to which it comes closer."""
    for index in range(count):
        picture, amount = pictures[index % len(pictures)], (0.02, 0.05, 0.1)[index % 3]
        motion = Motion(pan=amount) if what == "pan" else Motion(zoom=amount)
        scene = _filmed(index, picture, motion, Lamp())
        yield f"{what}-{index:02d}-{picture.name}", scene, scene.fs, h264(20 + 4 * (index % 4))


def _swayed(pictures: Sequence[Picture]) -> _Films:
    """Pictures that a hand moves at a heart's rate; the light on them changes as they do."""
    for index in range(_SWAYED):
        picture, hz = pictures[index % len(pictures)], _SWAY_HZ[index % 6]
        size = _SWAY_PX[(index // 6 + index) % 4]
        sideways = (index + index // 6) % 2 == 0
        motion = Motion(hz, across=size if sideways else 0.2 * size, down=0.0 if sideways else size, unsteady=1.0)
        scene = _filmed(index, picture, motion, Lamp(hz, (0.0, 0.002, 0.005)[index % 3]))
        yield f"sway-{index:02d}-{hz:g}Hz-{size:g}px-{picture.name}", scene, scene.fs, h264(18 + 4 * (index % 4))


def _lamps(pictures: Sequence[Picture]) -> _Films:
    """Pictures under a lamp that flickers at a heart's rate; a fourth of the lamps are dimmed at the same time."""
    for index in range(_LAMPS):
        picture, hz = pictures[index % len(pictures)], _LAMP_HZ[index % 10]
        strength = _LAMP_STRENGTH[(index // 10 + index) % 4]
        motion = Motion(unsteady=0.5) if index % 2 else Motion()
        lamp = Lamp(hz, strength, _COLOURS[index % 3], 0.6 if index % 4 == 3 else 1.0)
        scene = _filmed(index, picture, motion, lamp)
        name = f"lamp-{index:02d}-{hz:g}Hz-{100 * strength:g}percent-{picture.name}"
        yield name, scene, scene.fs, mjpeg(5) if index % 8 == 7 else h264(18 + 4 * (index % 3))


def _key_frames(pictures: Sequence[Picture]) -> _Films:
    """Pictures that an encoder renews at a heart's rate, since it compresses so strongly."""
    for index in range(3 * len(_KEY_FRAMES)):
        every, turn = _KEY_FRAMES[index % 6], index // 6
        picture, fs = pictures[index % len(pictures)], (25.0, 30.0, 25.0)[turn]
        encoding = (h264(36, every), h264(32, every), vp9(80, every))[turn]
        motion = Motion(unsteady=1.0) if index % 2 else Motion()
        scene = FilmedPicture(picture, _SECONDS[index % 5], fs, motion, Lamp(), 2.5, SEED + index)
        yield f"key-{index:02d}-every-{every}-{picture.name}", scene, fs, encoding


def _prints(pictures: Sequence[Picture]) -> _Films:
    """Pictures that somebody holds before a camera."""
    seen = ((picture, picture.face()) for picture in pictures)
    with_face = [(picture, face) for picture, face in seen if face is not None]
    for index, (picture, face) in enumerate(islice(with_face, _PRINTS)):
        settings = ClipSettings(
            duration_s=20.0, fs=25.0, pulse_strength=0.0, breathing_motion=0.0, head_motion=0.015, light_change=0.02,
            noise=2.0, seed=SEED + index,
        )  # fmt: skip
        yield f"{picture.name}-print", HeldPrint(picture, face, settings), 25.0, h264(20)


def _mannequins() -> _Films:
    """Drawn people who move and make faces, of every difficulty."""
    for index in range(_MANNEQUINS):
        difficulty = list(DIFFICULTIES)[index % len(DIFFICULTIES)]
        entry = lifeless_person(SEED + index, difficulty, 20.0, (_HEIGHT, _WIDTH))
        yield f"mannequin-{index:02d}-{difficulty}", Mannequin(entry), 25.0, h264(20)


def _cartoons() -> _Films:
    """Cartoons that move and make faces, that a hand moves, and that a lamp shines on."""
    for index in range(_CARTOONS):
        fs = _FS[index % 3]
        if index % 2:
            hz = _LAMP_HZ[index]
            motion = Motion(hz, down=1.5, unsteady=1.0) if index % 4 == 1 else Motion()
            scene: LifelessScene = _filmed(index, Picture("cartoon", seed=index), motion, Lamp(hz, 0.01))
        else:
            entry = lifeless_person(SEED + 500 + index, "middle", _SECONDS[index % 5], (_HEIGHT, _WIDTH), fs)
            scene = Mannequin(entry, cartoon=True)
        yield f"cartoon-{index:02d}", scene, fs, h264(22)


def _heads(folder: Path) -> _Films:
    """Rendered heads that turn and nod; half of them nod at a heart's rate."""
    for index in range(_HEADS):
        fs, nod = _FS[index % 3], 0.4 if index % 2 else 0.0
        scene = TurningHead(folder, _SECONDS[index % 5], fs, 2.0 + index, _SWAY_HZ[index % 6], nod, 1.5, SEED + index)
        yield f"head-{index:02d}", scene, fs, h264(18 + 4 * (index % 3))


def _rooms() -> _Films:
    """Rooms without anybody, half of them under a flickering lamp."""
    for index in range(_ROOMS):
        lamp = Lamp(_LAMP_HZ[index], 0.02) if index % 2 else Lamp()
        scene = _filmed(index, Picture("room", seed=index), Motion(unsteady=1.0 if index % 4 > 1 else 0.0), lamp)
        yield f"room-{index:02d}", scene, scene.fs, h264(22)


def _noise() -> _Films:
    """Nothing but the noise of a sensor."""
    for index in range(_NOISE):
        scene = _filmed(index, Picture("grey", seed=index), Motion(), Lamp(), noise=3.0 * 2 ** (index % 3))
        yield f"noise-{index:02d}", scene, scene.fs, h264(18)
