"""The platform's first deploy: 143 jobs in as few lines as a dozen."""

from __future__ import annotations

import pytest

from interlock.catalog import Catalog
from tests.e2e.deployment import Deployment
from tests.e2e.first_deploy import deploy_twice_and_toggle
from tests.platforms.nba.conftest import GOLDEN


@pytest.mark.golden
@pytest.mark.long
def test_a_first_deploy_makes_everything_and_a_second_changes_nothing(nothing: Deployment, nba: Catalog) -> None:
    says = "143 jobs: 133 enabled, 10 paused (10 by declaration); no drift"
    deploy_twice_and_toggle(nothing, nba, "tdza", says, GOLDEN)
