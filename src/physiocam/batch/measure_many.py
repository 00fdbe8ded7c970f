"""Many videos measured: on one core, on several, or on a cluster."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from physiocam.batch.kept_results import MeasuredVideo, VideoWork
from physiocam.batch.outcome import VideoOutcome
from physiocam.batch.plan import Planned, plan_videos
from physiocam.batch.summary_table import SUMMARY, write_summary
from physiocam.foundation.arguments import folder_path
from physiocam.foundation.cores import usable_cores
from physiocam.foundation.locks import alone_in
from physiocam.foundation.parallel import Outcome, run_jobs
from physiocam.foundation.provenance import code_version
from physiocam.measuring.face_frames import Progress
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.measuring.people_choice import PeopleChoice, people_choice
from physiocam.signals.methods import NETWORK

VideoSource = str | os.PathLike[str]


def measure_many(
    sources: VideoSource | Sequence[VideoSource],
    output: VideoSource | None,
    options: MeasureOptions | None = None,
    *,
    people: PeopleChoice = "largest",
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[VideoOutcome], None] | None = None,
    frame_progress: Progress | None = None,
    **changes: Unpack[OptionChanges],
) -> list[VideoOutcome]:
    """Measure videos, each into a folder of its own, and write one row each into a table.

    It may be stopped at any moment: what was measured in the same way is not measured again. Results of a video that
    has changed, or is to be measured in another way, are removed before it is measured. A video that cannot be measured
    never stops the others.

    Parameters
    ----------
    sources : path, or sequence of paths
        Videos, folders of videos (with all folders below), and folders of images.
    output : path or None
        Folder for the results. One video's files lie in it, those of several in folders named after the videos. The
        table is summary.csv, with summary.parquet beside it where pyarrow is installed. None writes nothing.
    options : MeasureOptions, optional
        How to measure.
    people : "largest", "all" or int
        Whom to measure in each video, as in `physiocam.measure`. The files of several people lie in folders of their
        own in the video's: person-1, person-2, ...
    jobs : int
        Videos measured at a time, each by a process of its own; they share the cores out (extra `cluster`).
    scheduler : str, optional
        Address of a dask scheduler whose workers measure instead; they must see all files under the same paths.
    progress : callable, optional
        Called with each outcome as it becomes known.
    frame_progress : callable, optional
        Called as `physiocam.measure` calls `progress`, while a video is measured in this process.
    **changes
        Fields of `MeasureOptions` that differ from `options`.

    Returns
    -------
    list of VideoOutcome
        In the order of the videos; of several people in one, each has an outcome.

    Raises
    ------
    PhysiocamError
        If an option makes no sense, the weights cannot be loaded, or the table cannot be written.

    Examples
    --------
    >>> outcomes = measure_many("no such video.mp4", None)
    >>> print(outcomes[0].error)
    'no such video.mp4' does not exist; expected a video file or a folder of images
    """
    named = [sources] if isinstance(sources, str | os.PathLike) else sources
    paths = [os.fspath(source) for source in named]
    place = None if output is None else folder_path(output, "output")
    planned = plan_videos(paths, place)
    work = Work(with_changes(options, changes), jobs, scheduler, progress, frame_progress, people_choice(people))
    return measure_planned(planned, place, work)


@dataclass(frozen=True)
class Work:
    """How many videos are measured; the attributes are arguments of `measure_many`."""

    options: MeasureOptions
    jobs: int = 1
    scheduler: str | None = None
    progress: Callable[[VideoOutcome], None] | None = None
    frame_progress: Progress | None = None
    people: PeopleChoice = "largest"


def measure_planned(planned: Sequence[Planned], place: Path | None, how: Work) -> list[VideoOutcome]:
    """Measure videos into the folders planned for them, and write their table; see `measure_many`.

    Parameters
    ----------
    planned : sequence of Planned
    place : Path or None
        Folder of the table.
    how : Work
    """
    options, jobs, scheduler = how.options, how.jobs, how.scheduler
    weights = options.bundle().sha256 if options.method == NETWORK else None
    elsewhere = jobs != 1 or scheduler is not None
    if jobs > 1 and options.threads is None:
        # Processes side by side share the cores out.
        options = options.replace(threads=max(usable_cores() // jobs, 1))
    code = None if place is None else code_version()
    work = VideoWork(options, weights, code, how.people, None if elsewhere else how.frame_progress)
    # Other processes and machines may stand in other folders.
    path_of = str if len(planned) == 1 and scheduler is None else os.path.abspath
    items = [(path_of(one.video), one.folder and one.folder.resolve()) for one in planned]
    outcomes: dict[int, list[VideoOutcome]] = {}
    with nullcontext() if place is None else alone_in(place, "measuring into"):
        for done in run_jobs(work, items, jobs, scheduler):
            outcomes[done.index] = _outcomes(planned[done.index], done)
            for outcome in outcomes[done.index]:
                if how.progress is not None:
                    how.progress(outcome)
        ordered = [outcome for index in range(len(planned)) for outcome in outcomes[index]]
        # A folder that was only mistyped for a video that is not there stays away.
        if place is not None and (len(ordered) > 1 or ordered[0].error is None or (place / SUMMARY).exists()):
            write_summary(ordered, place)
    return ordered


def _outcomes(planned: Planned, done: Outcome[tuple[MeasuredVideo, ...]]) -> list[VideoOutcome]:
    """One for each person, or one that says why there is none."""
    if done.result is None:
        return [VideoOutcome(planned.video, planned.folder, None, done.error, planned.note)]
    return [
        VideoOutcome(
            planned.video,
            planned.folder and planned.folder / one.folder,
            one.summary,
            None,
            planned.note,
            one.measurement,
        )
        for one in done.result
    ]
