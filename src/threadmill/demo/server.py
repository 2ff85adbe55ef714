"""The embedded document server, run as a process of its own: `python -m threadmill.demo.server`.

Listens on a free port of the loopback interface, prints the URL to which the index of a document is to
be appended, and ends when its standard input does: with the demo, whichever way that ends.
"""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache

from aiohttp import web

from threadmill.demo import documents

HOST = "127.0.0.1"
PATH = "/documents/"

# Each pool asks for the same documents: the server, which shares the CPUs with them, makes them once.
_latency = lru_cache(1000)(documents.latency)
_content = lru_cache(1000)(documents.content)


async def document(request: web.Request) -> web.Response:
    index = int(request.match_info["index"])
    await asyncio.sleep(_latency(index))
    return web.Response(body=_content(index))


async def serve() -> None:
    app = web.Application()
    app.router.add_get(PATH + r"{index:\d+}", document)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    print(f"http://{HOST}:{runner.addresses[0][1]}{PATH}", flush=True)
    await asyncio.to_thread(sys.stdin.buffer.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
