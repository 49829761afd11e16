"""A run that was cut off anywhere goes on to the bytes of one that was not, alone in its folder, on a full disk too."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.records import Estimate, Message, Record, TradePoint
from drillyard.records.run_folder import RunFolder

ENTRIES = 6


class TestSpec(Record):
    """What the run of these tests is."""

    __test__ = False
    seed: int
    words: str = "ä\u2028"


SPEC = TestSpec(seed=1)


def message(number: int, spec: TestSpec = SPEC) -> Message:
    """Return a task's result: a function of spec and number."""
    return Message(role="user", content=f"{spec.seed} {spec.words * number}")


def work(folder: Path, spec: TestSpec = SPEC, after: Callable[[], None] = lambda: None) -> Message:
    """Do a run in the way every command does: claim, a journal, a file that is made once, the result last."""
    with RunFolder(folder, "test", leaves=("journal.jsonl", "result.json")).held() as run:
        run.claim(spec)
        after()
        if done := run.read("result.json", Message):
            return done
        journal = run.journal("journal.jsonl", Message)
        there = list(journal)
        for number in range(len(there), ENTRIES):
            there.append(message(number, spec))
            journal.append(there[-1])
            after()
        run.once("middle.json", Message, lambda: message(50, spec))
        after()
        all_of_it = "".join(one.content for one in there)
        run.write("result.json", done := Message(role="user", content=all_of_it))
        after()
    return done


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, without what nobody reads: a lock, and drafts that were never finished."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """Return what an uninterrupted run leaves after each of its writes, from an empty folder on."""
    folder, states = tmp_path_factory.mktemp("whole"), [dict[str, bytes]()]
    work(folder, after=lambda: states.append(snapshot(folder)))
    return states


def cut(before: Mapping[str, bytes], after: Mapping[str, bytes], at: int, folder: Path) -> None:
    """Write into a folder what a kill leaves at a byte of the write between two states, and the lock of the dead."""
    folder.mkdir(exist_ok=True)
    for name, data in before.items():
        (folder / name).write_bytes(data)
    for name, data in after.items():
        old = before.get(name, b"")
        if data == old:
            continue
        new = data[len(old) :]
        if name.endswith(".jsonl"):
            (folder / name).write_bytes(old + new[: at % len(new)])
        else:
            (folder / f".{name}.0badcafe").write_bytes(data[: at % len(data)])
    (folder / ".lock").write_bytes(b"1\n"[: at % 3])


@given(st.data())
@settings(max_examples=60)
def test_a_run_that_was_cut_at_any_byte_of_any_write_ends_as_one_that_was_not(
    whole: list[dict[str, bytes]], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever prefix of the writes there is, and however often it is cut again on the way."""
    folder = tmp_path_factory.mktemp("cut")
    for step in data.draw(st.lists(st.integers(0, len(whole) - 2), min_size=1, max_size=3).map(sorted)):
        cut(whole[step], whole[step + 1], data.draw(st.integers(0, 5000)), folder)
    assert work(folder).content and snapshot(folder) == whole[-1]


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let this process write files of so many bytes only, as a full disk would."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.walk
def test_the_kernel_may_kill_it_within_any_write(whole: list[dict[str, bytes]], tmp_path: Path) -> None:
    """Its signal for a file that grows too large ends a process at that very byte; the next one goes on from there."""
    died = 0
    for most in range(0, 330, 7):
        folder = tmp_path / str(most)
        if not (child := os.fork()):
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            with small_files(most):
                work(folder)
            os._exit(0)
        died += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGXFSZ
        work(folder)
        assert snapshot(folder) == whole[-1]
    assert died > 20


@pytest.mark.parametrize("most", [0, 10, 70, 130, 250, 300])
def test_a_file_that_cannot_grow_is_one_line_and_what_is_there_stays(
    whole: list[dict[str, bytes]], tmp_path: Path, most: int
) -> None:
    """It says what is to be done; then the same run goes on, in the same process too."""
    words = r"File too large at .*make room and type the same command again"
    with pytest.raises(BadInput, match=words) as caught, small_files(most):
        work(tmp_path)
    assert "\n" not in str(caught.value)
    work(tmp_path)
    assert snapshot(tmp_path) == whole[-1]


FULL = """
import sys; from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_run_folder import work, snapshot, BadInput
folder, filler = Path(sys.argv[2]) / "run", Path(sys.argv[2]) / "filler"
lines = 0
for kept in range(9):
    data = b"x"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)): pass
        except OSError: pass
        file.truncate(file.tell() // 4096 * 4096 - 4096 * kept)
    try: work(folder)
    except BadInput as error:
        assert "No space left on device" in str(error) and "make room" in str(error), error
        lines += 1
filler.unlink()
work(folder)
print(lines, *sorted(snapshot(folder)))
"""


def test_a_disk_that_is_really_full_is_one_line_and_what_is_there_stays(tmp_path: Path) -> None:
    """On a file system of 64 kB that is filled up to the last pages, a page less each time."""
    mount = f"mount -t tmpfs -o size=64k none {tmp_path} && exec {sys.executable} -c '{FULL}' {Path(__file__).parent}"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", f"{mount} {tmp_path}"], capture_output=True, text=True)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip(f"no file system of one's own may be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    refused, *names = done.stdout.split()
    assert int(refused) >= 3 and names == ["journal.jsonl", "middle.json", "result.json", "spec.json"]


def test_a_second_process_is_refused_while_the_first_is_at_work(tmp_path: Path) -> None:
    """It is told who is there; after a kill the folder is free, and a lock is never left behind by who ends."""
    code = (
        "import sys; from pathlib import Path; from drillyard.records.run_folder import RunFolder\n"
        f"with RunFolder(Path({str(tmp_path)!r}), 'test').held(): print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.read(1) == b"1"
        with pytest.raises(BadInput, match=rf"found another drillyard \(process {other.pid}\) at work in .*; wait"):
            work(tmp_path)
        assert not snapshot(tmp_path)
        other.kill()
        other.wait()
    assert (tmp_path / ".lock").is_file()
    work(tmp_path)
    assert not (tmp_path / ".lock").exists()


def test_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    """The first field that is not the same is named, as it is in each; nothing changes in the folder."""
    work(tmp_path)
    before = snapshot(tmp_path)
    found = re.escape(f"found another test in {tmp_path} (seed: 1), expected the same (seed: 2); choose another -o DIR")
    with pytest.raises(BadInput, match=found):
        work(tmp_path, TestSpec(seed=2))
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("left", ["journal.jsonl", "result.json"])
def test_what_a_run_leaves_is_not_taken_up_without_its_spec(tmp_path: Path, left: str) -> None:
    """Nobody knows of which run it is: a journal whose spec was deleted would go on as that of any other."""
    work(tmp_path)
    for path in tmp_path.iterdir():
        if path.name != left:
            path.unlink()
    with pytest.raises(BadInput, match=rf"found {left} without spec.json in .*, expected both of a test; choose"):
        work(tmp_path, TestSpec(seed=2))


@pytest.mark.parametrize("there", ["", "a", "a/b"])
def test_a_run_that_is_refused_leaves_no_empty_folder(tmp_path: Path, there: str) -> None:
    """Of the folders on the way those that it made are gone; those of others, and what was written, stay."""
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput), RunFolder(tmp_path / "a" / "b", "test").held():
        raise BadInput("refused")
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(BadInput), RunFolder(tmp_path / "a" / "b", "test").held() as run:
        run.claim(SPEC)
        raise BadInput("refused later")
    assert (tmp_path / "a" / "b" / "spec.json").is_file()


def test_what_differs_in_a_spec_within_a_spec_is_named_by_its_path(tmp_path: Path) -> None:
    """Not the whole inner record, in which nobody would find it."""
    outer = Estimate(value=0.5, low=0.25, high=0.75, n=4, method="before")
    spec = TradePoint(
        name="first", **dict.fromkeys(("harm", "refusal", "capability", "new_harm", "new_refusal"), outer)
    )
    folder = RunFolder(tmp_path, "test")
    folder.claim(spec)
    found = re.escape("(refusal.method: 'before'), expected the same (refusal.method: 'after')")
    with pytest.raises(BadInput, match=found):
        folder.claim(spec.model_copy(update={"refusal": outer.model_copy(update={"method": "after"})}))


def test_only_a_share_can_be_unknown() -> None:
    """From nothing to all of it; an expected loss from nothing to thousands is a figure."""
    assert Estimate(value=0.5, low=0.0, high=1.0, n=0, method="").unknown
    assert not Estimate(value=3506.0, low=0.0, high=17679.0, n=90, method="").unknown


def test_a_spec_that_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Broken, or of another release: one line that names the file."""
    (tmp_path / "spec.json").write_text('{"record": "test-spec", "version": 9}')
    with pytest.raises(BadInput, match=r"spec.json: found record 'test-spec' version 9.*; choose another -o DIR"):
        work(tmp_path)


def test_a_broken_line_within_a_journal_is_named(tmp_path: Path) -> None:
    """Only its end may be torn by a kill; anything else was not ours."""
    work(tmp_path)
    (tmp_path / "result.json").unlink()
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"user"', b"user", 1))
    with pytest.raises(BadInput, match=r"journal.jsonl line 1: .*expected an entry of an earlier run; delete that"):
        work(tmp_path)
