"""Live sessions: a WebSocket on one side, a process of its own on the other."""

import asyncio
from multiprocessing.connection import Connection

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from physiocam.measuring.options import MeasureOptions
from physiocam.service.limits import Limits
from physiocam.service.live_process import run_live
from physiocam.service.processes import start_process

# Status codes of WebSockets: the service is busy, the time is over, the process has ended, text came.
_BUSY, _OVER, _ENDED, _NOT_BINARY = 1013, 1008, 1011, 1003

# Seconds for one answer; the first waits for the start of the process.
_PATIENCE_S = 60.0


class LiveSessions:
    """Answers the pictures of several clients, each measured in a process of its own.

    Parameters
    ----------
    options : MeasureOptions
    limits : Limits
    """

    def __init__(self, options: MeasureOptions, limits: Limits) -> None:
        self._options, self._limits = options, limits
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Answer every picture of a session with one message; see `LiveSession.answer`."""
        await socket.accept()
        if self._open >= self._limits.live:
            await socket.close(_BUSY, f"{self._open} live sessions are open, which is the most; try again later")
            return
        self._open += 1
        try:
            async with asyncio.timeout(60.0 * self._limits.run_minutes):
                await self._answer(socket)
        except TimeoutError:
            await socket.close(_OVER, f"a live session may last {self._limits.run_minutes:g} minutes")
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1

    async def _answer(self, socket: WebSocket) -> None:
        process, connection = await run_in_threadpool(start_process, run_live, self._options, self._limits)
        try:
            while True:
                picture = await socket.receive_bytes()
                await socket.send_text(await run_in_threadpool(_answer, connection, picture))
        except KeyError:  # Starlette's way to say that it was text
            await socket.close(_NOT_BINARY, "expected pictures as binary messages")
        except (EOFError, OSError):
            await socket.close(_ENDED, "the process of this session has ended; open another one")
        finally:
            process.kill()
            connection.close()
            await run_in_threadpool(process.join)


def _answer(connection: Connection, picture: bytes) -> str:
    connection.send_bytes(picture)
    if not connection.poll(_PATIENCE_S):
        raise EOFError
    return connection.recv_bytes().decode()
