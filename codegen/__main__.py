# SPDX-License-Identifier: GPL-2.0-only
"""`python -m codegen` is `gen`."""

# The part in C: signal itself takes a while to import.
import _signal as signal  # type: ignore[import-not-found]

# Until gen waits for signals itself, a Ctrl-C ends Python without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from codegen.cli.watch import run

if __name__ == "__main__":
    run()
