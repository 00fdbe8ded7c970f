"""FHIR: the rates and action units of a recording as Observations in a Bundle, for clinical systems."""

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from physiocam.exporting.about import RecordingInfo, stem_of
from physiocam.exporting.channels import start_s
from physiocam.foundation.files import complete_file
from physiocam.results.measurement_data import ActionUnit, MeasurementData
from physiocam.results.measurement_text import missing_units_text
from physiocam.signals.rate import Rate

_LOINC, _UCUM = "http://loinc.org", "http://unitsofmeasure.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def write(measurement: MeasurementData, folder: Path, about: RecordingInfo) -> list[Path]:
    """Write NAME_fhir.json: a Bundle of Observations of FHIR R5; a rate that was not measured has the reason."""
    from fhir.resources.bundle import Bundle

    rates = (
        ("8867-4", "Heart rate", measurement.heart_rate),
        ("9279-1", "Respiratory rate", measurement.breathing_rate),
    )
    common = _common(measurement, about)
    found = [{**common, **_rate(code, words, rate)} for code, words, rate in rates]
    why = missing_units_text(measurement)
    found += [{**common, **_unit(label, unit, why)} for label, unit in measurement.action_units.items()]
    bundle = Bundle.model_validate(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in found]}
    )
    path = folder / f"{stem_of(measurement)}_fhir.json"
    with complete_file(path) as beside:
        beside.write_text(bundle.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return [path]


def _common(measurement: MeasurementData, about: RecordingInfo) -> dict[str, Any]:
    common: dict[str, Any] = {
        "resourceType": "Observation",
        # Nobody has checked it, and it is not from a medical device.
        "status": "preliminary",
        "subject": {"identifier": {"value": about.participant}},
        "device": {"display": f"physiocam {measurement.version}, not a medical device"},
    }
    if about.start is not None:
        start = about.start if about.start.tzinfo else about.start.astimezone(UTC)
        first = start + timedelta(seconds=start_s(measurement))
        last = first + timedelta(seconds=measurement.duration_s)
        common["effectivePeriod"] = {"start": first.isoformat(), "end": last.isoformat()}
    return common


def _rate(code: str, words: str, rate: Rate) -> dict[str, Any]:
    vital = {"coding": [{"system": _CATEGORY, "code": "vital-signs"}]}
    observation: dict[str, Any] = {
        "category": [vital],
        "code": {"coding": [{"system": _LOINC, "code": code, "display": words}], "text": words},
        "method": {"text": "video of the face"},
        "note": [{"text": f"quality {rate.quality:.3f} of 0 to 1"}],
    }
    if rate.value is None:
        reason = {"coding": [{"system": _ABSENT, "code": "unknown"}], "text": rate.note or "not measured"}
        return observation | {"dataAbsentReason": reason}
    return observation | {"valueQuantity": _quantity(rate.value, rate.unit, "/min")}


def _unit(label: str, unit: ActionUnit, missing: str) -> dict[str, Any]:
    observation: dict[str, Any] = {
        "code": {"text": f"{label} {unit.name}: share of the time in which it is active"},
        "method": {"text": "video of the face, probability of 0.5 and above"},
    }
    if unit.active_fraction is None:
        return observation | {"dataAbsentReason": {"text": missing}}
    return observation | {"valueQuantity": _quantity(unit.active_fraction, "share", "1")}


def _quantity(value: float, unit: str, code: str) -> dict[str, Any]:
    return {"value": round(value, 6), "unit": unit, "system": _UCUM, "code": code}
