"""From a report to files, and from the file of the record back to a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from drillyard.audits.report import AuditReport
from drillyard.audits.reports import junit, page, sarif, table_csv
from drillyard.audits.reports.view import View, view_of
from drillyard.errors import MissingExtra, bad_input
from drillyard.records.files import read_record, write_atomically
from drillyard.registry import resolve

__all__ = ["FILES", "read_report", "render", "write_reports"]

FILES: Mapping[str, str] = {
    "json": "report.json",
    "html": "report.html",
    "junit": "junit.xml",
    "sarif": "report.sarif",
    "eval": "report.eval",
    "csv": "findings.csv",
}
"""Format -> the file's name in the folder of a run."""

_RENDERERS: Mapping[str, Callable[[View], bytes]] = {
    "html": page.render,
    "junit": junit.render,
    "sarif": sarif.render,
    "csv": table_csv.render,
}


def render(report: AuditReport, form: str) -> bytes:
    """Return a report in one of `FILES`.

    Raises:
        BadInput: another format.
        MissingExtra: `eval`, and inspect-ai is not installed.
    """
    if form not in FILES:
        raise bad_input(f"format {form!r}", f"one of: {', '.join(FILES)}")
    if form == "json":
        return (report.to_json(indent=2) + "\n").encode()
    view = view_of(report)
    if form == "eval":
        written: bytes = resolve("drillyard.audits.reports.log_inspect:render", "inspect", "a log of Inspect")(view)
        return written
    return _RENDERERS[form](view)


def write_reports(report: AuditReport, folder: Path, tell: Callable[[str], None] = lambda _: None) -> list[Path]:
    """Write a report in every format and return the paths, the record's first; say in one line what was left out."""
    paths = []
    for form, name in FILES.items():
        try:
            data = render(report, form)
        except MissingExtra as missing:
            tell(f"left out {name}: {missing}")
            continue
        write_atomically(folder / name, data)
        paths.append(folder / name)
    return paths


def read_report(path: Path) -> AuditReport:
    """Read the record of a run, by its folder or by its file. Raises `BadInput`, with the file's name."""
    file = path / FILES["json"] if path.is_dir() else path
    return read_record(file, AuditReport, "the folder that drillyard audit -o wrote")
