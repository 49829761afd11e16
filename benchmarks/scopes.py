"""How rightly are documents compiled? Facts and rules against keys made by hand, for our shop and foreign policies.

    python benchmarks/scopes.py              a table, and every entry of a key that was missed
    python benchmarks/scopes.py --json       the same as data

The keys are `tests/scopes/shop_key.yaml` and `tests/scopes/foreign_key.yaml`. The foreign policies come in a package
and are no part of this repository: pip install --no-deps --target .venv/foreign inspect-evals==0.26.0.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import answer_key

from drillyard.scopes.compiling import compile_folder
from drillyard.stats import wilson


def shares() -> list[dict[str, Any]]:
    """Return per kind of document the entries of its key, how many were compiled rightly, and what was invented."""
    key = answer_key.read_key(answer_key.SHOP_KEY)["shop"]
    compiled = compile_folder(answer_key.SHOP)
    rows = [row("shop", len(key), answer_key.missed(key, compiled), answer_key.invented(compiled, answer_key.SHOP))]
    data = answer_key.foreign_data()
    if data is None:
        return rows
    with tempfile.TemporaryDirectory() as folder:
        found = list(answer_key.foreign_shares(data, Path(folder)))
    for name, chosen in (("retail policy", ["retail"]), ("bank", [name for name, *_ in found if name != "retail"])):
        of = [one for one in found if one[0] in chosen]
        missed = [entry for _, _, some, _ in of for entry in some]
        rows.append(row(name, sum(n for _, n, _, _ in of), missed, [one for _, _, _, some in of for one in some]))
    return rows


def row(name: str, entries: int, missed: list[Any], invented: list[str]) -> dict[str, Any]:
    """Return one line of the table, with the interval of its share."""
    share = wilson(entries - len(missed), entries)
    return {"documents": name, "entries": entries, "right": entries - len(missed), "share": share.to_data(),
            "missed": missed, "invented": invented}  # fmt: skip


def main() -> int:
    """Print the table; exit 1 where a share is below what is promised, or something was invented."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    rows = shares()
    if parser.parse_args().json:
        print(json.dumps(rows, indent=2))
    else:
        table = Table("documents", "entries", "right", "share", "invented", title="Compiled against keys made by hand")
        for one in rows:
            share = one["share"]
            said = f"{share['value']:.1%} [{share['low']:.1%}, {share['high']:.1%}]"
            table.add_row(one["documents"], str(one["entries"]), str(one["right"]), said, str(len(one["invented"])))
        Console().print(table)
        for one in rows:
            for entry in one["missed"]:
                print(f"missed in {one['documents']}: {entry}")
        if len(rows) == 1:
            print("The foreign policies are not installed: see the head of this file.")
    promised = {"shop": 0.95}
    right = all(one["right"] / one["entries"] >= promised.get(one["documents"], 0.8) for one in rows)
    return 0 if right and not any(one["invented"] for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
