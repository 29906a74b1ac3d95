# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel tree says of itself: where its parts are, what it defines, what is taken."""
