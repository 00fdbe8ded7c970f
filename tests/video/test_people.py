"""What is said of the people in a recording."""

from physiocam.video.people import FacesSeen, people_notes


def test_one_face_all_along_is_no_news() -> None:
    assert people_notes(0, []) == people_notes(1, []) == []


def test_others_and_changes_are_named_with_their_times() -> None:
    notes = people_notes(3, [(4.25, True), (9.0, False)])
    assert notes[0].startswith("3 faces were detected at once; the largest was followed")
    assert notes[1].startswith("from 4.2 s on another person was followed")
    assert notes[2].startswith("from 9.0 s on the face followed may be another person's")


def test_many_changes_are_counted() -> None:
    notes = people_notes(1, [(float(second), False) for second in range(12)])
    assert len(notes) == 4
    assert "changed 12 times in all" in notes[-1]


def test_a_face_counts_when_two_looks_saw_it() -> None:
    seen = FacesSeen()
    assert seen.at_once == 0
    for faces in (1, 2, 1, 5):
        seen.count(faces)
    assert seen.at_once == 2
