"""Settings of the documentation site: `./yard docs` builds it with Sphinx, and every warning is an error there."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

import generate  # the module beside this file

project = "Drillyard"
author = "the Drillyard authors"
release = version = version_of("drillyard")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_site"]
if tags.has("pages"):  # noqa: F821 - Sphinx gives it; -t pages leaves out the API reference, which takes most of the time
    exclude_patterns += [f"reference/api/{room}.rst" for room in generate.rooms()]
myst_heading_anchors = 4
suppress_warnings = ["ref.python", "toc.empty_glob"]  # two rooms may use one word for two things
default_role = "code"  # in docstrings a word in single backticks is code, as in Markdown

# The heavy extras need not be installed: their modules are only imported for their docstrings.
autodoc_mock_imports = [
    "datasets", "evals", "garak", "inspect_ai", "nemoguardrails", "openai", "peft", "torch", "transformers", "trl",
]  # fmt: skip
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = "Drillyard"
html_static_path = ["_static"]
html_css_files = ["look.css"]
html_copy_source = False
html_show_sourcelink = False
_FONTS = {
    "font-stack": 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif',
    "font-stack--monospace": 'ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", monospace',
}
# The colours of the yard's pages (src/drillyard/yard/static/yard.css).
html_theme_options = {
    "light_css_variables": {**_FONTS, "color-brand-primary": "#16191d", "color-brand-content": "#0b66a8"},
    "dark_css_variables": {**_FONTS, "color-brand-primary": "#e8eaed", "color-brand-content": "#6cb6ec"},
}

generate.write_api(whole=not tags.has("pages"))  # noqa: F821 - as above


def plain(_app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Take docstrings as plain text: bars and stars mean themselves, and what is indented is code."""
    made: list[str] = []
    for line in lines:
        if line.startswith("    ") and made[-2:-1] and not made[-1] and made[-2] and not made[-2].startswith(" "):
            made += ["::", ""]  # an example begins
        made.append(re.sub(r"`[^`]*`|[*|]", lambda found: found[0] if found[0][0] == "`" else f"\\{found[0]}", line))
    lines[:] = made


def setup(app: Sphinx) -> None:
    """Read docstrings before napoleon does, which has priority 500."""
    app.connect("autodoc-process-docstring", plain, priority=400)
