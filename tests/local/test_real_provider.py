"""`local run --provider real`, with a Terraform that installs an empty file in the provider's place: what COMMAND gets."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.acting import OURS, REAL, acting
from local.environment import for_command
from local.installed import NotInstalledError, install
from local.provider import version
from local.proxy import refusing

URL = "http://127.0.0.1:1"
SAYS = """\
#!/bin/sh
echo "$@" >> {log}
env > {log}.env
if [ -e {log}.fails ]; then
  printf '╷\\n│ Error: Failed to query available provider packages\\n│\\n│ Could not retrieve the list\\n╵\\n' >&2
  exit 1
fi
place=${{1#-chdir=}}/.terraform/providers/{host}/hashicorp/google/7.45.0/linux_amd64
mkdir -p $place
touch $place/terraform-provider-google_v7.45.0
"""


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """The log of a `terraform`, which the PATH of `user` leads to."""
    log = tmp_path / "log"
    for name, host in (("terraform", "registry.terraform.io"), ("tofu", "registry.opentofu.org")):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(SAYS.format(log=log, host=host), encoding="utf-8")
        file.chmod(0o755)
    return log


@pytest.fixture
def user(tmp_path: Path, tool: Path) -> dict[str, str]:
    """The environment of who asks."""
    assert tool.parent == tmp_path
    return {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), "NO_PROXY": ".googleapis.com"}


@pytest.mark.parametrize("binary", ["terraform", "tofu"])
def test_it_is_installed_by_terraform_itself_with_the_users_own_settings_and_once(
    tmp_path: Path, tool: Path, user: Mapping[str, str], binary: str
) -> None:
    settings = tmp_path / "own.tfrc"
    settings.touch()
    env = {**user, "TERRAFORM_BINARY_NAME": binary, "TF_CLI_CONFIG_FILE": str(settings), "TF_REATTACH_PROVIDERS": "{}"}
    first = install(tmp_path / "p", env)
    assert (first.version, install(tmp_path / "p", env)) == ("7.45.0", first)
    assert tool.read_text().splitlines() == [f"-chdir={tmp_path / 'p'} init -input=false -no-color"]
    asked = dict(line.partition("=")[::2] for line in Path(f"{tool}.env").read_text().splitlines())
    assert asked["TF_CLI_CONFIG_FILE"] == str(settings)
    assert "TF_REATTACH_PROVIDERS" not in asked
    assert f'version = "{version()}"' in (tmp_path / "p" / "main.tf").read_text()


@pytest.mark.parametrize("source", ["registry.terraform.io/hashicorp/google", "registry.opentofu.org/hashicorp/google"])
def test_what_is_installed_is_the_only_mirror_of_either_program(tmp_path: Path, user: Mapping[str, str], source: str) -> None:
    settings = install(tmp_path / "p", user).settings.read_text()
    assert settings.split() == ["provider_installation", "{", "filesystem_mirror", "{", "path", "=",
                                f'"{tmp_path / "p" / "mirror"}"', "}", "}"]  # fmt: skip
    assert (tmp_path / "p" / "mirror" / source / "7.45.0" / "linux_amd64" / "terraform-provider-google_v7.45.0").is_file()


def test_where_it_cannot_be_had_one_line_says_so_with_the_two_ways(tmp_path: Path, tool: Path, user: Mapping[str, str]) -> None:
    Path(f"{tool}.fails").touch()
    with pytest.raises(NotInstalledError) as refused:
        install(tmp_path / "p", user)
    said = str(refused.value)
    assert said.startswith(f"hashicorp/google {version()} can't be installed (Failed to query available provider packages); ")
    assert "let its registry be reached" in said
    assert "filesystem_mirror" in said
    assert "\n" not in said


def test_without_terraform_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match="needs tofu to install it, which is not on the PATH"):
        install(tmp_path / "p", {"PATH": "/nowhere", "TERRAFORM_BINARY_NAME": "tofu"})


def test_the_command_gets_no_reattach_the_installed_provider_and_a_proxy_for_all_but_this_machine(
    tmp_path: Path, user: Mapping[str, str]
) -> None:
    inherited = {**user, "TF_REATTACH_PROVIDERS": "{}", "https_proxy": "http://proxy.example.com:3128"}
    with acting(REAL, url=URL, folder=tmp_path / "p", env=inherited) as provider:
        env = for_command(inherited, url=URL, provider=provider.variables, state=tmp_path)
        assert (provider.name, provider.elsewhere) == ("hashicorp/google 7.45.0", ())
        assert provider.proxy is not None
        proxies = {name: value for name, value in env.items() if name.lower().endswith("_proxy")}
    assert "TF_REATTACH_PROVIDERS" not in env
    assert env["TF_CLI_CONFIG_FILE"] == str(tmp_path / "p" / "settings.tfrc")
    assert env["INTERLOCK_LOCAL_PROVIDER"] == "real", "a run inside this one has the same"
    here = "127.0.0.1,localhost"
    assert {proxies.pop(name) for name in ("NO_PROXY", "no_proxy")} == {here}, "what the user excepts would reach Google"
    assert set(proxies.values()) == {provider.proxy.url}
    assert proxies.keys() == {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}


def test_ours_has_a_reattach_and_no_proxy(tmp_path: Path) -> None:
    with acting(OURS, url=URL, folder=tmp_path / "p", env={}) as provider:
        assert provider.variables.keys() == {"TF_REATTACH_PROVIDERS"}
        assert json.loads(provider.variables["TF_REATTACH_PROVIDERS"])
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("method", "target", "host"),
    [
        pytest.param("CONNECT", "compute.googleapis.com:443", "compute.googleapis.com", id="https"),
        pytest.param("GET", "http://metadata.google.internal/computeMetadata/v1/", "metadata.google.internal", id="http"),
        pytest.param("POST", "http://example.com/x", "example.com", id="a write"),
        pytest.param("CONNECT", "[:443", "[:443", id="no host"),
    ],
)
def test_the_proxy_refuses_every_host_and_keeps_its_name(method: str, target: str, host: str) -> None:
    with refusing() as proxy:
        for _ in range(2):
            connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc)
            connection.request(method, target)
            assert connection.getresponse().status == 403
            connection.close()
        assert proxy.asked == (host,)


def test_what_the_real_provider_asks_at_each_start_is_expected_and_nothing_else(
    tmp_path: Path, user: Mapping[str, str]
) -> None:
    with acting(REAL, url=URL, folder=tmp_path / "p", env=user) as provider:
        assert provider.proxy is not None
        for host in ("openidconnect.googleapis.com:443", "cloudscheduler.googleapis.com:443"):
            connection = http.client.HTTPConnection(urlsplit(provider.proxy.url).netloc)
            connection.request("CONNECT", host)
            assert connection.getresponse().status == 403
            connection.close()
        assert provider.elsewhere == ("cloudscheduler.googleapis.com",)


@pytest.mark.parametrize("quiet", [False, True], ids=["local run", "its command"])
def test_the_first_line_says_which_provider_acts(tmp_path: Path, user: dict[str, str], quiet: bool) -> None:
    import subprocess

    words = [
        "run",
        *(["--quiet"] if quiet else []),
        "--state",
        str(tmp_path / "s"),
        "--",
        "sh",
        "-c",
        "echo $INTERLOCK_LOCAL_SAYS",
    ]
    root = str(Path(__file__).parents[2])
    env = {**user, "PYTHONPATH": root, "INTERLOCK_LOCAL_PROVIDER": "real"}
    done = subprocess.run([sys.executable, "-m", "local", *words], env=env, capture_output=True, text=True, check=True)
    assert ", with the real hashicorp/google 7.45.0" in (done.stdout if quiet else done.stderr).splitlines()[0]
