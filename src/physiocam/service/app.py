"""The HTTP interface: videos in, jobs and their results out, and live sessions over WebSockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from physiocam.errors import PhysiocamError
from physiocam.results.measurement_files import MEASUREMENT
from physiocam.service.access import Access, Guard
from physiocam.service.description import describe, page
from physiocam.service.job_files import ARCHIVE, RESULTS
from physiocam.service.job_queue import FullError, JobQueue, JobState
from physiocam.service.limits import Limits
from physiocam.service.live import LiveSessions

# Bytes of one megabyte, as limits count them.
_MB = 1_000_000


def service_app(queue: JobQueue, live: LiveSessions, limits: Limits, access: Access) -> Starlette:
    """Make the application that a server runs.

    Parameters
    ----------
    queue : JobQueue
        Starts and stops with the application.
    live : LiveSessions
    limits : Limits
    access : Access
        Who may ask.
    """
    jobs = _Jobs(queue, limits)
    described = describe(limits, access.token is not None)

    async def openapi(_: Request) -> Response:
        return JSONResponse(described)

    async def home(_: Request) -> Response:
        return HTMLResponse(page(described))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        queue.start()
        try:
            yield
        finally:
            await run_in_threadpool(queue.stop)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/openapi.json", openapi),
            Route("/jobs", jobs.accept, methods=["POST"]),
            Route("/jobs/{job}", jobs.state, methods=["GET"]),
            Route("/jobs/{job}", jobs.remove, methods=["DELETE"]),
            Route("/jobs/{job}/measurement", jobs.measurement),
            Route("/jobs/{job}/results.zip", jobs.results),
            WebSocketRoute("/live", live.serve),
        ],
        middleware=[Middleware(Guard, access=access)],
        exception_handlers={HTTPException: _refused, PhysiocamError: _unwritable},
        lifespan=lifespan,
    )


class _Jobs:
    def __init__(self, queue: JobQueue, limits: Limits) -> None:
        self._queue, self._limits = queue, limits

    async def accept(self, request: Request) -> Response:
        most = self._limits.upload_mb * _MB
        too_large = HTTPException(413, f"the video has more than {self._limits.upload_mb} MB; send a smaller one")
        if int(request.headers.get("content-length", "0")) > most:
            raise too_large
        try:
            with self._queue.place(), self._queue.files.arriving() as video:
                received = 0
                async with asyncio.timeout(60.0 * self._limits.run_minutes):
                    with video.open("wb") as file:
                        async for part in request.stream():
                            received += len(part)
                            if received > most:
                                raise too_large
                            file.write(part)
                if received == 0:
                    raise HTTPException(400, "the request has no content; send the video as its body")
                job = await run_in_threadpool(self._queue.files.accept, video)
                self._queue.add(job)
        except FullError as error:
            raise HTTPException(503, str(error), {"Retry-After": "60"}) from None
        except TimeoutError:
            raise HTTPException(408, f"the video did not arrive within {self._limits.run_minutes:g} minutes") from None
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse({"job": job}, 202, {"Location": f"/jobs/{job}"})

    async def state(self, request: Request) -> Response:
        found = self._found(request)
        return JSONResponse({"job": request.path_params["job"], **asdict(found)})

    async def remove(self, request: Request) -> Response:
        self._found(request)
        await run_in_threadpool(self._queue.remove, request.path_params["job"])
        return Response(status_code=204)

    async def measurement(self, request: Request) -> Response:
        return self._file(request, f"{RESULTS}/{MEASUREMENT}", "application/json")

    async def results(self, request: Request) -> Response:
        return self._file(request, ARCHIVE, "application/zip")

    def _found(self, request: Request) -> JobState:
        found = self._queue.state(request.path_params["job"])
        if found is None:
            raise HTTPException(404, "there is no such job, or its results were deleted")
        return found

    def _file(self, request: Request, name: str, kind: str) -> Response:
        found = self._found(request)
        if found.state != "done":
            raise HTTPException(409, f"the job is {found.state}" + (f": {found.error}" if found.error else ""))
        return FileResponse(self._queue.files.folder(request.path_params["job"]) / name, media_type=kind)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _unwritable(_: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "the service cannot store anything at present; try again later"}, 507)
