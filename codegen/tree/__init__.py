# SPDX-License-Identifier: GPL-2.0-only
"""Kernel trees: what a name or path means, and getting Debian's kernels into the cache."""

from codegen.tree.locate import TreeLocation
from codegen.tree.registry import DEFAULT, TreeEntry, add, list_trees, remove, resolve

__all__ = ["DEFAULT", "TreeEntry", "TreeLocation", "add", "list_trees", "remove", "resolve"]
