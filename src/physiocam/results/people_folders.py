"""Folders of several people's results in the folder of their recording."""

from pathlib import Path

from physiocam.results.measurement_files import MEASUREMENT

_PERSON = "person-"


def person_folder(number: int) -> str:
    """Return the name of the folder of one of several people, in the recording's."""
    return f"{_PERSON}{number}"


def people_folders(folder: Path) -> list[Path]:
    """The folders of several people's results in a recording's folder, in the order of their numbers."""
    found = [place for place in folder.glob(f"{_PERSON}*") if (place / MEASUREMENT).is_file()]
    numbers = {place: place.name.removeprefix(_PERSON) for place in found}
    return sorted((place for place in found if numbers[place].isdecimal()), key=lambda place: int(numbers[place]))
