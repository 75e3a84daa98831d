"""The documentation as a site: ``sphinx-build -W --keep-going docs site``.

The pages are Markdown; the reference is made of the docstrings.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from module_page import write_page  # noqa: E402
from reference import write_pages  # noqa: E402

import graphnet  # noqa: E402

project = "graphnet"
release = version = graphnet.__version__
html_theme = "furo"
html_title = f"graphnet {release}"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["README.md"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

write_pages(HERE / "reference")
write_page(HERE / "modules")
