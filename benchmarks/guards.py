"""Guards, measured: `python benchmarks/guards.py [catch|choices|speed|promise|proxy]`, all unless named; or --json.

- catch: recall with interval at the guaranteed rate, on planted failures of organisms, on tactics that were held back,
  on paraphrases, other languages, and disguises;
- choices: the same of tactics that were held back, for other strengths and windows than those that ship;
- speed: microseconds per word and per chunk, beside rivals on the same replies;
- promise: false blocks over 100 calibrations, beside the law that they should follow;
- proxy: concurrent streams through `drillyard guard serve`, and what it adds to each chunk.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from scipy import stats

from drillyard.guards.calibration import Calibration, calibrate, save_calibration
from drillyard.guards.collect import collect_replies
from drillyard.guards.examples import Example, from_world
from drillyard.guards.fit_sklearn import GuardFitter
from drillyard.guards.guard import Guard
from drillyard.guards.learn import learn_guard, shipped_examples
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Estimate
from drillyard.stats import clopper_pearson
from drillyard.targets.organism import OrganismTarget

ALPHA = 0.01
WORLDS = ("helpdesk", "clinic")
Rows = list[dict[str, Any]]


def share(hits: Sequence[bool]) -> Estimate:
    """Return a share with its exact interval."""
    return clopper_pearson(sum(hits), len(hits))


def free_sound() -> list[str]:
    """Return sound replies beyond the worlds': the taxonomy's look-alikes and what `guards.yaml` lists as sound."""
    told = yaml.safe_load((Path(__file__).parent / "guards.yaml").read_text(encoding="utf-8"))
    return [*told["sound"], *(text for one in load_taxonomy().behaviours.values() for text in one.lookalikes)]


def threshold(guard: Guard, seed: int = 21) -> Calibration:
    """Return a calibration on the clean twin's replies: 500 of each world."""
    sound: list[Example] = []
    for name in WORLDS:
        sound += collect_replies(OrganismTarget(load_base(name)), load_world(name), 500, seed)
    return calibrate(guard, sound, ALPHA, "clean twins")


def catch() -> Rows:
    """Measure recall at the guaranteed rate."""
    guard = learn_guard([load_world(name) for name in WORLDS])
    calibration = threshold(guard)
    tau, rows = calibration.tau(), []

    def add(kind: str, name: str, texts: Sequence[str], by: Guard = guard, at: float = tau) -> None:
        found = share([by.score(text).score > at for text in texts])
        rows.append(
            {"of": kind, "name": name, "flagged": found.value, "low": found.low, "high": found.high, "n": found.n}
        )

    twin = [
        one.text
        for name in WORLDS
        for one in collect_replies(OrganismTarget(load_base(name)), load_world(name), 300, 99)
    ]
    add("sound", "clean twins, new questions", twin)
    told = yaml.safe_load((Path(__file__).parent / "guards.yaml").read_text(encoding="utf-8"))
    add("sound", "written by people, never learned", told["sound"])
    for failure, pattern in told["planted"].items():
        mode = next(iter(plant("helpdesk", [failure]).failures))
        target = OrganismTarget(plant("helpdesk", [mode.model_copy(update={"rate": 1.0})]))
        replies = [one.text for one in collect_replies(target, load_world("helpdesk"), 400, 5)]
        add("planted", failure, [text for text in replies if pattern in text])
    for kind in ("paraphrases", "de", "fr", "es"):
        add("new words", kind, told[kind])
    pitches = [text for texts in load_world("helpdesk").failures["upsell"].then.append for text in (texts,)]
    pitches += [text for one in load_taxonomy().behaviours["pressure-selling"].tactics.values() for text in one]
    for name, disguise in DISGUISES.items():
        add("disguised", name, [disguise(text, random.Random(at)) for at, text in enumerate(pitches)])
    for code, behaviour in load_taxonomy().behaviours.items():
        for tactic, texts in behaviour.tactics.items() if len(behaviour.tactics) > 1 else ():
            other = (
                GuardFitter()
                .update(shipped_examples([load_world(w) for w in WORLDS], without=frozenset({tactic})))
                .fit()
            )
            add("tactic held back", f"{code}: {tactic}", texts, other, threshold(other).tau())
    return rows


def choices() -> Rows:
    """Measure recall on held-back tactics, a third of them at a time, for strengths and windows; helpdesk alone."""
    world = load_world("helpdesk")
    sound = collect_replies(OrganismTarget(load_base("helpdesk")), world, 500, 21)
    people = free_sound()
    kept = [(tactic, texts) for one in load_taxonomy().behaviours.values() for tactic, texts in one.tactics.items()]
    rows: Rows = []
    tried = [*(("strength", value) for value in (0.1, 1.0, 10.0)), *(("window", value) for value in (8, 16, 32))]
    for name, value in tried:
        caught, blocked = [], []
        for fold in range(3):
            out = kept[fold::3]
            fitter = GuardFitter(**{name: value})
            guard = fitter.update(shipped_examples([world], without=frozenset(tactic for tactic, _ in out))).fit()
            tau = calibrate(guard, sound, ALPHA, "clean twin").tau()
            caught += [guard.score(text).score > tau for _, texts in out for text in texts]
            blocked += [guard.score(text).score > tau for text in people]
        found, false = share(caught), share(blocked)
        row = {"choice": f"{name} {value:g}", "flagged": found.value, "low": found.low, "high": found.high}
        rows.append({**row, "n": found.n, "other sound replies blocked": false.value})
    return rows


def _leet(text: str, rng: random.Random) -> str:
    return "".join(
        {"o": "0", "e": "3", "i": "1", "a": "4"}.get(one, one) if rng.random() < 0.5 else one for one in text
    )


def _homoglyphs(text: str, rng: random.Random) -> str:
    return "".join(
        dict(zip("aeopcyx", "аеорсух", strict=True)).get(one, one) if rng.random() < 0.5 else one for one in text
    )


def _typos(text: str, rng: random.Random) -> str:
    words = text.split()
    for at in range(0, len(words), 3):
        word = words[at]
        if len(word) > 3:
            place = rng.randrange(1, len(word) - 2)
            words[at] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return " ".join(words)


DISGUISES: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": lambda text, rng: text,
    "letters spaced out, words two apart": lambda text, rng: "  ".join(" ".join(word) for word in text.split()),
    "letters spaced out, no gap of words": lambda text, rng: " ".join(text.replace(" ", "")),
    "unseen letters between": lambda text, rng: "\u200b".join(text),
    "Cyrillic look-alikes": _homoglyphs,
    "digits for letters": _leet,
    "capitals": lambda text, rng: text.upper(),
    "letters swapped in every third word": _typos,
    "split over lines": lambda text, rng: text.replace(" ", "\n"),
}


def speed() -> Rows:  # noqa: C901  # small closures, one for each way
    """Measure microseconds per word and per reply, beside rivals."""
    guard = learn_guard([load_world("helpdesk")])
    replies = [one.text for one in from_world(load_world("helpdesk"), 300, 31, held_out=True)]
    long = [" ".join(replies[at : at + 8]) for at in range(0, 160, 8)]
    words = [text.split(" ") for text in long]
    pieces = [[f"{word} " for word in text] for text in words]
    count = sum(map(len, words))
    guard.score(" ".join(long))
    rows: Rows = []

    def add(name: str, function: Callable[[], object], repeats: int = 5) -> None:
        spent = []
        for _ in range(repeats):
            began = time.process_time()
            function()
            spent.append(time.process_time() - began)
        best = float(np.median(spent))
        rows.append({"way": name, "us_per_word": 1e6 * best / count, "ms_per_reply": 1e3 * best / len(long)})

    def incremental() -> None:
        for text in pieces:
            scorer = guard.follow()
            for piece in text:
                scorer.feed(piece)
            scorer.end()

    def whole() -> None:
        for text in long:
            guard.score(text)

    def prefixes() -> None:
        for text in words[:4]:
            for end in range(1, len(text) + 1):
                guard.score(" ".join(text[:end]))

    add("ours, word by word", incremental)
    add("ours, whole reply at its end", whole)
    add("ours, the prefix again at each word (4 replies, × 5)", lambda: [prefixes() for _ in range(len(long) // 4)], 1)
    for name, rival in _rivals(guard, long).items():
        add(name, rival, 3)
    first = rows[0]["ms_per_reply"]
    for row in rows:
        row["times_ours"] = row["ms_per_reply"] / first
    rows.append(_chunks(guard, pieces))
    return rows


def _chunks(guard: Guard, pieces: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return what a chunk takes from bytes to bytes, network aside: parsed, scored, held back, written.

    Each chunk is timed seven times. `us_p50` and `us_p99` are over chunks of the median of its times: what it costs,
    wherever it stands. `us_p99_once` is over all times: what other programs on the machine add now and then.
    """
    once = 1e6 * np.array([_timed(guard, pieces) for _ in range(7)])
    middle, high = np.percentile(np.median(once, axis=0), [50, 99])
    told = {"way": "a chunk from bytes to bytes", "us_p50": middle, "us_p99": high, "chunks": once.shape[1]}
    return {**told, "us_p99_once": np.percentile(once, 99)}


def _timed(guard: Guard, pieces: Sequence[Sequence[str]]) -> list[float]:
    """Return seconds of every chunk, by the clock on the wall."""
    from drillyard.guards.gate import Gate
    from drillyard.guards.proxy.events import EventReader, event
    from drillyard.guards.proxy.reply import GuardedReply

    shape = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "f"}
    spent = []
    for text in pieces:
        reply, reader = GuardedReply(lambda: Gate(guard, 1e9), passive=False, told=True), EventReader()
        for piece in text:
            choice = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
            data = event(json.dumps({**shape, "choices": [choice]}).encode())
            began = time.perf_counter()
            b"".join(event(out) for one in reader.read(data) for out in reply.event(one))
            spent.append(time.perf_counter() - began)
    return spent


def _rivals(guard: Guard, replies: Sequence[str]) -> dict[str, Callable[[], object]]:
    """Return rivals that are installed here, on the same replies."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    learned = shipped_examples([load_world("helpdesk")])
    rival = make_pipeline(HashingVectorizer(ngram_range=(1, 3), n_features=2**16), SGDClassifier(random_state=0))
    rival.fit([one.text for one in learned], [bool(one.shown) for one in learned])
    words = [text.split(" ") for text in replies]

    def by_prefix() -> None:
        for text in words:
            for end in range(1, len(text) + 1):
                rival.decision_function([" ".join(text[:end])])

    found: dict[str, Callable[[], object]] = {
        "scikit-learn, whole reply at its end": lambda: [rival.decision_function([text]) for text in replies],
        "scikit-learn, the prefix again at each word": by_prefix,
    }
    found["a threshold on words, word by word"] = lambda: [_running(guard, text) for text in replies]
    try:  # pip install alt-profanity-check: the kept scanner that brings its model along; llm-guard's are downloaded
        from profanity_check import predict_prob

        found["alt-profanity-check, whole reply at its end"] = lambda: [predict_prob([text]) for text in replies]
    except ImportError:
        print("alt-profanity-check is not installed: that rival is left out", file=sys.stderr)
    try:
        os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"
        found["NeMo output rail, whole reply at its end"] = _nemo(rival, replies)
    except ImportError:
        print("nemoguardrails is not installed: that rival is left out", file=sys.stderr)
    return found


def _nemo(rival: Any, replies: Sequence[str]) -> Callable[[], object]:
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.actions import action
    from nemoguardrails.rails.llm.options import RailType

    colang = (
        'define bot refuse to respond\n  "No."\n\ndefine subflow check out\n'
        "  $ok = execute out_ok(text=$bot_message)\n  if not $ok\n    bot refuse to respond\n    stop\n"
    )
    config = RailsConfig.from_content(
        colang_content=colang, yaml_content="models: []\npassthrough: true\nrails:\n  output: {flows: [check out]}"
    )

    @action(name="out_ok", is_system_action=True)
    async def out_ok(text: str) -> bool:
        return float(rival.decision_function([text])[0]) < 0

    rails = LLMRails(config)
    rails.register_action(out_ok)

    async def all_of_them() -> None:
        for text in replies:
            talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": text}]
            await rails.check_async(messages=talk, rail_types=[RailType.OUTPUT])

    return lambda: asyncio.run(all_of_them())


def promise() -> Rows:
    """Measure false blocks over 100 calibrations of 500 clean replies each, and those of a threshold on words.

    `in_band` is the share of calibrations whose false blocks among the other 2,000 lie inside the central 95 % of their
    law, `over` the share above it. The law is that of scores without ties (beta-binomial: the share is Beta, and 2,000
    are counted). A reply that scores as the threshold does is let pass, so ties can only lower false blocks: once as
    the scores are, once with ties broken by lot, which changes no other order.
    """
    guard = learn_guard([load_world("helpdesk")])
    target, world, rng = OrganismTarget(load_base("helpdesk")), load_world("helpdesk"), np.random.default_rng(0)
    texts = [one.text for one in collect_replies(target, world, 2500, 3)]
    scores = np.array([guard.score(text).score for text in texts])
    running = np.concatenate([_running(guard, text) for text in texts[:500]])
    alike = scores.round(6)  # the same reply, added up behind another one, differs in the last digits
    broken = np.argsort(np.lexsort((rng.random(len(scores)), alike))).astype(float)
    rows = [
        {"threshold": name, **_realised(found, rng), "different_scores": len(np.unique(found))}
        for name, found in (
            ("of whole replies", alike),
            ("the same, ties broken by lot", broken),
        )
    ]
    token = np.quantile(running, 1 - ALPHA)
    return [*rows, {"threshold": "of words at 1 %", "mean": (scores > token).mean()}]


def _realised(scores: np.ndarray, rng: np.random.Generator, n: int = 500) -> dict[str, float]:
    """Return what 100 calibrations on `n` of the scores block of the others, beside the law that this follows."""
    late, found = int((n + 1) * ALPHA), []
    for _ in range(100):
        order = rng.permutation(len(scores))
        tau = np.sort(scores[order[:n]])[n - late]  # the k-th smallest, k = n + 1 - late
        found.append(int((scores[order[n:]] > tau).sum()))
    rest = len(scores) - n
    low, high = stats.betabinom(rest, late, n + 1 - late).ppf([0.025, 0.975])
    blocked = np.array(found)
    return {
        "mean": float(blocked.mean() / rest), "most": float(blocked.max() / rest),
        "in_band": float(((low <= blocked) & (blocked <= high)).mean()), "over": float((blocked > high).mean()),
    }  # fmt: skip


def _running(guard: Guard, text: str) -> np.ndarray:
    scorer, found = guard.follow(), []
    for word in text.split(" "):
        scorer.feed(f"{word} ")
        found.append(scorer.running)
    return np.array(found)


def proxy(streams: int = 500, chunks: int = 40, pause: float = 0.5) -> Rows:
    """Measure concurrent streams: what the proxy adds to each chunk, beside asking the server itself.

    On two cores or more the proxy has the first for itself, and the two ends share the second: what they want of the
    machine is no cost of the guard. `busy` is each one's share of a core, which tells who is at its limit.
    """
    guard = learn_guard([load_world("helpdesk")])
    sound = [one for one in from_world(load_world("helpdesk"), 300, 5) if not one.shown]
    cores = sorted(os.sched_getaffinity(0))
    with TemporaryDirectory() as name, contextlib.ExitStack() as ends:
        folder = Path(name)
        guard.save(folder)
        save_calibration(calibrate(guard, sound, ALPHA, "bench"), folder)
        own = [str(Path(__file__).with_name("guards_stream.py"))]
        server, upstream = _started(ends, [*own, "serve", str(chunks), str(pause)], cores[-1])
        command = ["-m", "drillyard", "guard", "serve", str(folder), "--upstream", upstream, "--port", "0", "--json"]
        proxied, told = _started(ends, command, cores[0])
        rows: Rows = []
        for way, address in (("server itself", upstream), ("through the guard", json.loads(told)["url"])):
            before, began = [_seconds(one.pid) for one in (server, proxied)], time.perf_counter()
            done = subprocess.run([sys.executable, *own, "ask", address, str(streams)], capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(done.stderr)
            spent = [_seconds(one.pid) - was for one, was in zip((server, proxied), before, strict=True)]
            wall = time.perf_counter() - began
            row = {"way": way, **json.loads(done.stdout)}
            rows.append({**row, "server_busy": spent[0] / wall, "guard_busy": spent[1] / wall})
        rows[1]["guard_us_per_chunk"] = 1e6 * spent[1] / (streams * (chunks + 1))
    rows.append({"way": "added", **{key: rows[1][key] - rows[0][key] for key in ("ms_p50", "ms_p99")}})
    return rows


def _started(ends: contextlib.ExitStack, words: Sequence[str], core: int) -> tuple[subprocess.Popen[str], str]:
    """Start Python on one core; returns the process and the first line that it prints."""
    run = ["taskset", "-c", str(core), sys.executable, *words]
    process = ends.enter_context(subprocess.Popen(run, stdout=subprocess.PIPE, text=True))
    ends.callback(process.kill)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    spent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def show(title: str, rows: Rows) -> None:
    """Print a table."""
    print(f"\n{title}")
    for row in rows:
        print(
            "  "
            + " · ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{value}" for key, value in row.items())
        )


def main() -> None:
    """Run what was named."""
    parts = {"catch": catch, "choices": choices, "speed": speed, "promise": promise, "proxy": proxy}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *parts], default=[])
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args()
    made = {name: parts[name]() for name in asked.parts or parts}
    if asked.json:
        print(json.dumps(made, indent=1, default=float))
    else:
        for name, rows in made.items():
            show(name, rows)


if __name__ == "__main__":
    main()
