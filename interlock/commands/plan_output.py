"""What of Terraform's output is worth a line, where nobody is asked to approve it."""

from __future__ import annotations

import re

REFRESHING = re.compile(r": (Refreshing state\.\.\.|Reading\.\.\.|Read complete after)")
"""One line for each of some 140 jobs, which would hide the plan; Terraform has no switch for it."""
CREATED = re.compile(r"\+ (?=resource \"[^\"]+\" \"[^\"]+\" \{$)")
STACK = re.compile(r"^\S+(?= )")
"""cdktf writes the stack's name before some lines, in the place of as many spaces."""


class Shown:
    """Decides line by line. Refreshing is left out, and where `bodies` is False what a new resource is made of: the line before
    it names it, its values are those of the catalog, and the first deploy has more than two hundred of them."""

    def __init__(self, *, bodies: bool) -> None:
        self._bodies = bodies
        self._end: str | None = None

    def __call__(self, line: str) -> bool:
        """Whether to show it."""
        plain = STACK.sub(lambda found: " " * len(found[0]), line.rstrip())
        if self._end is not None:
            if plain == self._end:
                self._end = None
            return False
        if not self._bodies and (created := CREATED.search(plain)):
            self._end = " " * created.end() + "}"
            return False
        return not REFRESHING.search(line)
