"""Pub/Sub push on the emulator, against a receiver on loopback that answers as it is told."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

TOPIC = "projects/p/topics/incidents"
SUBSCRIPTION = "projects/p/subscriptions/incidents"
PUSHER = "push@p.iam.gserviceaccount.com"
NOON = "2026-03-10T12:00:00Z"


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets; answers with `statuses` one after the other, then 204."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received, self.statuses = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/push"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_args):
        """No log."""


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def subscribe(rest, receiver):
    """A topic with a push subscription to the receiver; the clock stands."""
    rest("POST", "/_local/clock", {"set": NOON})
    assert rest("PUT", f"/v1/{TOPIC}", {}).status == 200

    def subscribed(name=SUBSCRIPTION, endpoint=None, **fields):
        push = {"pushEndpoint": endpoint or receiver.url, "oidcToken": {"serviceAccountEmail": PUSHER}}
        answer = rest("PUT", f"/v1/{name}", {"topic": TOPIC, "pushConfig": push, **fields})
        assert answer.status == 200, answer.message

    return subscribed


def publish(rest, data=b'{"incident": 1}', **attributes):
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
    answer = rest("POST", f"/v1/{TOPIC}:publish", {"messages": [message]})
    rest("POST", "/_local/settle")
    return answer.json["messageIds"][0]


def test_a_message_arrives_in_its_envelope_with_the_push_accounts_token(rest, receiver, subscribe):
    subscribe()
    message_id = publish(rest, kind="test")
    ((headers, body),) = receiver.received
    assert headers["authorization"] == f"Bearer local:{PUSHER}"
    assert body == {
        "subscription": SUBSCRIPTION,
        "message": {
            "data": base64.b64encode(b'{"incident": 1}').decode(),
            "attributes": {"kind": "test"},
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": "2026-03-10T12:00:00.000000Z",
            "publish_time": "2026-03-10T12:00:00.000000Z",
        },
    }


def test_what_is_not_acknowledged_comes_again_after_the_backoff(rest, receiver, subscribe):
    subscribe(retryPolicy={"minimumBackoff": "10s", "maximumBackoff": "30s"})
    receiver.statuses = [500, 403, 429, 204]
    publish(rest)
    assert len(receiver.received) == 1
    rest("POST", "/_local/clock", {"advance": "5m"})
    tried = [(d["attempt"], d["time"][14:19], d["httpStatus"]) for d in rest("GET", "/_local/deliveries").json["deliveries"]]
    assert tried == [(1, "00:00", 500), (2, "00:10", 403), (3, "00:30", 429), (4, "01:00", 204)]


def test_an_undeliverable_message_ends_in_the_dead_letter_topic(rest, receiver, subscribe):
    dead = "projects/p/topics/dead"
    rest("PUT", f"/v1/{dead}", {})
    subscribe(retryPolicy={}, deadLetterPolicy={"deadLetterTopic": dead, "maxDeliveryAttempts": 5})
    push = {"pushEndpoint": f"{receiver.url}/dead"}
    rest("PUT", "/v1/projects/p/subscriptions/dead", {"topic": dead, "pushConfig": push})
    receiver.statuses = [500] * 5
    publish(rest)
    rest("POST", "/_local/clock", {"advance": "1h"})
    assert [body.get("deliveryAttempt") for _, body in receiver.received] == [1, 2, 3, 4, 5, None]
    assert receiver.received[-1][1]["subscription"] == "projects/p/subscriptions/dead"


def test_duplicates_and_redeliveries_come_on_request(rest, receiver, subscribe):
    subscribe()
    assert rest("POST", "/_local/deliveries", {"duplicates": 2}).status == 200
    first = publish(rest)
    assert [body["message"]["messageId"] for _, body in receiver.received] == [first] * 3
    rest("POST", "/_local/deliveries", {"duplicates": 0})
    assert rest("POST", "/_local/deliveries", {"redeliver": first}).json["redelivered"] == 1
    rest("POST", "/_local/settle")
    assert len(receiver.received) == 4


def test_nothing_leaves_this_machine(rest, subscribe):
    subscribe(endpoint="https://elsewhere.example/push")
    publish(rest)
    (delivery,) = rest("GET", "/_local/deliveries").json["deliveries"]
    assert delivery["httpStatus"] is None


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param(f"/v1/{TOPIC}:publish", {"messages": []}, 400, id="no messages"),
        pytest.param(f"/v1/{TOPIC}:publish", {"messages": [{}]}, 400, id="an empty message"),
        pytest.param(f"/v1/{TOPIC}:publish", {"messages": [{"data": "{}"}]}, 400, id="data that isn't base64"),
        pytest.param("/v1/projects/p/topics/none:publish", {"messages": [{"data": "eA=="}]}, 404, id="no such topic"),
        pytest.param("/_local/deliveries", {"duplicates": -1}, 400, id="fewer than no duplicates"),
        pytest.param("/_local/deliveries", {"again": 1}, 400, id="an unknown request"),
    ],
)
def test_what_cannot_be_published_is_refused(rest, receiver, subscribe, path, body, status):
    subscribe()
    assert rest("POST", path, body).status == status
    rest("POST", "/_local/settle")
    assert receiver.received == []


def test_a_subscription_with_a_filter_is_refused_at_publishing(rest, subscribe):
    subscribe(filter='attributes.kind = "x"')
    answer = rest("POST", f"/v1/{TOPIC}:publish", {"messages": [{"data": "eA=="}]})
    assert (answer.status, "filter" in answer.message) == (400, True)
