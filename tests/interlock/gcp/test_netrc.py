"""Passwords that lie in ~/.netrc go to nobody: requests would send them in the place of Google's token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import google.auth
import pytest
import requests
from google.auth.credentials import AnonymousCredentials

from interlock.gcp.scheduler import rest_client
from interlock.gcp.session import Session
from interlock.gcp.storage import storage_client

CLIENTS: dict[str, Callable[[], object]] = {
    "Cloud Storage": lambda: storage_client("a-project")._http,
    "Cloud Scheduler": lambda: rest_client().transport._session,
    "all other APIs": lambda: Session()._session,
}


@pytest.fixture
def _netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.delenv("INTERLOCK_LOCAL_URL", raising=False)
    monkeypatch.setattr(google.auth, "default", lambda *_, **__: (AnonymousCredentials(), "a-project"))


@pytest.mark.usefixtures("_netrc")
@pytest.mark.parametrize("of", CLIENTS)
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1"])
def test_no_password_of_netrc_replaces_a_token(of: str, url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if url:
        monkeypatch.setenv("INTERLOCK_LOCAL_URL", url)
    asked = requests.Request("GET", "https://storage.googleapis.com/b", headers={"Authorization": "Bearer token"})
    session = cast("requests.Session", CLIENTS[of]())
    assert session.prepare_request(asked).headers["Authorization"] == "Bearer token"
    assert session.trust_env is (url is None), "proxies, which are not for loopback"
    assert requests.Session().prepare_request(asked).headers["Authorization"].startswith("Basic "), "what it would be"
