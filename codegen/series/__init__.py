# SPDX-License-Identifier: GPL-2.0-only
"""A series as patches: from a plan, from mails, to a folder, to a branch, to a tree."""
