# SPDX-License-Identifier: GPL-2.0-only
"""Kernel CI: series on many trees, architectures, configurations and compilers, cell by cell."""
