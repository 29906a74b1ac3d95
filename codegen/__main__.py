# SPDX-License-Identifier: GPL-2.0-only
"""`python -m codegen` is `gen`."""

import sys

from codegen.cli import main

if __name__ == "__main__":
    sys.exit(main())
