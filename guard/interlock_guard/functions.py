"""What kind of function one is: only some can be called later, or again. Pure."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def is_coroutine(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine: also a partial of such a function, and an object whose `__call__` is one."""
    return any(map(inspect.iscoroutinefunction, _inside(function)))


def is_generator(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a generator, asynchronous or not, so that its work is done by who iterates."""
    return any(inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner) for inner in _inside(function))


def name_of(function: Callable[..., Any]) -> str:
    """For people; objects that can be called have none."""
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _inside(function: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function):
        return (function,)
    return (function, type(function).__call__)
