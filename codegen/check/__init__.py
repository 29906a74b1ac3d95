# SPDX-License-Identifier: GPL-2.0-only
"""What KVM's maintainers ask of a series, as checks of any folder of patches."""
