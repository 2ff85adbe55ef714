"""A small HTTP server for the cases of web.py, in a process of its own: `python -m benchmarks.web_server`.

Listens on a free port of the loopback interface and prints it; ends when its standard input does. GET /7 gets
document 7, GET /7/30 gets it after 30 ms. It parses no more than these need: it shares the CPUs with the pool
that is measured.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"
LIMIT = 30  # seconds to start, and to end
HEAD_END = b"\r\n\r\n"


def document(index: int) -> bytes:
    return b"%08d" % index * 128


def answer(index: int) -> bytes:
    body = document(index)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while HEAD_END in self._received:
            head, _, self._received = self._received.partition(HEAD_END)
            _, path, _ = head.split(b" ", 2)
            index, _, milliseconds = path[1:].partition(b"/")
            content = answer(int(index))
            if milliseconds:
                delay = float(milliseconds) / 1000
                asyncio.get_running_loop().call_later(delay, self._transport.write, content)
            else:
                self._transport.write(content)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)
    server.close()


@contextmanager
def running() -> Iterator[int]:
    """The server in a process of its own; gives its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.web_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            try:
                process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    asyncio.run(serve())
