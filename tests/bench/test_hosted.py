"""Hosted Evals in: shapes of the API become benchmarks, stored runs can be judged again, and losses are told."""

from __future__ import annotations

import contextlib
import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drillyard.bench.bench_file import load_bench
from drillyard.bench.hosted_graders import read_grader
from drillyard.bench.hosted_rows import RowCount
from drillyard.bench.hosted_runs import Verdicts
from drillyard.bench.importing import guess_format, import_benchmarks
from drillyard.bench.rescue import rescue
from drillyard.bench.running import judge_stored, run_bench
from drillyard.errors import BadInput, DrillyardError
from drillyard.records import ModelLabel, ModelScore, Similarity, TextCheck
from drillyard.targets.null import EchoTarget

CHECK = {
    "type": "string_check",
    "name": "says it",
    "input": "{{ sample.output_text }}",
    "reference": "{{item.answer.short}}",
    "operation": "ilike",
}
LABEL = {
    "type": "label_model",
    "name": "tone",
    "model": "gpt-4o",
    "input": [{"role": "developer", "content": {"type": "input_text", "text": "Is {{sample.output_text}} kind?"}}],
    "labels": ["kind", "not-kind"],
    "passing_labels": ["kind"],
}
PYTHON = {"type": "python", "name": "code", "source": "def grade(sample, item): return 1.0"}
ROWS = [{"q": "Hello", "answer": {"short": "hello"}}, {"q": "How much?", "answer": {"short": "49"}}]
EVAL = {
    "object": "eval",
    "id": "eval_1",
    "name": "Shop",
    "created_at": 1,
    "data_source_config": {"type": "custom", "schema": {}},
    "testing_criteria": [CHECK],
}
RUN = {
    "object": "eval.run",
    "id": "run_1",
    "eval_id": "eval_1",
    "data_source": {
        "type": "completions",
        "model": "gpt-4o-mini",
        "input_messages": {
            "type": "template",
            "template": [{"role": "developer", "content": "Sell."}, {"role": "user", "content": "{{item.q}}"}],
        },
        "source": {"type": "file_content", "content": [{"item": row} for row in ROWS]},
    },
}


def item(number: int, said: str, passed: bool, run: str = "run_1") -> dict[str, Any]:
    """Return an output item as the API gives it."""
    return {
        "object": "eval.run.output_item",
        "id": f"item_{number}",
        "eval_id": "eval_1",
        "run_id": run,
        "datasource_item": ROWS[number],
        "sample": {
            "model": "gpt-4o-mini",
            "input": [{"role": "user", "content": ROWS[number]["q"]}],
            "output": [{"role": "assistant", "content": said}],
            "finish_reason": "stop",
        },
        "results": [{"name": "says it-6f2c", "passed": passed, "score": float(passed)}],
    }


def write(path: Path, *things: object) -> Path:
    """Write one page of the API."""
    path.write_text(json.dumps({"object": "list", "data": list(things), "has_more": False}))
    return path


def test_an_eval_with_its_run_comes_over(tmp_path: Path) -> None:
    """Rows become cases, templates prompts, nested fields dotted names; the verdicts are those of the operation."""
    export = write(tmp_path / "export.json", EVAL, RUN)
    assert guess_format(export) == "hosted"
    (done,) = import_benchmarks(export, tmp_path / "in")
    assert done.path is not None and done.lost == ()
    bench = load_bench(done.path)
    assert (bench.id, bench.title, len(bench.cases)) == ("eval_1", "Shop", 2)
    asked = bench.cases[0].asks[0].conversation
    assert [(m.role, m.content) for m in asked.messages] == [("system", "Sell."), ("user", "Hello")]
    run = run_bench(bench, EchoTarget(), tmp_path / "run")
    assert [one.verdict for one in run.verdicts] == ["passed", "failed"]  # "Hello" holds "hello", "How much?" no "49"


@pytest.mark.parametrize("form", ["page", "bare", "list", "lines", "folder", "nested"])
def test_any_nesting_will_do(tmp_path: Path, form: str) -> None:
    """One object, lists, pages, JSON lines, folders, runs inside the eval: the same cases."""
    path = tmp_path / "export.json"
    if form == "page":
        write(path, EVAL, RUN)
    elif form == "bare":
        path.write_text(json.dumps({**EVAL, "input_messages": RUN["data_source"]["input_messages"], "items": ROWS}))
    elif form == "list":
        path.write_text(json.dumps([EVAL, [RUN]]))
    elif form == "lines":
        path = tmp_path / "export.jsonl"
        path.write_text(f"{json.dumps(EVAL)}\n{json.dumps(RUN)}\n")
    elif form == "folder":
        path = tmp_path / "folder"
        path.mkdir()
        write(path / "evals.json", EVAL)
        write(path / "runs.json", RUN)
    else:
        path.write_text(json.dumps({"eval": EVAL, "runs": {"data": [RUN]}}))
    (done,) = import_benchmarks(path, tmp_path / "in", kind="hosted")
    assert done.path is not None
    assert [case.asks[0].conversation.last_user for case in load_bench(done.path).cases] == ["Hello", "How much?"]


def test_python_graders_are_refused(tmp_path: Path) -> None:
    """Code from an export is never run: one line says so; with skip_bad the other graders come over."""
    export = write(tmp_path / "export.json", {**EVAL, "testing_criteria": [PYTHON, CHECK]}, RUN)
    with pytest.raises(BadInput) as caught:
        import_benchmarks(export, tmp_path / "in")
    assert "grader 'code': it runs Python code from the export, which is refused" in str(caught.value)
    (done,) = import_benchmarks(export, tmp_path / "in", skip_bad=True)
    assert done.criteria == 1 and len(done.lost) == 1


def test_graders_of_one_name_stay_apart(tmp_path: Path) -> None:
    """The API allows two of one name; here the second gets a number, and both judge."""
    other = {**CHECK, "operation": "ne"}
    (done,) = import_benchmarks(write(tmp_path / "e.json", {**EVAL, "testing_criteria": [CHECK, other]}, RUN), tmp_path)
    assert done.path is not None
    run = run_bench(load_bench(done.path), EchoTarget(), tmp_path / "run")
    assert [one.criterion for one in run.verdicts[:2]] == ["says it", "says it 2"]


@pytest.mark.parametrize("slot", ["{{ item.q | upper }}", "{{item.missing field}}", "{{sample.output_json.x}}"])
def test_a_placeholder_that_is_not_known_is_told(tmp_path: Path, slot: str) -> None:
    """What would otherwise be compared as plain text is named instead; that grader alone is lost, once for all rows."""
    export = write(tmp_path / "e.json", {**EVAL, "testing_criteria": [{**CHECK, "reference": slot}, CHECK]}, RUN)
    with pytest.raises(BadInput, match="eval_1: .*grader 'says it'.* quotes"):
        import_benchmarks(export, tmp_path / "in", skip_bad=False)
    (done,) = import_benchmarks(export, tmp_path / "in", skip_bad=True)
    assert (done.cases, done.criteria, len(done.lost)) == (2, 1, 1)


def test_graders_become_criteria() -> None:
    """Each type with its fields, messages with parts included."""
    check, label = read_grader(CHECK), read_grader(LABEL)
    assert isinstance(check, TextCheck) and (check.operation, check.reference) == ("ilike", "{{item.answer.short}}")
    assert isinstance(label, ModelLabel) and label.passing == ("kind",) and label.messages[0].role == "system"
    score = read_grader({**LABEL, "type": "score_model", "range": [1, 5], "pass_threshold": 4})
    assert isinstance(score, ModelScore) and (score.low, score.high, score.pass_threshold) == (1, 5, 4)
    near = {"type": "text_similarity", "name": "near", "evaluation_metric": "rouge_l", "pass_threshold": 0.5}
    similar = read_grader({**near, "input": "{{sample.output_text}}", "reference": "{{item.answer}}"})
    assert isinstance(similar, Similarity) and similar.metric == "rouge_l"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"operation": "regex"}, "operation 'regex'"),
        ({"type": "multi"}, "belong to fine-tuning"),
        ({"type": "new_kind"}, "type 'new_kind'"),
        ({"type": "text_similarity", "evaluation_metric": "cosine"}, "needs OpenAI's embeddings"),
        ({"type": "text_similarity", "evaluation_metric": "bleu"}, "without pass_threshold"),
        ({"type": "label_model"}, "no field 'labels'"),
    ],
)
def test_a_grader_that_cannot_be_used_is_one_line(change: dict[str, str], words: str) -> None:
    """The line names the grader and says why."""
    with pytest.raises(BadInput) as caught:
        read_grader({**CHECK, **change})
    assert words in str(caught.value) and "'says it'" in str(caught.value) and "\n" not in str(caught.value)


def test_rows_that_lack_what_graders_quote_are_told(tmp_path: Path) -> None:
    """A row without the field is named by its number; with skip_bad it is kept, and unknown to that grader."""
    run = copy.deepcopy(RUN)
    run["data_source"]["source"]["content"][1]["item"] = {"q": "How much?"}
    export = write(tmp_path / "export.json", EVAL, run)
    with pytest.raises(BadInput, match=r"eval_1 row 2: found a row without item.answer.short"):
        import_benchmarks(export, tmp_path / "in")
    (done,) = import_benchmarks(export, tmp_path / "in", skip_bad=True)
    assert done.path is not None and done.cases == 2
    judged = run_bench(load_bench(done.path), EchoTarget(), tmp_path / "run")
    assert [one.verdict for one in judged.verdicts] == ["passed", "unknown"]
    assert judged.verdicts[1].reason == "the case has no item.answer.short"


def test_rescue_keeps_stored_replies_and_compares_verdicts(tmp_path: Path) -> None:
    """Two stored runs become runs that can be judged again; a verdict that differs is counted, not hidden."""
    items = [item(0, "hello!", True), item(1, "51 euros", False), item(0, "bye", True, "run_2")]
    (rescued,) = rescue(write(tmp_path / "export.json", EVAL, RUN, *items), tmp_path / "out")
    verdicts = [run.verdicts for run in rescued.runs]
    assert verdicts == [Verdicts(same=2), Verdicts(other=1)]  # "bye" holds no "hello"
    judged = judge_stored(rescued.runs[0].folder)
    assert judged.report.target == "hosted/gpt-4o-mini"
    assert [one.verdict for one in judged.verdicts] == ["passed", "failed"]
    page = (tmp_path / "out" / "rescue.md").read_text()
    assert "2 stored verdicts = 2 the same here" in page and "drillyard bench judge" in page


def answered(number: int, identity: str, passed: bool | None = None, **sample: Any) -> dict[str, Any]:
    """Return an output item with an id of its own and another sample."""
    made = {**item(number, "", bool(passed)), "id": identity}
    made["sample"] = {"model": "gpt-4o-mini", "input": made["sample"]["input"], **sample}
    return made if passed is not None else {**made, "results": []}


def reply(content: object, **more: object) -> dict[str, Any]:
    """Return a sample with one message of the assistant."""
    return {"output": [{"role": "assistant", "content": content, **more}]}


TOOL = {"type": "function_call", "name": "look_up"}
ODD_ROWS = [
    answered(0, "plain", True, **reply("hello")),
    answered(0, "again", True, **reply("hello")),  # the same row and the same reply, sampled twice
    answered(0, "parts", True, **reply([{"type": "output_text", "text": part} for part in ("hel", "lo")])),
    answered(1, "refusal", False, **reply(None, refusal="I cannot say.")),
    answered(0, "null", True, **reply(None)),
    answered(1, "filtered", False, **reply(""), finish_reason="content_filter"),
    answered(1, "tools", **reply([TOOL])),
    answered(1, "error", False, output=[], error={"code": "rate_limit", "message": "Slow\ndown"}),
    answered(1, "nothing", False),
    answered(0, "elsewhere", False, **reply("hello")) | {"datasource_item": "a text"},
]


def test_rows_add_up_whatever_their_reply_is(tmp_path: Path) -> None:
    """Parts are text, silence and errors are unknown with their reason, what is lost has a name, and the sums hold."""
    graders = [CHECK, PYTHON, {**CHECK, "name": "odd", "operation": "regex"}]
    export = write(tmp_path / "e.json", {**EVAL, "testing_criteria": graders}, RUN, *ODD_ROWS)
    (rescued,) = rescue(export, tmp_path / "out")
    assert rescued.rows == RowCount(questions=2, with_text=4, without_text=5, lost=1)
    (run,) = rescued.runs
    # Nine verdicts: four rows with text agree, four without are unknown here (whatever was stored), one row is lost.
    assert (run.rows, run.verdicts) == (9, Verdicts(same=4, unknown=4, not_compared=1))
    assert [words for words in rescued.imported.lost if "elsewhere" in words] == [
        "eval_1 row 12 (elsewhere): found a row with the item 'a text', expected an object"
    ]
    assert rescued.imported.criteria == 1 and len(rescued.imported.lost) == 3
    judged = judge_stored(run.folder)
    assert (judged.report.cases, judged.report.criteria[0].unknown) == (9, 5)
    assert [one.transcript.reply.why for one in judged.replies if one.transcript.reply.finish == "error"] == [
        "empty",
        "content_filter",
        "parts: function_call",
        "error: rate_limit: Slow down",
        "empty",
    ]
    words = "12 rows in the export = 4 kept with text + 5 kept without text or ended in an error"
    assert f"{words} + 2 kept as questions + 1 lost" in (tmp_path / "out" / "rescue.md").read_text()


def test_an_eval_without_graders_keeps_its_rows(tmp_path: Path) -> None:
    """No grader that can be used, or no definition at all: replies come over, and what is missing is said."""
    stranger = {**item(0, "hello", True), "eval_id": "eval_7", "run_id": "run_7"}
    export = write(tmp_path / "e.json", {**EVAL, "testing_criteria": [PYTHON]}, RUN, item(1, "49", True), stranger)
    first, second = rescue(export, tmp_path / "out")
    assert (first.imported.criteria, first.rows) == (0, RowCount(questions=2, with_text=1))
    assert second.imported.lost == ("eval_7: its graders (testing_criteria) were not saved",)
    assert second.rows == RowCount(with_text=1)
    assert judge_stored(second.runs[0].folder).report.accuracy is None


def test_pages_that_were_not_saved_are_told(tmp_path: Path) -> None:
    """A run counts its output items: those that the export lacks are named, and a page saved twice counts once."""
    run = {**RUN, "result_counts": {"total": 5}}
    rows = [item(0, "hello", True)] * 2 + [item(1, "no", False)]
    (rescued,) = rescue(write(tmp_path / "e.json", EVAL, run, *rows), tmp_path / "out")
    assert rescued.imported.lost == (
        "eval_1 run run_1: 3 of its 5 output items were not saved: save all pages of them",
    )
    assert rescued.rows == RowCount(questions=2, with_text=2)


def test_verdicts_find_their_grader(tmp_path: Path) -> None:
    """By the id that the service gave, else by the longest name; of graders with one name, each in its turn."""
    names = [("a", "ilike", "x-1"), ("a-b", "ne", None), ("a", "ne", None)]
    graders = [{**CHECK, "name": name, "operation": how, **({"id": key} if key else {})} for name, how, key in names]
    odd = {**item(0, "hello", True), "results": [{"name": "a-b-77", "passed": True}, {"name": "x-1", "passed": True}]}
    (rescued,) = rescue(write(tmp_path / "e.json", {**EVAL, "testing_criteria": graders}, RUN, odd), tmp_path / "out")
    # "Hello" is asked for and "hello" said: `ilike` finds it, and `ne` of the same words fails, against a stored pass.
    assert rescued.runs[0].verdicts == Verdicts(same=1, other=1)


def test_rescue_goes_on_past_an_eval_that_is_lost(tmp_path: Path) -> None:
    """Rows that were never saved are told with what to save; the other eval comes over."""
    empty = {**EVAL, "id": "eval_2", "name": "Logs", "data_source_config": {"type": "logs"}}
    elsewhere = copy.deepcopy({**RUN, "id": "run_9", "eval_id": "eval_2"})
    elsewhere["data_source"]["source"] = {"type": "file_id", "id": "file_1"}
    done = rescue(write(tmp_path / "export.json", EVAL, RUN, empty, elsewhere), tmp_path / "out")
    assert [one.imported.path is not None for one in done] == [True, False]
    assert "save its output items" in done[1].imported.lost[0]
    assert "Did not come over" in (tmp_path / "out" / "rescue.md").read_text()


def test_requests_without_an_id_all_come_over(tmp_path: Path) -> None:
    """What people kept of their own requests to create evals has no id, perhaps no name: none hides another."""
    asked = {"testing_criteria": [CHECK], "input_messages": RUN["data_source"]["input_messages"], "items": ROWS}
    (tmp_path / "kept.json").write_text(json.dumps([asked, asked, {**asked, "name": "Shop"}]))
    rescued = rescue(tmp_path / "kept.json", tmp_path / "out")
    assert [one.imported.name for one in rescued] == ["eval", "eval-2", "Shop"]
    assert [one.imported.cases for one in rescued] == [2, 2, 2]
    assert len(list((tmp_path / "out").glob("*.jsonl"))) == 3


def test_rows_with_stored_replies_alone_are_judged_without_asking(tmp_path: Path) -> None:
    """A run of type jsonl brings its samples: they are judged, and no target is asked."""
    run = copy.deepcopy(RUN)
    rows = [{"item": row, "sample": {"output_text": "hello 49"}} for row in ROWS]
    run["data_source"] = {"type": "jsonl", "source": {"type": "file_content", "content": rows}}
    (done,) = import_benchmarks(write(tmp_path / "export.json", EVAL, run), tmp_path / "in")
    assert done.path is not None
    told = run_bench(load_bench(done.path), EchoTarget(), tmp_path / "run")
    assert told.report.queries == 0 and told.report.accuracy is not None and told.report.accuracy.value == 1.0


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every part of a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(path for key, part in parts for path in paths(part, (*above, key)))]


WHOLE = [{**EVAL, "testing_criteria": [CHECK, LABEL, {**LABEL, "type": "score_model", "name": "s"}]}, RUN]
WHOLE += [item(0, "hello", True), item(1, "no", False)]
odd = st.sampled_from([None, 0, -1.5, True, "", "x", [], {}, [[]], [None], {"x": 1}, [{"type": "x"}], ["a", "b", "c"]])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from([path for path in paths(WHOLE) if path]), value=odd)
def test_whatever_is_odd_in_an_export_is_told_or_read(tmp_path: Path, path: tuple[Any, ...], value: object) -> None:
    """Any part of an export may be anything: rescue ends with a page or one line, never with a bug."""
    whole = copy.deepcopy(WHOLE)
    place: Any = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder, contextlib.suppress(DrillyardError):
        rescue(write(Path(folder) / "export.json", *whole), Path(folder) / "out")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"object": "list", "data": []}', "[" * 5000])
def test_what_is_no_export_is_one_line(tmp_path: Path, text: str) -> None:
    """Broken or empty JSON: one line."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        rescue(path, tmp_path / "out")
    assert "\n" not in str(caught.value)
