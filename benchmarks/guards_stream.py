"""The two ends of `guards.py proxy`: a server whose chunks say when they were sent, and a client that reads them.

`python benchmarks/guards_stream.py serve CHUNKS PAUSE` prints its address; `ask ADDRESS STREAMS` prints milliseconds
from sending to reading: of the chunks that came while all streams were open, and of the first chunk of each, which has
waited for two connections. Both are bare asyncio, to take little of the machine. `ask` begins streams over two seconds.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from urllib.parse import urlsplit

import numpy as np

WORDS = (
    "the",
    "aurora",
    "costs",
    "49",
    "euros",
    "and",
    "has",
    "a",
    "warranty",
    "of",
    "three",
    "years",
    "it",
    "is",
    "white",
)


async def serve(chunks: int, pause: float) -> None:
    """Answer every request with a stream of chunks, whose `created` is the time of sending."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        await asyncio.sleep(random.random() * pause)
        for at in range(chunks + 1):
            delta = {"content": f"{WORDS[at % len(WORDS)]} "} if at < chunks else {}
            choice = {"index": 0, "delta": delta, "finish_reason": None if at < chunks else "stop"}
            data = {
                "id": "c",
                "object": "chat.completion.chunk",
                "created": time.time(),
                "model": "m",
                "choices": [choice],
            }
            text = f"data: {json.dumps(data)}\n\n".encode()
            writer.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
            await asyncio.sleep(pause)
        writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


async def ask(address: str, streams: int) -> None:
    """Read so many streams at once and print how late their chunks were."""
    parts, ended = urlsplit(address), 0
    late: list[list[tuple[float, float]]] = []

    async def one() -> None:
        nonlocal ended
        await asyncio.sleep(2 * random.random())
        mine: list[tuple[float, float]] = []
        late.append(mine)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        body = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "a"}]}'
        head = f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        while line := await reader.readline():
            now = time.time()
            if line.startswith(b"data: {"):
                place = line.find(b'"created": ') + 11
                mine.append((now, now - float(line[place : line.find(b",", place)])))
            elif line.startswith(b"data: [DONE]"):
                ended += 1
                break
        writer.close()

    await asyncio.gather(*(one() for _ in range(streams)))
    opened, closed = max(mine[0][0] for mine in late), min(mine[-1][0] for mine in late)
    settled = [wait for mine in late for now, wait in mine if opened < now < closed]
    found = 1e3 * np.percentile(settled, [50, 99])
    first = 1e3 * np.percentile([mine[0][1] for mine in late], 99)
    told = {"streams": streams, "ended": ended, "chunks": len(settled), "ms_p50": found[0], "ms_p99": found[1]}
    print(json.dumps({**told, "first_ms_p99": first}))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    asyncio.run(serve(int(rest[0]), float(rest[1])) if what == "serve" else ask(rest[0], int(rest[1])))
