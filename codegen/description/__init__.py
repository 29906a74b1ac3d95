# SPDX-License-Identifier: GPL-2.0-only
"""A knob's description: what it may say, how it is read, and what is said of mistakes.

`load` is the entrance.  It takes `source` (the file's lines) through `reading` (YAML as values,
with `scalars` and `syntax`), `model` (the format, whose texts follow `text` and `ccode`, both made
of `rules`), `checks` (each part) and `consistency` (all parts); `messages` says what is wrong, with
what `schema` knows to be valid.
"""
