"""`interlock board`: what is held, why, until when, and the day ahead, on one page that opens anywhere."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Literal

import click

from interlock.board.as_json import as_json
from interlock.board.page import page
from interlock.names import count
from interlock.pasted import LOCAL
from interlock.terminal.board import look_at
from interlock.terminal.common import Place, env_option, print_json
from interlock.terminal.serving import serve
from interlock.terminal.tables import say, say_folded

Style = Literal["html", "json"]


@click.command()
@env_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    default=Path("board.html"),
    show_default=True,
    help="Where the page is written.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@click.option("--watch", is_flag=True, help="Serve it on this machine alone, looked at anew each time, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of --watch. Default: a free one.")
@click.option(
    "--format", "style", type=click.Choice(["html", "json"]), default="html", show_default=True, help="JSON is printed."
)
def command(env_name: str, out: Path, opens: bool, watch: bool, port: int, style: Style) -> None:
    """Write one page of HTML: what is held, why and until when, each job, the next 24 hours and the last 7 days.

    It asks nobody anything when it is open, and can be sent to people. The coordinator keeps the same page in the
    bucket, for who may look at that.
    """
    if watch and style == "json":
        raise click.UsageError("--watch serves the page; leave out --format json")
    environment = Place(env_name).cloud
    found = look_at(environment)
    if style == "json":
        print_json(as_json(found))
        return
    if watch:
        serve(lambda: page(look_at(environment)), port, opens=opens)
        return
    try:
        out.write_text(page(found), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--out: {out} can't be written: {error.strerror}") from None
    say(f"{out}: {count(len(found.rows), 'job')}, {count(len(found.holds), 'hold')}")
    if environment.name != LOCAL:
        say_folded(f"the coordinator keeps it fresh at {environment.board_url}")
    if opens:
        webbrowser.open(out.resolve().as_uri())
