"""What of Terraform's output is worth a line, where nobody is asked to approve it."""

from __future__ import annotations

import re

REFRESHING = re.compile(r": (Refreshing state\.\.\.|Reading\.\.\.|Read complete after)")
"""One line for each of some 140 jobs, which would hide the plan; Terraform has no switch for it."""
CREATED = re.compile(r"\+ (?=resource \"[^\"]+\" \"[^\"]+\" \{$)")
STACK = re.compile(r"^\S+ +")
"""cdktf writes the stack's name before some lines in the place of as many spaces, and drops the indentation after it."""
INDENTED = 2
"""Columns by which Terraform indents a resource of a plan."""
AFTER = re.compile(r"# \S+ (will be|must be) |Plan: |Apply complete|Error: ")
"""What never stands within a resource, should its end be missed."""


class Shown:
    """Decides line by line. Refreshing is left out, and where `bodies` is False what a new resource is made of: the line before
    it names it, its values are those of the catalog, and the first deploy has more than two hundred of them."""

    def __init__(self, *, bodies: bool) -> None:
        self._bodies = bodies
        self._end: str | None = None

    def __call__(self, line: str) -> bool:
        """Whether to show it."""
        text = line.rstrip()
        named = STACK.match(text)
        if self._end is not None and not AFTER.search(text):
            if text == self._end or (named and text[named.end() :] == "}"):
                self._end = None
            return False
        self._end = None
        if not self._bodies and (created := CREATED.search(text)):
            self._end = " " * (created.end() + (INDENTED if named else 0)) + "}"
            return False
        return not REFRESHING.search(line)
