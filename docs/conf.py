"""Sphinx configuration; what can be taken from the code is written at build time into `reference/generated`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

from _generate import command_reference, format_table, generator_table, module_pages  # noqa: E402

from hwdesign import __version__  # noqa: E402

project = "hwdesign"
author = "The hwdesign developers"
project_copyright = "The hwdesign developers"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests execute the notebooks
exclude_patterns = ["_build"]
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"hwdesign {__version__}"


def _write_generated(app: Sphinx) -> None:
    folder = HERE / "reference" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"cli": command_reference, "formats": format_table, "circuits": generator_table}
    for name, make in pages.items():
        (folder / f"{name}.md").write_text(make(), encoding="utf-8")
    for name, text in module_pages().items():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, folder / notebook.name)


def _keep_bars(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Bars in the docstrings' equations are absolute values, not substitutions."""
    lines[:] = [line if "`" in line else line.replace("|", r"\|") for line in lines]


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx looks for its sources."""
    app.connect("autodoc-process-docstring", _keep_bars)
    app.connect("config-inited", lambda app, config: _write_generated(app))
