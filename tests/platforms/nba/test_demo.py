"""`make demo` of the platform: 143 jobs in as few lines."""

from __future__ import annotations

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.test_demo import check_story


@pytest.mark.long
def test_the_demo_tells_its_story_of_the_platform(nothing: Deployment) -> None:
    check_story(nothing, NAME="tdza")
