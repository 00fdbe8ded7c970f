"""What a study consists of: its table or folder, and the event files of other programs."""

from pathlib import Path

import pytest

from physiocam.errors import PhysiocamError
from physiocam.study.design import StudyRecording, around_markers, read_design
from physiocam.study.events import read_events
from physiocam.study.segment import Segment


def spans(one: StudyRecording) -> list[tuple[str, float, float | None]]:
    return [(segment.label, segment.start_s, segment.end_s) for segment in one.segments]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_a_video_are_its_segments(tmp_path: Path) -> None:
    table = written(
        tmp_path,
        "study.csv",
        "\ufeffVideo;Participant;Condition;Age;Segment;Start;End\n"
        "a/x.mp4;01;calm;23;rest;0;1:05,5\n"
        "a/x.mp4;01;loud;23;talk;65.5;0:02:10\n"
        "b/x.mp4;02;calm;31;;;\n",
    )
    design = read_design(table)
    assert design.name == "study"
    assert design.columns == ("participant", "age")
    assert design.segment_columns == ("condition",)
    first, second = design.recordings
    assert (first.name, second.name) == ("a/x", "b/x")
    assert first.columns == {"participant": "01", "age": "23"}
    assert spans(first) == [("rest", 0.0, 65.5), ("talk", 65.5, 130.0)]
    assert [segment.columns["condition"] for segment in first.segments] == ["calm", "loud"]
    assert second.segments == ()
    assert first.video == str(tmp_path / "a" / "x.mp4")


def test_what_cannot_be_read_is_a_problem_of_its_recording(tmp_path: Path) -> None:
    table = written(
        tmp_path,
        "study.csv",
        "video,segment,start,end,events\na.mp4,one,0,soon,\na.mp4,two,9,3,\nb.mp4,,,,gone.tsv\nc.mp4,ok,1,2,\n",
    )
    first, second, third = read_design(table).recordings
    assert "line 2: end is 'soon'; expected seconds" in first.problems[0]
    assert "line 3: the end, 3 s, is before the start, 9 s" in first.problems[1]
    assert "events are left out: no 'gone.tsv'" in second.problems[0]
    assert third.problems == ()
    assert spans(third) == [("ok", 1.0, 2.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file2,participant\na.mp4,1\n", "has no column 'video'"),
        ("video,participant\n,1\n", "names no video"),
        ("video,subject,participant\na.mp4,1,1\n", "two columns for 'participant'"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PhysiocamError, match=words):
        read_design(written(tmp_path, "study.csv", text))


def test_a_folder_is_a_study_with_the_event_files_beside_the_videos(tmp_path: Path) -> None:
    written(tmp_path, "sub-01/beh/sub-01_ses-2_task-rest_video.mp4", "")
    written(
        tmp_path,
        "sub-01/beh/sub-01_ses-2_task-rest_events.tsv",
        "onset\tduration\ttrial_type\tresponse\n2.5\t4\tsmile\tyes\n1\tn/a\tclick\tn/a\n",
    )
    written(tmp_path, "plain.mp4", "")
    with pytest.raises(PhysiocamError, match="holds no video"):
        read_design(written(tmp_path, "empty/x.txt", "").parent)
    plain, named = read_design(tmp_path).recordings
    assert plain.columns == {}
    assert dict(named.columns) == {"participant": "01", "session": "2", "task": "rest"}
    assert spans(named) == [("click", 1.0, 1.0), ("smile", 2.5, 6.5)]
    assert named.segments[1].columns == {"response": "yes"}


def test_elan(tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi")
    eaf = pympi.Eaf()
    eaf.add_tier("mood")
    eaf.add_annotation("mood", 1500, 2250, "glad")
    eaf.to_file(str(tmp_path / "a.eaf"))
    assert read_events(tmp_path / "a.eaf", "a.mp4") == [Segment("glad", 1.5, 2.25, "mood")]
    with pytest.raises(PhysiocamError, match="is not a file of ELAN"):
        read_events(written(tmp_path, "b.eaf", "<ANNOTATION"), "a.mp4")


def test_boris_tabular_events_of_this_video(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "boris.csv",
        "Observation id,Media file name,Subject,Behavior,Behavior type,Time\n"
        "o,C:\\films\\a.mp4,child,cry,START,1.5\no,C:\\films\\a.mp4,child,cry,STOP,4\n"
        "o,C:\\films\\a.mp4,mother,look,POINT,2\no,b.mp4,child,cry,START,7\no,b.mp4,child,cry,STOP,8\n"
        "o,C:\\films\\a.mp4,child,sit,START,9\n",
    )
    found = read_events(path, "/x/a.mp4")
    assert [(one.label, one.tier, one.start_s, one.end_s) for one in found if one.problem is None] == [
        ("cry", "child", 1.5, 4.0),
        ("look", "mother", 2.0, 2.0),
    ]
    assert "'sit' has no end" in str(found[0].problem)


def test_boris_aggregated_events(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "boris.tsv",
        "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\tDuration (s)\n"
        "o\tchild\tcry\tSTATE\t1.5\t4\t2.5\n",
    )
    (one,) = read_events(path, "a.mp4")
    assert (one.label, one.tier, one.start_s, one.end_s) == ("cry", "child", 1.5, 4.0)


def test_a_table_without_times_is_no_event_file(tmp_path: Path) -> None:
    with pytest.raises(PhysiocamError, match="has no column of times"):
        read_events(written(tmp_path, "x.csv", "a,b\n1,2\n"), "a.mp4")


def test_markers_get_the_time_around_them(tmp_path: Path) -> None:
    written(tmp_path, "a.mp4", "")
    written(tmp_path, "a_events.csv", "onset,duration,trial_type\n1,0,click\n5,2,talk\n")
    (one,) = around_markers(read_design(tmp_path), 2.0, 3.0).recordings
    assert spans(one) == [("click", 0.0, 4.0), ("talk", 5.0, 7.0)]
