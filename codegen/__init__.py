# SPDX-License-Identifier: GPL-2.0-only
"""gen: from one description of a KVM knob to a patch series for each uAPI that could set it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codegen.series import Series, generate

__version__ = "0.1.0"
__all__ = ["Series", "__version__", "generate"]


def __getattr__(name: str) -> Any:
    """`generate` and `Series`, imported when they are asked for: the command line starts faster."""
    if name in ("generate", "Series"):
        from codegen import series as module

        return getattr(module, name)
    raise AttributeError(name)
