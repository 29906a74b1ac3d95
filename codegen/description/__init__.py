# SPDX-License-Identifier: GPL-2.0-only
"""A knob's description: what it may say (`model`), how it is read (`load`)."""
