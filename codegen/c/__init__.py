# SPDX-License-Identifier: GPL-2.0-only
"""C source: declarations by name as libclang sees them, tokens by extent, patterns, statements."""
