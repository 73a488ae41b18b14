"""A real HTTP server on this machine that serves videos and misbehaves on demand."""

import fcntl
import hashlib
import json
import socket
import struct
import sys
import termios
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from rise_records import record_values
from stcnet.video import Mp4Writer

FRAMES = 36


def tag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


class Handler(BaseHTTPRequestHandler):
    """Serves one request, badly where the host plans it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    host: "Host"

    def do_GET(self) -> None:
        with self.host.lock:
            self.host.requests.append(Asked(self.path, dict(self.headers.items())))
            planned = self.host.planned[self.path]
            fault = planned.popleft() if planned else self.host.always.get(self.path)
        content = self.host.files.get(self.path)
        if fault is not None:
            fault(self, content or b"")
        elif content is None:
            self.answer(404)
        else:
            self.serve(content)

    def serve(self, content: bytes) -> None:
        """As a good server does: ranges of the version that the client means."""
        first = self.asked_first(content)
        if first is None:
            self.answer(200, content, ETag=tag_of(content))
        else:
            told = f"bytes {first}-{len(content) - 1}/{len(content)}"
            headers = {"Content-Range": told, "ETag": tag_of(content)}
            self.answer(206, content[first:], **headers)

    def asked_first(self, content: bytes) -> int | None:
        asked = self.headers.get("Range")
        if asked is None or self.headers.get("If-Range") not in {None, tag_of(content)}:
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def answer(self, code: int, content: bytes = b"", **headers: str) -> None:
        self.head(code, {"Content-Length": str(len(content)), **headers})
        self.wfile.write(content)

    def head(self, code: int, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


Fault: TypeAlias = Callable[[Handler, bytes], None]


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]


@dataclass
class Host:
    """What is served, what goes wrong, and what was asked.

    Attributes:
        root: Address of the server, such as ``http://127.0.0.1:4711``.
        files: Contents by path.
        planned: Faults of the next requests for a path, in turn.
        always: Faults of all other requests for a path.
        requests: All that was asked, in order.
    """

    root: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    planned: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    always: dict[str, Fault] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, path: str, *faults: Fault) -> None:
        self.planned[path].extend(faults)

    def asked(self, path: str) -> list[dict[str, str]]:
        return [request.headers for request in self.requests if request.path == path]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, address: Any) -> None:
        """Clients that are gone, or killed, are what is tested."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, address)


@contextmanager
def running_host() -> Iterator[Host]:
    host = Host()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"host": host}))
    host.root = f"http://127.0.0.1:{server.server_port}"
    # Looked at often, or each test would wait half a second for its end.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def near_network(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """No proxy on the way to this machine; no certificates, which take long to read, for HTTP."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))


def status(code: int, **headers: str) -> Fault:
    return lambda handler, content: handler.answer(code, b"not now", **headers)


def page(handler: Handler, content: bytes) -> None:
    """The page of a gateway instead of the video."""
    handler.answer(200, b"<!DOCTYPE html><title>Please log in</title>", Content_Type="text/html")


def other(wrong: bytes) -> Fault:
    return lambda handler, content: handler.answer(200, wrong)


def reset_after(length: int) -> Fault:
    """Promise all, send some, and break the connection."""

    def fault(handler: Handler, content: bytes) -> None:
        first = handler.asked_first(content) or 0
        if first:
            told = f"bytes {first}-{len(content) - 1}/{len(content)}"
            code, headers = 206, {"Content-Range": told}
        else:
            code, headers = 200, {}
        headers |= {"Content-Length": str(len(content) - first), "ETag": tag_of(content)}
        handler.head(code, headers)
        handler.wfile.write(content[first : first + length])
        handler.wfile.flush()
        _wait_until_read(handler)
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.close_connection = True

    return fault


def _wait_until_read(handler: Handler) -> None:
    """Until the client's system has it: a reset throws away what is still on its way."""
    unsent = bytearray(4)
    pause = threading.Event()
    for _ in range(500):
        fcntl.ioctl(handler.connection, termios.TIOCOUTQ, unsent)
        if int.from_bytes(unsent, "little") == 0:
            return
        pause.wait(0.001)


def cut_after(length: int) -> Fault:
    """Promise all, send some, and end in good order."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.head(200, {"Content-Length": str(len(content)), "ETag": tag_of(content)})
        handler.wfile.write(content[:length])
        handler.close_connection = True

    return fault


def stall_after(length: int) -> Fault:
    """Send some, then nothing until the client has enough."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.head(200, {"Content-Length": str(len(content)), "ETag": tag_of(content)})
        handler.wfile.write(content[:length])
        handler.wfile.flush()
        handler.rfile.read(1)
        handler.close_connection = True

    return fault


def silent(handler: Handler, content: bytes) -> None:
    """Say nothing at all until the client has enough."""
    handler.rfile.read(1)
    handler.close_connection = True


def unannounced(length: int) -> Fault:
    """Send some without saying how much it is."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.head(200, {"Connection": "close"})
        handler.wfile.write(content[:length])
        handler.close_connection = True

    return fault


def short_length(handler: Handler, content: bytes) -> None:
    """Say that the file is shorter than it is."""
    handler.head(200, {"Content-Length": str(len(content) // 2), "ETag": tag_of(content)})
    handler.wfile.write(content)
    handler.close_connection = True


def without_ranges(handler: Handler, content: bytes) -> None:
    handler.answer(200, content)


def redirect(to: str, code: int = 302) -> Fault:
    return lambda handler, content: handler.answer(code, Location=to)


def heedless(handler: Handler, content: bytes) -> None:
    """Go on from where the client is, whatever version that was of."""
    first = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    told = f"bytes {first}-{len(content) - 1}/{len(content)}"
    handler.answer(206, content[first:], **{"Content-Range": told, "ETag": tag_of(content)})


def make_clip(path: Path, shade: int, size: int = 180, frames: int = FRAMES) -> bytes:
    with Mp4Writer(path, 12, size, size) as writer:
        for number in range(frames):
            image = np.full((size, size, 3), shade, np.uint8)
            image[: 2 * number, : 3 * number] = 200
            writer.write(image)
    return path.read_bytes()


def records_at(host: Host, clips: Sequence[bytes], count: int = 4) -> list[dict[str, Any]]:
    """Records of as many clips, which the host has from now on."""
    records = []
    for number in range(count):
        record = record_values(number, view=f"0-{number}", minute=10 * number)
        part = f"2018-06-11/{record['file_name']}.mp4"
        record |= {"url_root": f"{host.root}/videos/180/", "url_part": part}
        host.files[path_of(record)] = clips[number % len(clips)]
        records.append(record)
    return records


def path_of(record: dict[str, Any], size: int = 180) -> str:
    """Where the host has the video of a record."""
    path = f"/videos/{size}/{record['url_part']}"
    return path.replace("-180-180-", f"-{size}-{size}-")


def write_records(folder: Path, records: Sequence[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "metadata.json"
    path.write_text(json.dumps(records))
    return path
