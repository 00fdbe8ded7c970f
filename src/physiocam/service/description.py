"""How to ask the service, in the format of OpenAPI, and as a page."""

from html import escape
from typing import Any

from physiocam.service.limits import Limits
from physiocam.version import __version__

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
code, pre {{ font-family: ui-monospace, monospace; }}
h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
pre {{ white-space: pre-wrap; border: 1px solid; border-radius: 4px; padding: .6rem; }}
</style>
<h1>{title}</h1>
<p>{about}</p>
<p>For programs: <a href="openapi.json">openapi.json</a></p>
{operations}
</html>
"""

_FRAMES_DONE = {"type": ["integer", "null"], "description": "Of a running job."}
_STATE = {
    "type": "object",
    "required": ["job", "state"],
    "properties": {
        "job": {"type": "string"},
        "state": {"enum": ["waiting", "running", "done", "failed"]},
        "ahead": {"type": ["integer", "null"], "description": "Of a waiting job: jobs that are measured before it."},
        "frames_done": _FRAMES_DONE,
        "frames": {**_FRAMES_DONE, "description": "Of a running job: frames in all, if that is known."},
        "error": {"type": ["string", "null"], "description": "Of a failed job: why, in one line."},
    },
}
_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_JOB = {"name": "job", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}


def describe(limits: Limits, token: bool) -> dict[str, Any]:
    """Return the OpenAPI document.

    Parameters
    ----------
    limits : Limits
    token : bool
        Whether requests need a token.

    Returns
    -------
    dict
        As JSON holds it.
    """
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "physiocam", "version": __version__, "description": _about(limits)},
        "paths": {
            "/jobs": {"post": _accept(limits)},
            "/jobs/{job}": {
                "get": _of_job("How far a job is.", {"200": _json("The state.", _STATE)}),
                "delete": _of_job("Delete a job, its video and its results.", {"204": {"description": "Deleted."}}),
            },
            "/jobs/{job}/measurement": {
                "get": _of_job(
                    "The measurement, with the content of measurement.json.",
                    {"200": _json("The measurement.", {"type": "object"}), "409": _refused("The job is not done.")},
                )
            },
            "/jobs/{job}/results.zip": {
                "get": _of_job(
                    "All files of the results, as physiocam measure writes them.",
                    {
                        "200": {"description": "The files.", "content": {"application/zip": {}}},
                        "409": _refused("The job is not done."),
                    },
                )
            },
            "/live": {"get": _live(limits)},
        },
    }
    if token:
        described["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        described["security"] = [{"token": []}]
    return described


def page(described: dict[str, Any]) -> str:
    """Return the document as a page without scripts."""
    parts = []
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>")
            if "description" in operation:
                parts.append(f"<pre>{escape(operation['description'])}</pre>")
            answers = (f"<li>{status}: {escape(one['description'])}" for status, one in operation["responses"].items())
            parts.append(f"<ul>{''.join(answers)}</ul>")
    info = described["info"]
    title = f"{info['title']} {info['version']}"
    return _PAGE.format(title=escape(title), about=escape(info["description"]), operations="\n".join(parts))


def _about(limits: Limits) -> str:
    return (
        "Measures heart rate, breathing rate and facial action units in videos of faces. "
        f"A video has at most {limits.upload_mb} MB and {limits.video_minutes:g} minutes; at most {limits.waiting} "
        f"videos wait. A video is deleted when it is measured, its results {limits.keep_hours:g} hours later. "
        'An error is always JSON with one line: {"error": "..."}.'
    )


def _accept(limits: Limits) -> dict[str, Any]:
    job = {"type": "object", "required": ["job"], "properties": {"job": {"type": "string"}}}
    return {
        "summary": "Send a video as the content of the request; it is measured as soon as its turn comes.",
        "description": "curl -T video.mp4 -X POST http://127.0.0.1:8471/jobs",
        "requestBody": {"required": True, "content": {"application/octet-stream": {}, "video/*": {}}},
        "responses": {
            "202": _json("Accepted: it is on the disk, and will be measured even if the service is restarted.", job),
            "400": _refused("No content."),
            "408": _refused(f"Not complete after {limits.run_minutes:g} minutes."),
            "413": _refused(f"More than {limits.upload_mb} MB."),
            "503": _refused("Too many videos wait; try again after a while."),
        },
    }


def _of_job(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    unknown = {"404": _refused("There is no such job, or it was deleted.")}
    return {"summary": summary, "parameters": [_JOB], "responses": responses | unknown}


def _live(limits: Limits) -> dict[str, Any]:
    return {
        "summary": "A WebSocket: send pictures, and receive an answer for each.",
        "description": (
            "Send binary messages: the time of the picture in seconds (float64, little-endian), then a JPEG, "
            'PNG or WebP file.\nEach is answered by JSON: {"frames": 25, "measurement": null}\n'
            'Once a second, "measurement" has the content of measurement.json for the last 30 s.\n'
            'A picture that cannot be used: {"error": "..."}'
        ),
        "responses": {
            "101": {"description": f"Open, for {limits.run_minutes:g} minutes at most."},
            "403": {"description": "Refused: no token, or a web page of another site."},
        },
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refused(description: str) -> dict[str, Any]:
    return _json(description, _ERROR)
