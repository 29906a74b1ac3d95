# SPDX-License-Identifier: GPL-2.0-only
"""A quirk of x86; what a description says of it is in `templates/quirk/variant.yaml`."""
