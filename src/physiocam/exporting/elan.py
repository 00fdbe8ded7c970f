"""ELAN: one tier per action unit, with an annotation for each event."""

from pathlib import Path

from physiocam.exporting.about import RecordingInfo, stem_of
from physiocam.exporting.events import BEAT, CUT, GAP, events_of
from physiocam.foundation.files import complete_file
from physiocam.results.measurement_data import MeasurementData

_MS = 1000


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write NAME.eaf, linked to the video; times are in whole milliseconds, as ELAN has them."""
    from pympi import Eaf

    eaf = Eaf(author=f"physiocam {measurement.version}")
    video = Path(measurement.source)
    if video.is_file():
        eaf.add_linked_file(str(video.resolve()), mimetype="video/mp4")
    names = {label: f"{label} {unit.name}" for label, unit in measurement.action_units.items()} | {GAP: "no face"}
    names |= {CUT: "cuts"} if measurement.cuts_s else {}
    for tier in names.values():
        eaf.add_tier(tier, part=about.participant, ann="physiocam")
    eaf.remove_tier("default")
    for event in events_of(measurement):
        # Beats are too many for annotations, which need a length; a cut has a millisecond.
        if event.label != BEAT:
            start, end = round(_MS * event.start_s), round(_MS * event.end_s)
            eaf.add_annotation(names[event.label], start, max(end, start + 1), event.label)
    path = folder / f"{stem_of(measurement)}.eaf"
    with complete_file(path) as beside:
        eaf.to_file(str(beside))
    return [path]
