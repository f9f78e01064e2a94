"""Who asks the deployed coordinator, by the token that comes with each request: behind Cloud Run's door, and with it open."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from google.auth import jwt

from local.emulator.tokens import GCLOUD, Issuer
from tests.e2e.deployment import local_environment
from tests.e2e.live import JSON_TYPE, OPERATOR, Answer, Live, utc, written
from tests.e2e.live import _call as call

ENV = local_environment()
NOON = utc("2027-03-10 12:00")
EVE = "eve@acme.dev"
SERVICE = f"/v2/projects/{ENV.project}/locations/{ENV.coordinator.region}/services/{ENV.coordinator.name}"
HOLD = {"action": "hold", "scope": "job/odds", "until": written(NOON + timedelta(hours=2)), "reason": "patch", "owner": "me"}
RECONCILE = {"action": "reconcile"}
ENVELOPE = {"message": {"data": "e30=", "messageId": "1"}, "subscription": f"projects/{ENV.project}/subscriptions/x"}


@pytest.fixture
def noon(shared_live: Live) -> Live:
    """Noon, and nothing held."""
    shared_live.stand_at(NOON)
    for name in shared_live.holds():
        shared_live.deployment.bucket().blob(name).delete()
    assert shared_live.reconcile().status == 200
    return shared_live


@pytest.fixture
def let_in(noon: Live) -> Iterator[object]:
    """Lets more members invoke the service, while the test lasts."""
    before = noon.deployment.api("GET", f"{SERVICE}:getIamPolicy")

    def more(*members: str) -> None:
        binding = {"role": "roles/run.invoker", "members": [*members]}
        policy = {"bindings": [*before["bindings"], binding]}
        noon.deployment.api("POST", f"{SERVICE}:setIamPolicy", {"policy": policy})

    yield more
    noon.deployment.api("POST", f"{SERVICE}:setIamPolicy", {"policy": {"bindings": before["bindings"]}})


def ask(live: Live, said: Mapping[str, object], token: str | None) -> Answer:
    """A request with a token, in Authorization alone."""
    url = f"{live.deployment.url}/_functions/{ENV.coordinator.name}/"
    identity = {"Authorization": f"Bearer {token}"} if token else {}
    return call("POST", url, json.dumps(said).encode(), {**JSON_TYPE, **identity})


def forged(email: str, issuer: Issuer | None = None, **claims: object) -> str:
    """A token that somebody has signed who is not Google, or nobody has."""
    now = int(time.time())
    said = {"iss": "https://accounts.google.com", "aud": ENV.coordinator_url, "email": email, "email_verified": True}
    said |= {"iat": now, "exp": now + 3600, **claims}
    if issuer is not None:
        return str(jwt.encode(issuer._key(), said).decode())
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "RS256"}, said))
    return ".".join([*parts, "SIGNATURE_REMOVED_BY_GOOGLE"])


@pytest.mark.parametrize(
    ("account", "said", "status"),
    [
        pytest.param("interlock-timers", RECONCILE, 200, id="a timer reconciles"),
        pytest.param("interlock-timers", HOLD, 403, id="a timer holds"),
        pytest.param("interlock-timers", {**HOLD, "scope": "all", "with_force": True}, 403, id="a timer holds all, by force"),
        pytest.param("interlock-push", RECONCILE, 403, id="the push account reconciles"),
        pytest.param("interlock-push", HOLD, 403, id="the push account holds"),
        pytest.param("interlock-push", ENVELOPE, 400, id="the push account brings what is no incident"),
    ],
)
def test_who_may_only_do_its_own(noon: Live, account: str, said: Mapping[str, object], status: int) -> None:
    before = noon.holds()
    assert noon.ask(said, account=account).status == status
    assert noon.holds() == before


def test_an_incident_of_another_subscription_or_by_somebody_else_holds_nothing(noon: Live) -> None:
    incident = {
        "incident_id": "0.abc",
        "state": "open",
        "policy_name": "conflicts",
        "policy_user_labels": {"interlock": "breaker"},
        "metric": {"labels": {"table": "interlock-local:raw.gamebooks"}},
    }
    data = base64.b64encode(json.dumps({"version": "1.2", "incident": incident}).encode()).decode()
    envelope = {"message": {"data": data, "messageId": "1"}}
    ours = f"projects/{ENV.project}/subscriptions/interlock-alerts-push"
    other = {**envelope, "subscription": f"projects/{ENV.project}/subscriptions/other"}
    assert noon.ask(other, account="interlock-push").status == 403
    for account in (OPERATOR, "interlock-timers"):
        assert noon.ask({**envelope, "subscription": ours}, account=account).status == 403
    assert noon.holds() == []
    assert noon.ask({**envelope, "subscription": ours}, account="interlock-push").status == 200
    [name] = noon.holds()
    assert noon.deployment.content(name)["asked_by"] == ENV.account("interlock-push")


def test_a_hold_says_who_asked_in_its_object_the_log_and_the_commands(noon: Live) -> None:
    noon.stand_at(NOON)
    assert noon.ask({**HOLD, "owner": "ceo@acme.dev", "id": "x"}).status == 200
    [name] = noon.holds()
    said, who = noon.deployment.content(name), ENV.account(OPERATOR)
    assert (said["owner"], said["asked_by"]) == ("ceo@acme.dev", who)
    assert {line["asked_by"] for line in noon.log("hold_written") if line["hold"] == "job/odds"} == {who}
    for command in ("holds", "status"):
        assert f"ceo@acme.dev, asked by {who}" in " ".join(noon.deployment.interlock(command).text.split())


def test_a_person_of_a_group_operates_and_only_with_force_ends_what_is_not_theirs(noon: Live, let_in) -> None:
    """Whom nobody names, and whose token has no signature any more: Cloud Run has let them in."""
    assert ask(noon, HOLD, f"local:{EVE}").status == 403, "before"
    let_in(f"user:{EVE}")
    assert ask(noon, {**HOLD, "id": "hers"}, f"local:{EVE}").status == 200
    assert noon.ask({**HOLD, "scope": "job/boxscores", "id": "ours"}).status == 200
    everything = {**HOLD, "scope": "all", "id": "every"}
    release = {"action": "release", "scope": "job/boxscores", "id": "ours"}
    for said in (everything, release):
        answer = ask(noon, said, f"local:{EVE}")
        assert (answer.status, "--force" in str(answer.json["error"])) == (403, True)
    assert len(noon.holds()) == 2
    for said in (everything, release):
        assert ask(noon, {**said, "with_force": True}, f"local:{EVE}").status == 200
    forced = noon.log("hold_forced")
    assert [(line["hold"], line["asked_by"], line["severity"]) for line in forced[-2:]] == [
        ("all", EVE, "WARNING"),
        ("job/boxscores", EVE, "WARNING"),
    ]
    assert ask(noon, {"action": "release", "scope": "all", "id": "every"}, f"local:{EVE}").status == 200
    assert ask(noon, {"action": "release", "scope": "job/odds", "id": "hers"}, f"local:{EVE}").status == 200


def test_an_open_door_lets_in_nobody_without_a_good_token(noon: Live, let_in) -> None:
    let_in("allUsers")
    stranger = Issuer()
    operator = ENV.account(OPERATOR)
    forced = {**HOLD, "scope": "all", "with_force": True}
    tokens = {
        "none": (None, HOLD, forced),
        "nonsense": ("ya29.a0", HOLD, forced),
        "signed by somebody": (forged(operator, stranger), HOLD, forced),
        "for another service": (forged(operator, stranger, aud="https://x.run.app"), HOLD, forced),
        # For each of these it asks at its own door, and waits for seconds, as it answers one at a time.
        "signed by nobody, as if Cloud Run had removed that": (forged(operator), HOLD),
        "the same, of an admin by gcloud": (forged(operator, aud=GCLOUD), forced),
        "a person whom nobody names": (f"local:{EVE}", HOLD),
    }
    push = {**ENVELOPE, "subscription": f"projects/{ENV.project}/subscriptions/interlock-alerts-push"}
    for name, (token, *asked) in tokens.items():
        for said in asked:
            assert ask(noon, said, token).status == 401, name
    assert ask(noon, push, forged(ENV.account("interlock-push"))).status == 400, "it is no incident"
    assert noon.holds() == []
    assert noon.ask(HOLD).status == 200, "who is named, and whose token is good, needs no door"
    assert noon.ask(RECONCILE, account="interlock-timers").status == 200
