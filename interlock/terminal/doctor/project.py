"""Who asks, which project that is, which APIs are on, and what time it is."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.apis import ALL, FIRST, enable_command
from interlock.gcp.clock import ahead, is_far, said_ahead
from interlock.pasted import LOCAL
from interlock.terminal.doctor.looking import Look, set_quota_project
from interlock.terminal.machine import Finding


def credentials(look: Look) -> Iterator[Finding]:
    """Who asks, and for whom the calls are counted."""
    caller = look.project.caller()
    found = f"{caller.email or 'no address'}, {caller.source}"
    if caller.needs_quota_project and not caller.quota_project:
        yield Finding("credentials", f"{found}, no quota project", set_quota_project(look.environment.project))
    else:
        yield Finding("credentials", found + (f", quota project {caller.quota_project}" if caller.quota_project else ""))


def project(look: Look) -> Iterator[Finding]:
    """The id and the number of the environment are those of one project, which is active."""
    wanted, found = look.environment, look.project.about()
    if found.number != wanted.project_number:
        yield Finding(
            "project", f"{wanted.project} has number {found.number}", f"write that in environments/{wanted.name}.yaml"
        )
    elif not found.is_active:
        yield Finding("project", f"{wanted.project} is being deleted", f"gcloud projects undelete {wanted.project}")
    else:
        yield Finding("project", f"{found.id}, number {found.number}")


def apis(look: Look) -> Iterator[Finding]:
    """Which APIs are off. Before the first deploy only the first ones are missed; it turns on the others."""
    on, project = look.project.enabled(), look.environment.project
    off = tuple(api for api in ALL if api not in on)
    if not off:
        yield Finding("APIs", f"all {len(ALL)} are on")
        return
    found, command = f"{len(off)} of {len(ALL)} are off", enable_command(off, project)
    if look.is_deployed or {*off} & {*FIRST}:
        yield Finding("APIs", found, command)
    else:
        yield Finding("APIs", f"{found}; the first deploy turns them on, or", command, note=True)


def clock(look: Look) -> Iterator[Finding]:
    """This machine's clock against the Date of an answer."""
    off = ahead()
    if is_far(off):
        yield Finding("clock", said_ahead(off), "set it right; timedatectl set-ntp true has it kept so")
    else:
        yield Finding("clock", "the stand-in's" if look.environment.name == LOCAL else "as Google's")
