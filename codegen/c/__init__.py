# SPDX-License-Identifier: GPL-2.0-only
"""C source, as libclang sees it: declarations by name, tokens by extent, patterns, statements."""
