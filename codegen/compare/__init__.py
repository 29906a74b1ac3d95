# SPDX-License-Identifier: GPL-2.0-only
"""All variants of a knob side by side: gathered as data with their sources, then shown."""
