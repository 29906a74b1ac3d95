# SPDX-License-Identifier: GPL-2.0-only
"""Mails and diffs as people keep them, and as git takes them."""
