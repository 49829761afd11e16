"""How many questions a second does the gateway admit, how long do replies take, how soon does a kill stop everything?

    OMP_NUM_THREADS=1 python benchmarks/gateway.py               a table
    OMP_NUM_THREADS=1 python benchmarks/gateway.py --json        the same as data
    python benchmarks/gateway.py --clients 4 --seconds 20 --kills 50 --folder /disk/to/measure
    python benchmarks/gateway.py --database postgresql://…     an empty database in place of SQLite
    python benchmarks/gateway.py --postgres --pin                a PostgreSQL server of its own, and a core for each
    python benchmarks/gateway.py --crashes 10000                 end a gateway by SIGKILL at random writes

The gateway runs in a process of its own over a database that keeps every commit, three planes, signed requests. Its
forecaster answers at once and the hold is not waited for, so that what is measured is the gateway: each question is
admitted and, later, its run recorded, and each of both is on the disk before anybody is told. Clients keep their
connections and send the next question as soon as they have a reply; what they send is signed before the clock starts.
`--pin` keeps the gateway on the first core and the clients on the second, which they share with the server of
`--postgres`; what each takes of the processor for a question is told, to reckon each alone.
Processor time is that of the loaded seconds over the questions asked in them, which a busy machine changes least.
`kill to zero` is from the sending of a kill to the arrival of the last reply with an answer in it, while another
client fetches a released answer as fast as it can.
Crashes are counted in place of speed: each is of a forked process, which takes one question from its asking to its
release, at one of its writes to SQLite; see drillyard/containment/gateway/crashes.py for what counts as a loss.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from drillyard.containment.gateway.client import Caller, make_headers
from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.crashes import CrashReport, rehearse_crashes
from drillyard.containment.gateway.databases import read_stored, sqlite_url
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import make_keys, read_key, read_keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.requests import sign_request
from drillyard.containment.gateway.serve import serve_in_background
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore
from drillyard.containment.gateway.verify import verify_database

PLENTY = {"bits": 1e9, "questions": 10**9}
POLICY = GatewayPolicy.from_data(
    {
        "topics": ["energy"], "per_asker": PLENTY, "per_topic": PLENTY, "per_year": PLENTY, "erasure": 0.0,
        "hold_seconds": 2.0, "cooling_seconds": 0.1, "slot_seconds": 0.1, "close_seconds": 3600, "lease_seconds": 3600,
        "clock_skew_seconds": 5.0,
    }
)  # fmt: skip
AIMS = {"admitted per second": (300.0, "≥"), "p99 of replies, ms": (50.0, "<"), "kill to zero, worst, ms": (100.0, "<")}


def serve(folder: Path, url: str, core: int | None) -> None:
    """Serve until the input ends, on one core if it is given; prints the URLs."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    keyring, keys = read_keyring(folder / "keys" / "keyring.json"), folder / "keys"
    store = LedgerStore(url, read_key(keys / "ledger.json"), skew=POLICY.clock_skew_seconds)
    operator, clock = read_key(keys / "operator-cy.json"), GuardedClock(POLICY.clock_skew_seconds)
    gateway = Gateway(POLICY, keyring, lambda: lambda _question, _seed: "yes", store, clock, operator=operator)
    with ExitStack() as stack:
        print(json.dumps(serve_in_background(gateway, stack)), flush=True)
        sys.stdin.read()
    store.close()


@contextmanager
def server(folder: Path, url: str, core: int | None) -> Iterator[tuple[dict[str, str], int]]:
    """Run the gateway in a process of its own; gives its URLs and its id."""
    words = [sys.executable, __file__, "--serve", str(folder), "--database", url]
    words += [] if core is None else ["--core", str(core)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline()), process.pid
        finally:
            process.stdin.close()


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """Run a PostgreSQL server that syncs, as the tests do; gives an empty database and the server's id."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from postgres_cluster import cluster

    with cluster() as made:
        yield made.fresh(), int((made.folder / "data" / "postmaster.pid").read_text().split()[0])


def worked(process: int) -> float:
    """Return the processor seconds of a process and of those that it has started and that live."""
    children = Path(f"/proc/{process}/task").glob("*/children")
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    below = sum(worked(int(one)) for file in children for one in file.read_text().split())
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + below


def question(number: int) -> bytes:
    """Return a question as it is sent."""
    day = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    return json.dumps({"kind": "binary", "topic": "energy", "text": f"Number {number}?", "resolves": day}).encode()


def request(key: Key, method: str, path: str, body: bytes = b"") -> bytes:
    """Return a signed request as it goes over the line."""
    head = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    signed = make_headers(sign_request(key, method, path, body.decode()))
    return "\r\n".join([*head, *(f"{name}: {value}" for name, value in signed.items()), "", ""]).encode() + body


async def send(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], sent: bytes) -> bytes:
    """Send one request over a kept connection; returns the reply's body."""
    reader, writer = streams
    writer.write(sent)
    told = (await reader.readuntil(b"\r\n\r\n")).lower()
    return await reader.readexactly(int(told.partition(b"content-length:")[2].split()[0]))


async def load(url: str, signed: list[bytes], clients: int, seconds: float) -> tuple[float, list[float]]:
    """Ask for some seconds; returns admissions per second and the milliseconds of every reply."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        streams = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        while (began := time.perf_counter()) < end:
            reply = await send(streams, signed.pop())
            assert b'"received"' in reply, reply
            times.append(1000 * (time.perf_counter() - began))
        streams[1].close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return len(times) / (time.perf_counter() - began), times


def release_one(urls: dict[str, str], keys: dict[str, Key]) -> str:
    """Bring one answer out; returns its id."""
    ann = Caller(urls["asker"], keys["asker-ann"])
    name = ann.call("POST", "/questions", json.loads(question(0)))["id"]
    for who in ("approver-bea", "approver-bob"):
        Caller(urls["approver"], keys[who]).vote(name, True)
    while not ann.call("GET", f"/questions/{name}")["answer"]:
        time.sleep(0.05)
    return name


def kill_once(urls: dict[str, str], keys: dict[str, Key], name: str) -> float:
    """Kill while an answer is fetched without pause; returns the milliseconds to the last answer, and starts again."""
    last, count, stop = [0.0], [0], threading.Event()

    async def fetch() -> None:
        streams = await asyncio.open_connection("127.0.0.1", urlsplit(urls["asker"]).port)
        while not stop.is_set():
            if json.loads(await send(streams, request(keys["asker-ann"], "GET", f"/questions/{name}")))["answer"]:
                last[0] = time.perf_counter()
                count[0] += 1
        streams[1].close()

    thread = threading.Thread(target=asyncio.run, args=(fetch(),))
    thread.start()
    time.sleep(0.3)
    assert count[0], "no answer came before the kill"
    began = time.perf_counter()
    Caller(urls["operator"], keys["kill-kim"]).call("POST", "/kill")
    time.sleep(0.3)
    stop.set()
    thread.join()
    operator = Caller(urls["operator"], keys["operator-cy"])
    operator.call("POST", "/epoch", POLICY.to_data())
    operator.call("POST", "/lease")
    return max(0.0, 1000 * (last[0] - began))


def measure(folder: Path, given: argparse.Namespace) -> dict[str, float]:
    """Measure all figures on one gateway."""
    people = {"asker": ("ann",), "approver": ("bea", "bob"), "operator": ("cy",), "kill": ("kim",)}
    load_before = os.getloadavg()[0]
    keyring = make_keys(folder / "keys", people)
    keys = {one.id: read_key(folder / "keys" / f"{one.id}.json") for one in keyring.accounts}
    first, second = sorted(os.sched_getaffinity(0))[:2] if given.pin else (None, None)
    if given.pin:
        os.sched_setaffinity(0, {second})
    with postgres() if given.postgres else nullcontext() as own:
        url = own[0] if own else given.database or sqlite_url(folder)
        with server(folder, url, first) as (urls, process):
            parts = {"gateway": process} | ({"database": own[1]} if own else {})
            Caller(urls["operator"], keys["operator-cy"]).call("POST", "/lease")
            name, ann = release_one(urls, keys), keys["asker-ann"]
            zero = [kill_once(urls, keys, name) for _ in range(given.kills)]
            signed = [request(ann, "POST", "/questions", question(n)) for n in range(int(1000 * given.seconds))]
            asyncio.run(load(urls["asker"], signed, given.clients, 1.0))
            before, began, own_work = {one: worked(parts[one]) for one in parts}, time.time(), time.process_time()
            rate, times = asyncio.run(load(urls["asker"], signed, given.clients, given.seconds))
            spent = {one: worked(parts[one]) - before[one] for one in parts} | {
                "clients": time.process_time() - own_work
            }
            ended = time.time()
        report = verify_database(url, None, [keyring])
        runs = sum(one.kind == "run" and began <= one.at < ended for one in read_stored(url).entries)
    assert report.whole, report.faults
    cuts = statistics.quantiles(times, n=100)
    return {
        "admitted per second": rate,
        "run and recorded per second": runs / (ended - began),
        "p50 of replies, ms": cuts[49],
        "p99 of replies, ms": cuts[98],
        "kill to zero, median, ms": statistics.median(zero),
        "kill to zero, worst, ms": max(zero),
        **{f"processor of {part}, ms per question": 1000 * value / len(times) for part, value in spent.items()},
        "load of the machine before": load_before,
        "kills": given.kills,
        "records verified": report.records,
    }


def crash(folder: Path, count: int, workers: int) -> dict[str, float]:
    """End gateways that many times, some at once; returns what was lost or left early."""
    began, (read, write) = time.perf_counter(), os.pipe()
    children = [crash_alone(folder, k, count // workers + (k < count % workers), write) for k in range(workers)]
    os.close(write)
    # No thread of its own may run where a process is forked, so the bar is drawn by hand.
    with Progress(console=Console(stderr=True), auto_refresh=False) as bar:
        task = bar.add_task("crashes", total=count)
        while done := os.read(read, 64):
            bar.update(task, advance=len(done), refresh=True)
    for child in children:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "a worker broke"
    reports = [CrashReport.from_json((folder / f"{k}.json").read_text()) for k in range(workers)]
    names = {"early": "early releases", "broken": "ledgers not whole"}
    figures = ("crashes", "losses", "early", "broken", "ledgers")
    found = {names.get(figure, figure): sum(getattr(one, figure) for one in reports) for figure in figures}
    return {**found, "seconds": time.perf_counter() - began, "load of the machine after": os.getloadavg()[0]}


def crash_alone(folder: Path, number: int, count: int, told: int) -> int:
    """Crash in a forked process, which writes a byte after each walk and its report at the end; returns its id."""
    if child := os.fork():
        return child
    code = 1
    try:
        urls, step = lambda ledger: f"sqlite:///{folder / f'{number}-{ledger}'}.db", lambda: os.write(told, b".")
        report = rehearse_crashes(count, urls, number + 1, kill=True, step=step)
        (folder / f"{number}.json").write_text(report.to_json())
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--crashes", type=int, default=0, help="count what so many crashes lose, in place of speed")
    parser.add_argument("--workers", type=int, default=2, help="processes that crash at once")
    parser.add_argument("--database", default="", help="URL of an empty database; SQLite in the folder by default")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL server of its own in place of SQLite")
    parser.add_argument("--pin", action="store_true", help="a core for the gateway, one for clients and --postgres")
    parser.add_argument("--folder", type=Path, help="where files are made; the temporary folder by default")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.database, given.core)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        found = crash(Path(name), given.crashes, given.workers) if given.crashes else measure(Path(name), given)
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        table = Table("figure", "found", "aim", box=None)
        for figure, value in found.items():
            aim = AIMS.get(figure)
            table.add_row(figure, f"{value:,.1f}", f"{aim[1]} {aim[0]:g}" if aim else "")
        Console().print(table)
    wrong = sum(found.get(figure, 0) for figure in ("losses", "early releases", "ledgers not whole"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
