"""Plants a bug: a function of the code under test with some of its text replaced, for as long as a `with` lasts."""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A mistake that somebody could make: where, what of the text becomes what, and the seed of the model that finds it."""

    name: str
    where: str
    """`module:function` or `module:Class.method`, of interlock."""
    was: str
    becomes: str
    seed: int = 0

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Runs the body with the bug in place."""
        module_name, _, path = self.where.partition(":")
        module = importlib.import_module(f"interlock.{module_name}")
        *classes, function_name = path.split(".")
        owner = module
        for name in classes:
            owner = getattr(owner, name)
        original = inspect.getattr_static(owner, function_name)
        places = [(owner, function_name)] if classes else list(_references(original))
        mutant = self._mutant(module, original)
        for place, name in places:
            setattr(place, name, mutant)
        try:
            yield
        finally:
            for place, name in places:
                setattr(place, name, original)

    def _mutant(self, module: object, original: FunctionType) -> object:
        source = textwrap.dedent(inspect.getsource(original))
        if source.count(self.was) != 1:
            raise AssertionError(f"{self.name}: {self.where} does not have once: {self.was}")
        scope: dict[str, object] = {}
        changed = source.replace(self.was, self.becomes)
        code = compile("from __future__ import annotations\n" + changed, f"<{self.name}>", "exec")
        # Its globals are those of the module, so that it sees what is planted beside it; its name goes nowhere else.
        exec(code, vars(module), scope)  # noqa: S102 -- our own source, changed by our own table
        return scope[original.__name__]


def _references(function: object) -> Iterator[tuple[object, str]]:
    """Every name in interlock's modules that the function goes by: `from ... import` copies it."""
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] == "interlock":
            for name, value in list(vars(module).items()):
                if value is function:
                    yield module, name
