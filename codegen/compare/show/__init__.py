# SPDX-License-Identifier: GPL-2.0-only
"""A comparison for a terminal, a mail, a program and a browser; each from the same page."""
