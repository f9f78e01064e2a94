"""`make demo` of the platform: 143 jobs in as few lines."""

from __future__ import annotations

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.test_demo import MOST_LINES, check_story

OF_A_WINDOW = 20
"""What is said beside while one of the platform's windows is open: the story is told by the real clock."""


@pytest.mark.long
def test_the_demo_tells_its_story_of_the_platform(nothing: Deployment) -> None:
    check_story(nothing, most=MOST_LINES + OF_A_WINDOW, NAME="tdza")
