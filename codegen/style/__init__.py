# SPDX-License-Identifier: GPL-2.0-only
"""The styles of the kernel that templates write in: messages, documents, C."""
