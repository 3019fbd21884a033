# SPDX-License-Identifier: MIT
"""Exceptions.  What a callback raises is not among them: it reaches the caller as it is."""

from __future__ import annotations

from typing import Dict, Optional, Type

from . import _array, flat


class Error(Exception):
    """A call of the library failed; the text says why, and what to do about it.

    `status` is one of the `UFO_ERR_` values of `ufomem.flat`; None only in an `Error` that the library did not make.
    """

    status: Optional[int]

    def __init__(self, sentence: str, status: Optional[int] = None) -> None:
        super().__init__(sentence)
        self.status = status


class InvalidError(Error, ValueError):
    """An argument is not acceptable."""


class RangeError(Error, IndexError):
    """Elements that are not all inside the array."""


class NoMemoryError(Error, MemoryError):
    """Address space, or memory for the library's tables, is used up."""


class BudgetError(Error, MemoryError):
    """No memory inside the budget: everything is pinned or cannot leave, or the budget is too small."""


class FileError(Error, OSError):
    """A file, or the spill file, cannot be opened, read or written, or is too short."""


class FilePermissionError(FileError, PermissionError):
    """The user may not do this."""


class CallbackError(Error, RuntimeError):
    """The elements failed in an earlier call, whose callback raised: the text says what.  `Array.reset` has it asked again."""


class DeadlockError(Error, RuntimeError):
    """A callback waits for the very elements that it was called for."""


class PinnedError(Error, BufferError):
    """Elements are in use: a view of them is alive."""


class ReadOnlyError(Error, ValueError):
    """The array is read-only."""


class ClosedError(Error, ValueError):
    """The array, its core or its client is closed, or its service has ended."""


class UnsupportedError(Error, NotImplementedError):
    """This kernel, or this array, cannot do it."""


_CLASSES: Dict[int, Type[Error]] = {
    flat.UFO_ERR_INVALID: InvalidError,
    flat.UFO_ERR_OVERFLOW: InvalidError,
    flat.UFO_ERR_ADDRESS: InvalidError,
    flat.UFO_ERR_RANGE: RangeError,
    flat.UFO_ERR_NOMEM: NoMemoryError,
    flat.UFO_ERR_BUDGET: BudgetError,
    flat.UFO_ERR_FILE: FileError,
    flat.UFO_ERR_TRUNCATED: FileError,
    flat.UFO_ERR_SPILL: FileError,
    flat.UFO_ERR_PERMISSION: FilePermissionError,
    flat.UFO_ERR_POPULATE: CallbackError,
    flat.UFO_ERR_WRITEBACK: CallbackError,
    flat.UFO_ERR_DEADLOCK: DeadlockError,
    flat.UFO_ERR_PINNED: PinnedError,
    flat.UFO_ERR_READ_ONLY: ReadOnlyError,
    flat.UFO_ERR_CLOSED: ClosedError,
    flat.UFO_ERR_UNSUPPORTED: UnsupportedError,
}


def make_error(status: int, sentence: str) -> Error:
    """The exception for a status."""
    return _CLASSES.get(status, Error)(sentence, status)


def check(status: int) -> None:
    """Raises what a status of the flat layer stands for, unless it is UFO_OK."""
    if status != flat.UFO_OK:
        raise make_error(status, flat.ufo_last_error())


_array.set_make_error(make_error)
