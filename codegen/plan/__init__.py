# SPDX-License-Identifier: GPL-2.0-only
"""From a knob, a variant and a tree to a plan: every name, number, place and text of each patch."""
