# SPDX-License-Identifier: GPL-2.0-only
"""How the templates of what KVM decides by itself say it."""

from __future__ import annotations

from codegen.kinds.fields import c_type

FILTERS = {"c_type": c_type}
