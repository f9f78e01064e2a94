"""Whose request it is: tokens that are verified here, those that Cloud Run has verified, and every other one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping

import pytest

from coordinator import main
from interlock.gcp import CloudError, tokens
from interlock.runtime.callers import Part
from interlock.runtime.incident import Incident
from interlock.runtime.requests import HoldRequest, ReconcileRequest, Rejected, parse_request
from tests.coordinator.test_requests import HOLD, incident
from tests.coordinator.tokens import AUDIENCE, CALLERS, STRANGER, certs, removed, token, unsigned

TIMERS, PUSH, OPERATOR = CALLERS.timers, CALLERS.push, "op@p.iam.gserviceaccount.com"
ASKED = parse_request("POST", json.dumps(HOLD).encode())
BROUGHT = parse_request("POST", json.dumps(incident()).encode())


class Door:
    """Cloud Run before the function: whether it turns away who has no good token, and how often it was asked."""

    closed = True
    asked = 0


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    door = Door()

    def get(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        if url == tokens.GOOGLE_CERTS:
            return 200, json.dumps(certs()).encode()
        assert url == AUDIENCE
        assert headers is not None
        assert headers["Authorization"].startswith("Bearer ")
        door.asked += 1
        return (403 if door.closed else 405), b""

    monkeypatch.setattr(tokens, "_get", get)
    monkeypatch.setattr(tokens, "_CERTS", tokens._Certs())
    monkeypatch.setenv(main.CALLERS, CALLERS.to_json())
    return door


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("email", "asked", "part"),
    [
        pytest.param("ana@acme.dev", ASKED, Part.OPERATOR, id="an operator"),
        pytest.param("Ana@Acme.dev", ASKED, Part.OPERATOR, id="an operator, in other letters"),
        pytest.param("boss@acme.dev", ASKED, Part.ADMIN, id="an admin"),
        pytest.param(OPERATOR, ASKED, Part.OPERATOR, id="an account that operates"),
        pytest.param(TIMERS, ReconcileRequest(), Part.TIMERS, id="a timer"),
        pytest.param(PUSH, BROUGHT, Part.PUSH, id="the push account"),
    ],
)
def test_who_is_named_is_taken_by_the_signature_alone(door: Door, email: str, asked: HoldRequest, part: Part) -> None:
    found = main.caller(bearer(token(email)), asked)
    assert (found.email, found.part) == (email.lower(), part)
    assert door.asked == 0, "a signature that is good needs nobody else"


NOW = int(time.time())
BAD = {
    "no header": {},
    "another scheme": {"Authorization": f"Basic {token()}"},
    "no token": {"Authorization": "Bearer "},
    "no JWT": bearer("ya29.a0AfH6SMB"),
    "rubbish": bearer("a.b.c"),
    "a fixed token of the stand-in": bearer("local:ana@acme.dev"),
    "a token as long as a book": bearer(token() + "x" * 10_000),
    "signed by somebody else, with a key of the same id": bearer(token(issuer=STRANGER)),
    "claims exchanged under a good signature": bearer(
        ".".join([*token().split(".")[:1], token("boss@acme.dev").split(".")[1], token().split(".")[2]])
    ),
    "no algorithm": bearer(
        unsigned(iss="https://accounts.google.com", aud=AUDIENCE, email="ana@acme.dev", email_verified=True, exp=NOW + 60)
    ),
    "for another service": bearer(token(aud="https://other.run.app")),
    "for nobody": bearer(token(aud=None)),
    "expired": bearer(token(iat=NOW - 7200, exp=NOW - 3600)),
    "not yet": bearer(token(iat=NOW + 3600, exp=NOW + 7200)),
    "of another issuer": bearer(token(iss="https://securetoken.google.com/p")),
    "an address that nobody has verified": bearer(token(email_verified=False)),
    "verified, in words": bearer(token(email_verified="true")),
    "no address": bearer(token(email=None)),
    "an address that is none": bearer(token("ana")),
    "without its signature, for another service": bearer(removed(token(aud="https://other.run.app"))),
    "without its signature, and expired": bearer(removed(token(exp=NOW - 60))),
    "without its signature, and of nobody": bearer(removed(token(email_verified=None))),
    "without anything but its end": bearer("x.SIGNATURE_REMOVED_BY_GOOGLE"),
}


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD)
def test_a_token_that_is_not_good_is_refused_whatever_is_asked(headers: dict[str, str]) -> None:
    for asked in (ASKED, ReconcileRequest(), BROUGHT):
        with pytest.raises(Rejected) as refused:
            main.caller(headers, asked)
        assert refused.value.code == 401
        assert "\n" not in str(refused.value)


def test_a_token_without_its_signature_is_taken_while_cloud_run_turns_away_what_nobody_signed(door: Door) -> None:
    assert main.caller(bearer(removed(token())), ASKED).email == "ana@acme.dev"
    door.closed = False
    with pytest.raises(Rejected, match="no signature") as refused:
        main.caller(bearer(removed(token())), ASKED)
    assert (refused.value.code, door.asked) == (401, 2), "asked anew each time"


def test_an_address_that_nobody_names_is_taken_while_cloud_run_turns_away_who_may_not(door: Door) -> None:
    """It may be in a group of the operators, which only Cloud Run knows."""
    found = main.caller(bearer(token("eve@acme.dev")), ASKED)
    assert (found.email, found.part) == ("eve@acme.dev", Part.OPERATOR)
    door.closed = False
    with pytest.raises(Rejected, match=r"none of coordinator\.operators"):
        main.caller(bearer(token("eve@acme.dev")), ASKED)
    assert main.caller(bearer(token("ana@acme.dev")), ASKED).part is Part.OPERATOR


def test_to_reconcile_asks_no_door(door: Door) -> None:
    """What keeps jobs right needs nothing but a token that states an address: it does the same whoever asks."""
    door.closed = False
    assert main.caller(bearer(removed(token(TIMERS))), ReconcileRequest()).part is Part.TIMERS
    assert door.asked == 0


def test_a_door_that_does_not_answer_is_not_taken_for_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(*_: object) -> tuple[int, bytes]:
        raise OSError("timed out")

    monkeypatch.setattr(tokens, "_get", get)
    with pytest.raises(Rejected):
        main.caller(bearer(removed(token())), ASKED)


def test_the_signed_one_of_two_headers_counts(door: Door) -> None:
    """As the command line sends both, of which Cloud Run checks the second and removes its signature."""
    headers = bearer(token()) | {"X-Serverless-Authorization": f"Bearer {removed(token())}"}
    assert main.caller(headers, ASKED).email == "ana@acme.dev"
    assert door.asked == 0


@pytest.mark.parametrize("own", [removed(token()), token()], ids=["its signature is removed", "its signature is there"])
def test_beside_the_header_that_cloud_run_checks_another_without_a_signature_is_nobodys(own: str) -> None:
    """Authorization is passed on untouched then: who may invoke the service could write anybody's address into it."""
    forged = bearer(removed(token("boss@acme.dev")))
    assert main.caller(forged | {"X-Serverless-Authorization": f"Bearer {own}"}, ASKED).email == "ana@acme.dev"
    for other in ("", "Basic x", "Bearer "):
        with pytest.raises(Rejected, match="no identity token"):
            main.caller(forged | {"X-Serverless-Authorization": other}, ASKED)


def test_an_envelope_of_another_subscription_is_refused() -> None:
    assert isinstance(BROUGHT, Incident)
    other = parse_request("POST", json.dumps({**incident(), "subscription": "projects/p/subscriptions/other"}).encode())
    with pytest.raises(Rejected, match="subscription") as refused:
        main.caller(bearer(token(PUSH)), other)
    assert refused.value.code == 403


def test_keys_that_cannot_be_read_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_get", lambda _: (500, b"no"))
    with pytest.raises(CloudError, match="the keys of identity tokens can't be read"):
        main.caller(bearer(token()), ASKED)


def test_a_key_that_is_new_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"older": certs()["local"]}, certs()]
    monkeypatch.setattr(tokens, "_get", lambda _: (200, json.dumps(answers.pop(0)).encode()))
    for _ in range(3):
        with pytest.raises(Rejected):
            main.caller(bearer(token()), ASKED)
    assert len(answers) == 1, "not for each token that names a key which nobody has"
    tokens._CERTS._read -= tokens.LOOKED_FOR
    for _ in range(3):
        assert main.caller(bearer(token()), ASKED).email == "ana@acme.dev"
    assert answers == []


def test_the_stand_ins_keys_are_read_from_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_LOCAL_URL", "http://keys.acme.dev:8080")
    with pytest.raises(CloudError, match="is not on this machine"):
        main.caller(bearer(token()), ASKED)


def test_a_function_that_is_told_no_callers_takes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(main.CALLERS)
    with pytest.raises(CloudError, match="without INTERLOCK_CALLERS"):
        main.caller(bearer(token()), ASKED)


def test_no_token_is_in_a_message() -> None:
    secret = base64.urlsafe_b64encode(b"the signature of somebody").decode()
    for headers in (bearer(f"{token().rpartition('.')[0]}.{secret}"), bearer(f"a.b.{secret}"), bearer(secret)):
        with pytest.raises(Rejected) as refused:
            main.caller(headers, ASKED)
        assert secret not in str(refused.value)
