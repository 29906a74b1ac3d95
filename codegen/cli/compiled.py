# SPDX-License-Identifier: GPL-2.0-only
"""All templates that gen ships, compiled as pip compiles its modules: nobody waits for it later.

`python -m codegen.cli.compiled`.
"""

from __future__ import annotations

from pathlib import Path

from codegen.base.resources import resources
from codegen.compare.show import html
from codegen.matrix import show
from codegen.plan import templates


def compile_all() -> None:
    """Compile them, where Python may write; whatever cannot be kept is compiled when it is used."""
    folder = Path(show.__path__[0])
    for made in (templates.environment(resources("templates")), html.environment(folder)):
        for name in made.list_templates(extensions=["j2", "html"]):
            made.get_template(name)


if __name__ == "__main__":
    compile_all()
