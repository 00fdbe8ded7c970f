"""Sampling rates in a column's name or a comment: other numbers in Hz, such as a filter's, do not count."""

import re

_NUMBER = r"(?<![\d.+-])(?<!\d,)(?P<number>\d+\.\d*|\.\d+|\d+)(?![.,]?\d)"
_A_SECOND = r"(?:/|per|a|every|each) *s(?:ec(?:onds?)?)?\b"
_SAMPLES = rf"samples? *{_A_SECOND}|sps\b"
# Not a range, no other unit, and no word that may be a unit, unless it begins the next "name=number".
_END = r"(?! *(?:-|\u2013|\.\.|to\b|and\b) *\d)(?! *[/%])(?! *(?!to\b|and\b|with\b)[a-zµμ°]+\b(?! *[=:]))"

_KEY = (
    r"(?<![a-z])(?:fs|sfreq|srate|sampl[a-z]*[ _-]?(?:rate|freq[a-z]*)"
    r"|samples? *(?:/|per) *s(?:ec(?:onds?)?)?)(?![a-z])"
)
_BETWEEN = (
    r"(?:[ _=:~,]|[(\[] *(?:k?hz|1/s) *[)\]]"
    r"|(?<![a-z])(?:of|for|the|is|was|at|in|hz|khz|ppg|bvp|pulse|pleth|resp|respiration|sensor|signal|wave|data)(?![a-z]))*"
)
_KEYED = re.compile(
    rf"{_KEY}(?P<between>{_BETWEEN}){_NUMBER} *(?P<unit>k?hz\b|(?:samples? *)?{_A_SECOND}|sps\b)?{_END}",
    re.ASCII,
)
_SAMPLED = re.compile(
    rf"(?<![a-z])(?:sampl(?:ed|ing|es?)(?: (?:at|with))?|(?:re|up|down)-?sampl[a-z]*\b.*\bto) *"
    rf"{_NUMBER} *(?P<unit>k?hz\b){_END}",
    re.ASCII,
)
_PER_SECOND = re.compile(rf"{_NUMBER} *(?:{_SAMPLES})", re.ASCII)
_BEFORE = re.compile(rf"[^\d]*?{_NUMBER} *(?P<unit>k?hz) *sampl(?:ing|e)\b(?: *(?:rate|freq[a-z]*))?[^\d]*", re.ASCII)
_BARE = re.compile(rf"(?P<name>[^\d]*|[a-z][a-z0-9_]*[ _(\[@:=]+){_NUMBER} *(?P<unit>k?hz)\b[)\] .]*", re.ASCII)

# Words of rates that are not the sensor's.
_OTHERS = re.compile(
    r"video|camera|frame|screen|display|\bled\b|ecg|ekg|eeg|emg|eog|eda|gsr|gyr|accel|original|native|\braw\b"
)
# Words of other numbers in Hz.
_NO_SENSOR = re.compile(
    r"filt|notch|pass|cut|band|sampl|screen|display|monitor|refresh|led|light|flicker|mains|line|noise|video|camera|"
    r"frame|fps|rate|freq|heart|harmonic|butter|cheb|tone|remov|from|"
    r"(?<![a-z])(?:hr|pr|rr|lp|hp|bp|bw|max|min|below|above|under|over|until|up)(?![a-z])|[<>≤≥]"
)
_NAME = re.compile(
    r"signal|wave|waveform|sensor|data|.*(?:ppg|bvp|pleth|pulse|abp|resp|breath|rsp|thora|abdom|chest|belt).*|"
)
_LONGEST = 2000


def stated_rates(text: str, *, is_column: bool) -> set[float]:
    """Sampling rates in Hz that a text states.

    Parameters
    ----------
    text : str
        In lower case, such as "64", "pulse 64 hz", "notch 50 hz, fs 64".
    is_column : bool
        Whether it names a column; a comment with a number in Hz and any other word than a wave's states no rate.
    """
    plain = " ".join(text[:_LONGEST].split())
    if re.fullmatch(_NUMBER, plain, re.ASCII):
        return {float(plain)} if is_column else set()
    bare = _BARE.fullmatch(plain)
    if bare is not None and _is_name(bare["name"], is_column):
        return {_hz(bare)}
    found: set[float] = set()
    for clause in re.split(r"[,;|](?!\d)|\. ", plain):
        if _OTHERS.search(clause):
            continue
        found |= {_hz(match) for match in _KEYED.finditer(clause)}
        found |= {_hz(match) for match in _SAMPLED.finditer(clause)}
        found |= {float(match["number"]) for match in _PER_SECOND.finditer(clause)}
        if before := _BEFORE.fullmatch(clause):
            found.add(_hz(before))
    return found


def _is_name(text: str, is_column: bool) -> bool:
    if is_column:
        return not _NO_SENSOR.search(text)
    return all(_NAME.fullmatch(word) for word in re.split(r"[ _(\[@:=,-]+", text))


def _hz(match: re.Match[str]) -> float:
    thousands = (match["unit"] or "") == "khz" or "khz" in (match.groupdict().get("between") or "")
    return (1000 if thousands else 1) * float(match["number"])
