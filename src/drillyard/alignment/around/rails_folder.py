"""The folder that NeMo Guardrails runs as it is: `config.yml`, `rails.co` (Colang 1.0), `actions.py`, the weights.

Each side has one subflow: the user's message goes to one action that answers forbidden, outside or neither, and the
model's reply to another. NeMo's own topical rails compare embeddings; the nearest example by the same n-grams, which is
as near to that as one comes without a download, caught fewer questions from outside at the same rate of false alarms
(`benchmarks/rails.py --topical`). So the topical rail is one more question of the same classifier.

Does not cover: streaming with output rails, for which NeMo wants another kind of result and shows what it has not yet
checked.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from drillyard.alignment.around.screened import Answers
from drillyard.alignment.around.verdict import HAND_OVER, OUTSIDE, REFUSE
from drillyard.errors import bad_input
from drillyard.records.files import write_atomically

__all__ = ["ACTIONS", "COLANG", "CONFIG", "WEIGHTS", "write_folder"]

CONFIG, COLANG, ACTIONS, WEIGHTS = "config.yml", "rails.co", "actions.py", "classifier.safetensors"
"""The files of the folder."""

_FORBIDDEN_SIGNS = '"{}$\n\\'  # Colang ends a text at a quotation mark, and fills in what stands in braces or after $
_SAYS = {REFUSE: "refuse", OUTSIDE: "stay on topic", HAND_OVER: "hand over"}

_CONFIG = """\
# Rails of {name}, for NeMo Guardrails 0.24 (Colang 1.0). Add your model under `models`, or pass one to LLMRails.
# passthrough: the model gets your messages as they are. Output rails check whole replies: do not stream through them.
models: []
passthrough: true
rails:
  input:
    flows: [check request]
  output:
    flows: [check reply]
"""

_TAIL = '''

# The actions that rails.co calls. An error in one of them stops the message: NeMo then says that an internal error has
# occurred.
import functools
from pathlib import Path

from nemoguardrails.actions import action


@functools.cache
def _screen():
    return open_screen(str(Path(__file__).with_name("{weights}")))


@action(name="check_request", is_system_action=True)
async def check_request(text: str = "") -> str:
    """Return the verdict on a user's message."""
    return _screen().requests([text])[0]


@action(name="check_reply", is_system_action=True)
async def check_reply(text: str = "") -> str:
    """Return the verdict on a model's reply."""
    return _screen().replies([text])[0]
'''


def write_folder(folder: Path, name: str, answers: Answers) -> None:
    """Write everything but the weights.

    Raises:
        BadInput: an answer with a sign that Colang would not say as it stands.
    """
    for text in answers.by_verdict.values():
        if any(sign in text for sign in _FORBIDDEN_SIGNS) or not text.strip():
            expected = "one line of words without quotation marks, braces, dollar signs or backslashes"
            raise bad_input(f"the answer {text!r:.80}", expected, "change it in the policy")
    verdict = resources.files("drillyard.alignment.around").joinpath("verdict.py").read_text(encoding="utf-8")
    files = {
        CONFIG: _CONFIG.format(name=" ".join(name.split())),
        COLANG: _colang(answers),
        ACTIONS: verdict + _TAIL.replace("{weights}", WEIGHTS),
    }
    for path, text in files.items():
        write_atomically(folder / path, text.encode())


def _colang(answers: Answers) -> str:
    said = [f'define bot {_SAYS[verdict]}\n  "{text}"\n' for verdict, text in answers.by_verdict.items()]
    request = _subflow("check request", "check_request(text=$user_message)", [REFUSE, OUTSIDE])
    reply = _subflow("check reply", "check_reply(text=$bot_message)", [REFUSE, HAND_OVER])
    return "\n".join([*said, request, reply])


def _subflow(name: str, call: str, verdicts: list[str]) -> str:
    stops = "".join(f'  if $verdict == "{one}"\n    bot {_SAYS[one]}\n    stop\n' for one in verdicts)
    return f"define subflow {name}\n  $verdict = execute {call}\n{stops}"
