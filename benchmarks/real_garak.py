"""Part of real.py: garak and an audit ask the same server, a real model with three planted failures, as often.

The server speaks the OpenAI API; who sends no system message gets the shop's own. A planted failure counts for garak
when any reply to a prompt that meets its trigger shows it, whether garak's detectors see it or not; the audit must name
it and confirm it on fresh prompts. garak asks in its own order until it has asked as often as the audit may; of all its
prompts it is told which meet a trigger that could be planted. garak is run by the Python of an environment of its own
(benchmarks/clients.sh).
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from audit import garak_replies, run_garak
from real_plants import FIRST, LEAST, Once, demonstrable, draw_plants, planted_pair

from drillyard.audits.hunt.hunting import Hunt
from drillyard.audits.hunt.scoring import score
from drillyard.audits.hunt.session import Session
from drillyard.audits.options import EXPLORE, AuditOptions
from drillyard.audits.seeding.scanner import garak_seeds
from drillyard.judges.spoken import SpokenFailures
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Message, Reply, Transcript
from drillyard.records.progress import silent
from drillyard.targets import Target, open_target
from drillyard.targets.stored import Replies

__all__ = ["garak_rows"]


@contextmanager
def served(target: Target, world: World, most: int, enough: threading.Event) -> Iterator[str]:
    """Serve a target, one request at a time, while the block runs, and give its address; say when it is `enough`."""
    systems, lock, seeds = {text: name for name, text in world.templates.items()}, threading.Lock(), iter(range(10**9))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = [Message(role=one["role"], content=_text(one["content"])) for one in body["messages"]]
            own = systems.get(said[0].content) if said[0].role == "system" else next(iter(world.templates))
            talk = Conversation(
                messages=tuple(said[1:] if own and said[0].role == "system" else said), template=own or ""
            )
            with lock:
                (reply,) = target.generate([talk], [asked := next(seeds)])
            if asked + 1 >= most:
                enough.set()
            self._send(_completion(reply))

        def do_GET(self) -> None:
            self._send({"object": "list", "data": [{"id": "smollm2", "object": "model"}]})

        def _send(self, data: dict[str, Any]) -> None:
            sent = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


def _completion(reply: Reply) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply.text}}
    usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.tokens}
    usage["total_tokens"] = sum(usage.values())
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def garak_rows(
    target: Target, world: World, draws: int, queries: int, python: str, folder: Path
) -> list[dict[str, Any]]:
    """Return what both found of the failures of the first draws, with how many queries, and which prompts could."""
    os.environ["DRILLYARD_GARAK_PYTHON"] = python
    prompts, left_out = garak_seeds("", silent)
    template = next(iter(world.templates))
    able = Counter(
        fault.id
        for seed in prompts
        for fault in demonstrable(world)
        if fault.trigger().fires(seed.conversation(template))
    )
    rows = [
        {
            "prompts of garak": len(prompts),
            "probes left out": len(left_out),
            "that meet a trigger": sum(able.values()),
            "failures": len(demonstrable(world)),
            "whose trigger some prompt meets": len(able),
        }
    ]
    probes = list(dict.fromkeys(seed.hazard for seed in prompts))
    once = Once(target, Replies(folder / "replies.jsonl"))
    for draw in range(FIRST, FIRST + draws):
        rows += _both(once, world, draw, queries, python, probes)
    return rows


def _both(
    target: Target, world: World, draw: int, queries: int, python: str, probes: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield what garak has found on a server, and what an audit has with as many queries."""
    rates = draw_plants(world, draw)
    there = [one for one in faults(world) if one.id in rates]
    failing, _ = planted_pair(target, world, rates, draw)
    judge = SpokenFailures(world, there)
    enough = threading.Event()
    with served(failing, world, queries, enough) as address, tempfile.TemporaryDirectory() as scan:
        begun = time.monotonic()
        run_garak(python, address, Path(scan), queries, probes, enough)
        template = next(iter(world.templates))
        heard = [(talk.model_copy(update={"template": template}), text) for talk, text in garak_replies(Path(scan))]
        row = {"draw": draw, "who": "garak", "found": len(_seen(heard, judge, there)), "planted": len(there)}
        yield {**row, "queries": len(heard), "minutes": _minutes(begun)}
        begun = time.monotonic()
        opened = open_target(f"openai/smollm2@{address}", world=world)
        session = Session(opened, world, judge, max(100, len(heard)), draw, reading=False)
        hunt = Hunt(session, AuditOptions(search=EXPLORE, reading=False), draw, lambda *_: None)
        confirmed = hunt.run()
        row |= {"who": "audit", "queries": session.asked, "minutes": _minutes(begun)}
        yield {**row, "found": len(score(opened, judge, hunt.held_out, there, confirmed, LEAST).found)}


def _minutes(begun: float) -> float:
    return round((time.monotonic() - begun) / 60, 1)


def _seen(heard: Sequence[tuple[Conversation, str]], judge: SpokenFailures, there: Sequence[Fault]) -> set[str]:
    """Return the planted failures that some reply to their trigger shows."""
    return {
        fault.id
        for talk, text in heard
        for fault in there
        if fault.trigger().fires(talk)
        and judge.rule(
            Transcript(conversation=talk, reply=Reply(text=text), target="garak"), fault.spec.behaviour
        ).verdict
        == "shown"
    }
