# SPDX-License-Identifier: GPL-2.0-only
"""What is run of a tree or a series sees little, may write less, and has limits."""
