# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as people and programs read it."""
