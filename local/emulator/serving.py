"""Deployed functions, run for real: a functions-framework process a function, started on first use, behind a check.

`{url}/_functions/NAME/...` is the function's address on this machine; whoever dispatches (Cloud Scheduler, Pub/Sub) finds
the function by the host of the constant https address that the API shows. The process gets the source archive, unpacked
into the state folder, the variables of serviceConfig, and what leads Interlock's clients here; its port is on loopback, for
us alone. It ends with the emulator, and begins anew when the source or the configuration changes. What it prints becomes log
entries, as on Cloud Run. Stands in for Cloud Build, Cloud Run and its front end: one instance, no scaling.
"""

from __future__ import annotations

import compileall
import http.client
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from threading import Lock, Thread

from local.emulator import identity, tokens
from local.emulator.guest import Guest, StartError
from local.emulator.model import JsonObject, Request, Response
from local.emulator.store import Store

PREFIX = "/_functions/"
FUNCTIONS = "cloudfunctions.projects.locations.functions"
MAX_SOURCE = 256 * 1024 * 1024  # bytes, unpacked
BYTE_CODE = ".pyc"
_TIMEOUT_SECONDS = 60.0  # Cloud Run functions' default
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-type", "date", "server", "host"})


@dataclass(frozen=True, kw_only=True)
class Target:
    """A deployed function; names are full resource names, `function` is its JSON."""

    function: JsonObject

    @property
    def name(self) -> str:
        """Its short name."""
        return str(self.function["name"]).rpartition("/")[2]

    @property
    def service(self) -> str:
        """The Cloud Run service that it runs as."""
        default = str(self.function["name"]).replace("/functions/", "/services/")
        return (self.function.get("serviceConfig") or {}).get("service") or default

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that the API shows: of its service, and of the function."""
        shown = ((self.function.get("serviceConfig") or {}).get("uri"), self.function.get("url"))
        return tuple(uri for uri in shown if uri)

    def path(self, uri: str) -> str | None:
        """Where in the function a URI leads, None if elsewhere."""
        known = "|".join(re.escape(address.rstrip("/")) for address in self.addresses)
        found = re.fullmatch(rf"(?:{known})(?P<path>(?:[/?].*)?)", uri, re.DOTALL)
        if found is None:
            return None
        return found["path"] if found["path"].startswith("/") else "/" + found["path"]


@dataclass
class Functions:
    """The functions of the store and their running processes. `logged` gets (function, line, stream) of what they print;
    `may_invoke` says whether a service may be invoked by an account, None for who has no good token."""

    store: Store
    folder: Path
    environment: Callable[[], Mapping[str, str]]
    logged: Callable[[JsonObject, str, str], None]
    may_invoke: Callable[[str, str | None], bool]

    def __post_init__(self) -> None:
        self.issuer = tokens.Issuer()
        self._guests: dict[str, tuple[object, Guest]] = {}
        self._lock = Lock()
        self._closed = False

    def find(self, uri: str, *, here: str = "") -> tuple[Target, str] | None:
        """The function that a URI leads to, and the path there; `here` is the emulator's own address."""
        if here and uri.startswith(here + PREFIX):
            below = uri.removeprefix(here + PREFIX)
            name = re.split("[/?]", below)[0]
            found = self._named(name)
            return (found, "/" + below.removeprefix(name).removeprefix("/")) if found else None
        return next(((target, path) for target in self._all() if (path := target.path(uri))), None)

    def handle(self, request: Request) -> Response:
        """The answer to a request under PREFIX."""
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        target = self._named(name)
        if target is None:
            return _text(404, f"No function {name} is deployed on the local stand-in.")
        path = f"/{rest}?{request.query_string}" if request.query_string else f"/{rest}"
        return self.invoke(target, request.http, path, request.headers, request.body)

    def invoke(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        audience: str = "",
        seconds: float = float("inf"),
    ) -> Response:
        """Cloud Run's front door: 401 without a good token, 403 without run.invoker, else what the function answers.

        Header names in lower case. `audience` is that of the token, where it is known. 504 after `seconds`, or after the
        function's own timeout if that is shorter.
        """
        given = headers.get(tokens.SERVERLESS) or headers.get(tokens.AUTHORIZATION, "")
        email = self.issuer.email(given, target.addresses) if given else None
        if not self.may_invoke(target.service, email):
            if email is None:
                return _text(401, "The request has no valid identity token (Authorization: Bearer local:EMAIL).")
            return _text(403, f"{email} lacks run.invoker on {target.service}.")
        if audience and target.path(audience) is None:
            return _text(401, f"The token is for {audience}, not for this service.")
        everybody = self.may_invoke(target.service, None)
        sent = self.issuer.passed_on(headers, audience or next(iter(target.addresses), ""), verified=not everybody)
        try:
            return _forward(self._guest(target), method, path, sent, body, seconds=min(seconds, _timeout(target.function)))
        except StartError as error:
            return _text(503, str(error))
        except TimeoutError:
            return _text(504, "The function took longer than its timeout.")
        except (OSError, http.client.HTTPException) as error:
            return _text(502, f"The function's process broke the connection: {error!r}")

    def wake(self) -> None:
        """Have the processes start, as whoever asks next would. It waits for none of them."""
        for target in self._all():
            Thread(target=self._start, args=(target,), daemon=True).start()

    def _start(self, target: Target) -> None:
        with suppress(StartError):  # who asks is told
            self._guest(target)

    def read_output(self) -> None:
        """Wait until what the processes have printed so far has become log entries."""
        with self._lock:
            guests = [guest for _, guest in self._guests.values()]
        for guest in guests:
            guest.drain()

    def processes(self) -> dict[str, int]:
        """The running process of each service, which leads a group of its own."""
        with self._lock:
            return {service: guest.process.pid for service, (_, guest) in self._guests.items() if guest.alive}

    def pids(self) -> frozenset[int]:
        """Those of the processes; one that is starting is none yet, and is not waited for."""
        return frozenset(guest.process.pid for _, guest in [*self._guests.values()])

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self._closed = True
            for _, guest in self._guests.values():
                guest.stop()
            self._guests.clear()

    def _all(self) -> list[Target]:
        with self.store.transaction():
            return [Target(function=function) for _, function in self.store.under(FUNCTIONS, "")]

    def _named(self, name: str) -> Target | None:
        return next((target for target in self._all() if target.name == name), None)

    def _guest(self, target: Target) -> Guest:
        """The running process; a new one if there is none, it has died, or the deployment has changed."""
        with self._lock:
            if self._closed:
                raise StartError("The local stand-in is ending.")
            meta, archive = self._source(target)
            key = (meta.get("generation"), target.function.get("buildConfig"), target.function.get("serviceConfig"))
            old = self._guests.get(target.service)
            if old and old[0] == key and old[1].alive:
                return old[1]
            if old:
                old[1].stop()
            folder = self.folder / re.sub(r"[^A-Za-z0-9_-]", "_", target.name)
            _unpack(archive, folder)
            function = target.function
            guest = Guest.start(
                folder,
                target=str((function.get("buildConfig") or {}).get("entryPoint") or "main"),
                env={**self.environment(), **_variables(target)},
                logged=lambda line, stream: self.logged(function, line, stream),
            )
            self._guests[target.service] = (key, guest)
            return guest

    def _source(self, target: Target) -> tuple[JsonObject, bytes]:
        build = target.function.get("buildConfig") or {}
        source = (build.get("sourceProvenance") or {}).get("resolvedStorageSource") or {}
        generation = int(source.get("generation") or 0) or None
        with self.store.transaction():
            found = self.store.object(source.get("bucket", ""), source.get("object", ""), generation)
        if found is None:
            place = f"gs://{source.get('bucket')}/{source.get('object')}"
            raise StartError(f"The source archive {place} of function {target.name} does not exist.")
        return found


def _variables(target: Target) -> dict[str, str]:
    config = target.function.get("serviceConfig") or {}
    return {
        **{str(key): str(value) for key, value in (config.get("environmentVariables") or {}).items()},
        # As whom the clients in it act: what the metadata server would say.
        "GOOGLE_OAUTH_ACCESS_TOKEN": identity.access_token(str(config.get("serviceAccountEmail") or "")),
        "K_SERVICE": target.service.rpartition("/")[2],
        "K_REVISION": f"{target.service.rpartition('/')[2]}-00001-loc",
        "CLOUD_RUN_TIMEOUT_SECONDS": str(int(_timeout(target.function))),
        "THREADS": str(config.get("maxInstanceRequestConcurrency") or 1),
    }


def _timeout(function: JsonObject) -> float:
    return float((function.get("serviceConfig") or {}).get("timeoutSeconds") or _TIMEOUT_SECONDS)


def _unpack(archive: bytes, folder: Path) -> None:
    """The archive's files in a folder with nothing else but their byte code, so that a process need not compile them each time;
    StartError if it isn't a zip file that stays inside."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            if sum(file.file_size for file in files.infolist()) > MAX_SOURCE:
                raise StartError(f"The source archive is larger than {MAX_SOURCE} bytes.")
            if _is_unpacked(files, folder):
                return
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            files.extractall(folder)  # leaves out "..", roots and drives by itself
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise StartError(f"The source archive can't be unpacked: {error}") from None
    # By their contents, as all of them may be of one date. What does not compile says so when it is imported.
    compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def _is_unpacked(files: zipfile.ZipFile, folder: Path) -> bool:
    """Whether just these files lie in the folder, as they are in the archive."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != BYTE_CODE}
    packed = [file for file in files.infolist() if not file.is_dir()]
    return there == {file.filename for file in packed} and all(
        (folder / file.filename).read_bytes() == files.read(file) for file in packed
    )


def _forward(guest: Guest, method: str, path: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", guest.port, timeout=seconds)
    try:
        sent = {name: value for name, value in headers.items() if name not in _HOP - {"content-type"}}
        with guest.answering():
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            content = answer.read()
    finally:
        connection.close()
    kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
    return Response(
        status=answer.status,
        body=content,
        content_type=answer.getheader("content-type") or "text/plain; charset=utf-8",
        headers=kept,
    )


def _text(status: int, message: str) -> Response:
    return Response(status=status, body=f"{message}\n".encode(), content_type="text/plain; charset=utf-8")
