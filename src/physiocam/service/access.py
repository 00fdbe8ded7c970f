"""Who may ask the service: holders of its token, and no web page of another site."""

from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# What says how to ask needs no token.
_OPEN = ("/", "/openapi.json")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes
    ----------
    token : str or None
        What ``Authorization: Bearer TOKEN`` has to say; None lets everyone ask who reaches the service.
    local : bool
        Whether the service listens on this computer only. Without a token it then answers to no other name, which a web
        page could have given to this computer.
    """

    token: str | None
    local: bool

    def refusal(self, path: str, headers: Headers) -> tuple[int, str] | None:
        """Return the status and the reason for refusing a request; None if it may be answered."""
        host = urlsplit(f"//{headers.get('host', '')}").hostname
        if self.token is None and self.local and host not in LOOPBACK:
            return 421, f"the service answers to {', '.join(sorted(LOOPBACK))} only; start it with --token for others"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return 403, "web pages of other sites may not ask this service"
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if self.token is not None and path not in _OPEN and not compare_digest(given.encode(), self.token.encode()):
            return 401, "the token is missing or wrong; send it as: Authorization: Bearer TOKEN"
        return None


class Guard:
    """Refuses requests before anything else sees them, and adds headers that keep browsers from guessing.

    Parameters
    ----------
    app : ASGI application
    access : Access
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse a request, or the opening of a WebSocket."""
        refusal = None
        if scope["type"] != "lifespan":
            refusal = self._access.refusal(scope["path"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            status, reason = refusal
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            await JSONResponse({"error": reason}, status, headers)(scope, receive, send)
