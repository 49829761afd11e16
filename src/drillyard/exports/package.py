"""Packages: named files in memory, packed so that the same content gives the same bytes, and read with suspicion."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping

from drillyard.errors import bad_input

__all__ = ["Files", "check_listed", "pack", "unpack"]

Files = Mapping[str, bytes]

_MOST_BYTES, _MOST_FILES = 50_000_000, 2_000
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_MADE = (1980, 1, 1, 0, 0, 0)  # the zip format's first moment: bytes depend on content alone


def pack(files: Files) -> bytes:
    """Return files as a zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MADE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return held.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive.

    Raises:
        BadInput: no archive; a path that leaves it, stands twice, or is a link; more than a sane size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise bad_input("a larger package", f"at most {_MOST_FILES} files of {_MOST_BYTES:,} bytes together")
            for entry in entries:
                if not _SAFE.fullmatch(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
                    raise bad_input(f"the path {entry.filename!r:.100}", "one inside the package, of plain letters")
            names = [entry.filename for entry in entries]
            if len(set(map(str.casefold, names))) < len(names):
                raise bad_input("a path twice", "each path once")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise bad_input(f"no readable archive ({error})", "a zip file") from None


def check_listed(files: Files, listed: Iterable[str], manifest: str) -> Iterator[str]:
    """Yield what a manifest lists and the package lacks, and the other way round."""
    named = list(listed)
    for name in named:
        if not _SAFE.fullmatch(name):
            yield f"the path {name!r:.100} leaves the package"
        elif name not in files:
            yield f"the file {name} is listed and missing"
    for name in sorted(set(files) - set(named) - {manifest}):
        yield f"the file {name} is not listed"
