"""The draws of a long horizon in parts, in processes and in one go give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.containment.horizon.report import HorizonSpec, draws_of, judge_horizon
from drillyard.containment.horizon.risk import CHUNK
from drillyard.containment.horizon.spread import draw_apart
from drillyard.errors import BadInput
from drillyard.tasks.placement import Part, Placement

SPEC, DRAWS = HorizonSpec(years=5), 2 * CHUNK + 100
FEW = 4  # power of two of points for the Sobol indices, which are not what is tried


def test_parts_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    """Two parts and a merge; a chunk that is there is not drawn again, one that is missing is named."""
    wanted = draws_of(SPEC, DRAWS, 1)
    parts = [Placement(part=Part.parse(text)) for text in ("1/2", "2/2")]
    draw_apart(wanted, tmp_path, parts[0])
    with pytest.raises(BadInput, match="part"):
        draw_apart(wanted, tmp_path, Placement(merge=True))
    first = tmp_path / "draws" / "0000.npz"
    before = first.stat().st_mtime_ns
    for placement in parts:
        draw_apart(wanted, tmp_path, placement)
    drawn = draw_apart(wanted, tmp_path, Placement(merge=True))
    assert [one.flaw.size for one in drawn] == [CHUNK, CHUNK, 100] and first.stat().st_mtime_ns == before
    alone, merged = (judge_horizon(SPEC, draws=DRAWS, power=FEW, drawn=one) for one in ((), drawn))
    assert merged.to_json() == alone.to_json()
    assert alone.to_json() != judge_horizon(SPEC, draws=DRAWS, seed=2, power=FEW).to_json()
    with pytest.raises(BadInput, match="another horizon"):
        draw_apart(draws_of(SPEC, DRAWS, 2), tmp_path, Placement())


@pytest.mark.walk
def test_the_command_gives_the_same_bytes_wherever_it_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In threads, in two processes, in two parts; a part says that it is one; without a folder it is refused."""
    words = ["contain", "horizon", "--draws", str(DRAWS), "--years", "3"]
    told = []
    for name, more in (("alone", []), ("two", ["--workers", "2"]), ("parts", ["--merge"])):
        for part in ("1/2", "2/2") if name == "parts" else ():
            assert main([*words, "-o", str(tmp_path / name), "--part", part, "--json"]) == 0
            assert '"part-report"' in capsys.readouterr().out
        main([*words, "-o", str(tmp_path / name), *more, "--json"])
        told.append((capsys.readouterr().out, (tmp_path / name / "horizon.json").read_bytes()))
    assert told[0] == told[1] == told[2]
    assert main([*words, "--workers", "2"]) == 2
    assert "without -o" in capsys.readouterr().err
