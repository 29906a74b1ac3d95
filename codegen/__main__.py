# SPDX-License-Identifier: GPL-2.0-only
"""`python -m codegen` is `gen`."""

from codegen.cli.watch import run

if __name__ == "__main__":
    run()
