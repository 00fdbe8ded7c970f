"""Live sessions over a WebSocket."""

import io
import json
import struct
from collections.abc import Callable

import av
import numpy as np
import pytest
from tests.service.conftest import Client

pytest.importorskip("websockets")
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

Start = Callable[..., Client]


def picture(seed: int) -> bytes:
    """A JPEG file."""
    image = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    content = io.BytesIO()
    with av.open(content, "w", format="image2pipe") as file:
        stream = file.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")), *stream.encode()]:
            file.mux(packet)
    return content.getvalue()


def test_pictures_are_answered_one_by_one_with_a_measurement_each_second(service: Start) -> None:
    client = service(live=1)
    with connect(f"ws://127.0.0.1:{client.port}/live", open_timeout=60, close_timeout=60) as socket:
        measured = []
        for index in range(30):
            socket.send(struct.pack("<d", index / 25) + picture(index))
            answer = json.loads(socket.recv(timeout=60))
            assert answer["frames"] == index + 1
            if answer["measurement"]:
                measured.append(answer["measurement"])
        assert len(measured) == 2
        assert measured[-1]["heart_rate"]["note"] == "no face was found"
        socket.send(b"no picture")
        assert json.loads(socket.recv(timeout=60))["error"].startswith("not a picture; expected")
        with connect(f"ws://127.0.0.1:{client.port}/live") as second, pytest.raises(ConnectionClosed, match="1013"):
            second.recv(timeout=60)
        socket.send("text")
        with pytest.raises(ConnectionClosed, match="1003"):
            socket.recv(timeout=60)


def test_sessions_are_refused_without_the_token_and_to_pages_of_other_sites(service: Start) -> None:
    client = service(token="secret")
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{client.port}/live")
    with pytest.raises(InvalidStatus, match="403"):
        connect(
            f"ws://127.0.0.1:{client.port}/live",
            additional_headers={"Authorization": "Bearer secret", "Origin": "https://attacker.example"},
        )
