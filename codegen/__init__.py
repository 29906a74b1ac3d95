# SPDX-License-Identifier: GPL-2.0-only
"""gen: from one description of a KVM knob to a patch series for each uAPI that could set it.

    import codegen

    series = codegen.generate("zap-leafs-only", "quirk", "debian:6.1")
    for name, mail in series.files.items():
        print(name, len(mail))

`generate` takes the description (a name of abi/, or a path), the variant and the tree, as the
command line does, and writes nothing.  What it raises is in codegen.base.errors: UsageError,
EnvironmentFailure, and FindingsError with `findings`; NotHere of codegen.base.findings, one of the
last, says that the variant cannot exist on this tree.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's, which takes a while to import: a Ctrl-C would show a traceback
if TYPE_CHECKING:
    from typing import Any

    from codegen.series.make import generate
    from codegen.series.series import Series

__version__ = "0.1.0"
__all__ = ["Series", "__version__", "generate"]


def __getattr__(name: str) -> Any:
    """`generate` and `Series`, imported when they are asked for: the command line starts faster."""
    if name in ("generate", "Series"):
        from codegen.series import make as module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What help() and a shell's completion show, without importing it before."""
    return sorted({*globals(), *__all__})
