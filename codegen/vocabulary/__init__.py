# SPDX-License-Identifier: GPL-2.0-only
"""What the values of a description may be: texts, C, people, parameters, and parts made of them."""
