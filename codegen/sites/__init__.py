# SPDX-License-Identifier: GPL-2.0-only
"""Places of a kernel tree that several kinds of uAPI share, and how any place is looked for.

Each is found by what stands there, never by line.  `codegen.plan.sites` has all of them by name.
"""
