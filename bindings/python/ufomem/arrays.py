# SPDX-License-Identifier: MIT
"""The lazy array."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional, Tuple

import numpy

from . import _array, flat

_ADVICE = {
    "normal": flat.UFO_ADVICE_NORMAL,
    "random": flat.UFO_ADVICE_RANDOM,
    "sequential": flat.UFO_ADVICE_SEQUENTIAL,
    "willneed": flat.UFO_ADVICE_WILLNEED,
    "dontneed": flat.UFO_ADVICE_DONTNEED,
}

_AT_ONCE = 1 << 20  # bytes that chunks() gives, about


class _View:
    """What `Array.view` returns, for a `with` statement."""

    def __init__(self, array: "Array", first: int, count: int, write: bool) -> None:
        self._range = (array, first, count, write)
        self._shown: Optional[numpy.ndarray] = None

    def __enter__(self) -> numpy.ndarray:
        if self._shown is not None:
            raise RuntimeError("a view is entered once; ask the array for another one")
        array, first, count, write = self._range
        self._shown = array._pinned(first, count, write)
        return self._shown

    def __exit__(self, *exception: object) -> None:
        shown, self._shown = self._shown, None
        if shown is not None:
            shown.flags.writeable = False


class Array(_array.Base):
    """A lazy array of one or two dimensions; made by `ufomem.array`, `open`, `sequence`, `zeros` and `from_c`, or by a `Client`.

    **Reading.**  `a[i]` is a NumPy scalar, `a[s:e]`, `a[r, :]`, `a[::2, c]` are ndarrays: copies.  Negative indices count from the end.
    **Writing.**  `a[i] = x`, `a[s:e] = values`, `a[:, c] = 0`, with NumPy's broadcasting and conversions, except those that would drop
    fractions or imaginary parts.

    Everywhere below, elements [first, last) are given by their *flat* indices, in the order of memory (for a matrix: row after row, or
    column after column with order "F"); without them it is the whole array.

    **Threads.**  All of it may be used by several threads at once.  Who has to wait, for a source or for memory, does so without the GIL.

    **Errors.**  What a populate or writeback callback raises reaches who asked for the elements, as it is.  The failure is remembered: later calls
    that need the same chunk raise `CallbackError` until `reset`.  Others are `ufomem.Error`, see `ufomem.errors`.  IndexError: not inside the array.
    """

    __slots__ = ("__weakref__",)

    # What is inherited: dtype, shape, size, order, chunk, read_only, native, shared, closed; len(), indexing.

    @property
    def ndim(self) -> int:
        """1, or 2."""
        return len(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.dtype.itemsize

    def _count(self, first: int, last: Optional[int]) -> int:
        last = self.size if last is None else last
        if last < first:
            raise IndexError(f"[{first}, {last}) is no range of elements")
        return last - first

    # Reading in bulk

    def read(self, first: int = 0, last: Optional[int] = None, out: Optional[numpy.ndarray] = None) -> numpy.ndarray:
        """Copies elements [first, last) to `out`, a contiguous ndarray of the same type, or to a new one.  With `out` and without `last`,
        as many as it takes.

        :raises ValueError: if `out` has another type or length
        """
        if out is None:
            return self._read_new(first, self._count(first, last))
        if last is not None and out.size != last - first:
            raise ValueError(f"out has {out.size} elements, and [{first}, {last}) are {last - first}")
        return self._read_into(first, out)

    def chunks(self, elements: Optional[int] = None) -> Iterator[Tuple[int, numpy.ndarray]]:
        """Goes through the array in pieces: yields (flat index of the first element, ndarray with a copy).

        :param elements: length of a piece; default: whole chunks, about 1 MiB
        """
        if elements is None:
            elements = self.chunk * max(_AT_ONCE // max(self.chunk * self.itemsize, 1), 1) or 1
        if elements < 1:
            raise ValueError("a piece has at least one element")
        for first in range(0, self.size, elements):
            yield first, self.read(first, min(first + elements, self.size))

    def __iter__(self) -> Iterator[Any]:
        """The elements, or the rows of a matrix."""
        if self.ndim == 2:
            for row in range(self.shape[0]):
                yield self[row]
        else:
            for _, piece in self.chunks():
                yield from piece

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> numpy.ndarray:
        """All elements as an ndarray, for NumPy: without a copy if the source is native, else copied.

        :raises MemoryError: if they are too many for a copy
        """
        if self.native and not copy:
            result = self.ndarray()
        elif copy is False:
            raise ValueError("its memory is not there to be shown: make a copy, or use view() for a part of it")
        else:
            result = self[:] if self.ndim == 1 else self[:, :]
        return result if dtype is None else result.astype(dtype, copy=False)

    # Memory itself

    def view(self, first: int = 0, last: Optional[int] = None, *, write: bool = False) -> _View:
        """Elements [first, last) in place, kept in memory meanwhile::

            with a.view(0, 1000, write=True) as v:
                v += 1

        The ndarray is flat.  It becomes read-only when the block ends, and its memory can leave when nothing refers to it any more, whichever is
        later: an ndarray that survives the block (so does `v` itself, until it is assigned to, or its function ends) stays valid, and pinned.
        What is pinned counts against the budget.  Of an array of a service it is a copy, and read-only: memory that is another process's can go with it.

        :raises BudgetError: if the budget has no room for so many
        """
        return _View(self, first, self._count(first, last), write)

    def ndarray(self) -> numpy.ndarray:
        """An ndarray over all elements, in the array's shape, without a copy: memory comes in as it is touched, also by other libraries.  It keeps
        the array's memory, also beyond `close`.  An error under it (a file that became shorter ...) can only be a signal, SIGBUS.

        :raises UnsupportedError: if the elements are computed by a Python callback, which cannot run on a page fault, or are a service's, which may end
        """
        return self._whole()

    # What the memory does

    def touch(self, first: int = 0, last: Optional[int] = None) -> None:
        """Brings elements [first, last) into memory; they may leave again at any time."""
        self._touch(first, self._count(first, last))

    def flush(self, first: int = 0, last: Optional[int] = None) -> None:
        """Gives changes to where changes go: the writeback callback, the file (durably), else the spill file.  What is not accepted stays, as changed."""
        self._flush(first, self._count(first, last))

    def evict(self, first: int = 0, last: Optional[int] = None) -> None:
        """Lets elements leave memory now; changes are kept.

        :raises PinnedError: if a view of them is alive; the others have left
        """
        self._evict(first, self._count(first, last))

    def reset(self, first: int = 0, last: Optional[int] = None) -> None:
        """Forgets failures, and changes that were not yet given to the source: the next access asks the source again.

        :raises PinnedError: if a view of them is alive; the others are reset
        """
        self._reset(first, self._count(first, last))

    def advise(self, advice: str, first: int = 0, last: Optional[int] = None) -> None:
        """Tells what comes next: "normal", "random" or "sequential" for the whole array, "willneed" or "dontneed" for elements [first, last)."""
        if advice not in _ADVICE:
            raise ValueError(f"advice is one of {', '.join(_ADVICE)}; not {advice!r}")
        self._advise(first, self._count(first, last), _ADVICE[advice])

    def stats(self) -> Dict[str, int]:
        """Figures: `resident_bytes`, `pins` (in chunks), `faults`, `populates`, `populated_bytes`, `evictions`, `rescues`,
        `written_back_bytes`, `spill_written_bytes`, `spill_read_bytes`, `failures`."""
        return self._stats()

    def close(self) -> None:
        """Gives changes to the source if it takes them, then ends the array: later calls raise `ClosedError`.  Calls at work in other threads end first; views
        and ndarrays stay valid, and keep their memory.  Inside a callback it does not wait for anybody.  Idempotent; the garbage collector
        does it for arrays that are forgotten.

        :raises Exception: what the writeback callback raises, or FileError; the array is still open then, and its changes kept
        """
        self._close()

    def __enter__(self) -> "Array":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<ufomem.Array of {self.dtype}, shape {self.shape}{state}>"
