# SPDX-License-Identifier: MIT
"""Where the elements of an array come from: a function for each kind of source."""

from __future__ import annotations

import builtins
import ctypes
import math
import operator
import os
from typing import Any, Callable, Optional, Sequence, Tuple, Union

import numpy

from . import flat
from .arrays import Array
from .core import Core
from .errors import check

DType = Any  # what numpy.dtype() takes
Shape = Union[int, Tuple[int], Tuple[int, int]]
Populate = Callable[[int, int], Any]
Writeback = Callable[[int, numpy.ndarray], object]


def _lengths(shape: Union[Shape, Sequence[int]]) -> Tuple[int, ...]:
    lengths = tuple(map(operator.index, shape)) if isinstance(shape, (tuple, list)) else (operator.index(shape),)
    if len(lengths) not in (1, 2):
        raise ValueError(f"an array has one or two dimensions, not {len(lengths)}")
    if min(lengths) < 1:
        raise ValueError("an array has at least one element in each dimension")
    return lengths


def _make(
    dtype: DType,
    shape: Shape,
    set_source: Callable[[Any, numpy.dtype], None],
    *,
    core: Optional[Core],
    chunk: int,
    order: str,
    read_only: bool,
    writes_back: bool = False,
    populate: Optional[Populate] = None,
    writeback: Optional[Writeback] = None,
    source: object = None,
    whole: bool = False,
) -> Array:
    """An array of a source that `set_source(config, dtype)` has put into the config.  `whole`: as long as the source is, whatever the shape."""
    dtype = numpy.dtype(dtype)
    if dtype.hasobject or dtype.itemsize == 0:
        raise TypeError(f"elements of type {dtype} cannot live in lazy memory: it takes plain data of a fixed size")
    if order not in ("C", "F"):
        raise ValueError(f"order is 'C' (row after row) or 'F' (column after column); not {order!r}")
    lengths = () if whole else _lengths(shape)
    count = math.prod(lengths) if lengths else 0
    matrix = lengths if len(lengths) == 2 else (0, 0)
    if count * dtype.itemsize > 1 << 47:
        raise MemoryError(f"{count} elements of {dtype.itemsize} bytes do not fit an address space of 2**47 bytes")
    config = flat.ufo_config_new()
    if config is None:
        raise MemoryError("no memory for a config")
    try:
        if lengths:
            check(flat.ufo_config_set_elements(config, count, dtype.itemsize))
        check(flat.ufo_config_set_chunk(config, chunk))
        check(flat.ufo_config_set_read_only(config, read_only))
        set_source(config, dtype)
        core_handle = 0 if core is None else int(core._open_handle())
        return Array(core_handle, int(config), core, dtype, count, *matrix, order == "F", populate, writeback, source, read_only, writes_back)
    finally:
        flat.ufo_config_free(config)


def array(
    dtype: DType,
    n: Shape,
    fn: Populate,
    *,
    core: Optional[Core] = None,
    chunk: int = 0,
    order: str = "C",
    read_only: bool = False,
    writeback: Optional[Writeback] = None,
) -> Array:
    """An array computed by a Python function, `fn(first, count)`.

    `fn` returns elements [first, first + count): an ndarray or other sequence of `count` elements, or a single value for all of them.  For a matrix
    the indices are flat, in the order of memory: `numpy.divmod(numpy.arange(first, first + count), columns)` are rows and columns (order "C").

    It runs on the thread that asked for the elements, with the GIL, and on several threads at once for different elements; more elements than were asked for may be
    wanted together.  It may use other arrays, and other elements of its own; asking for those that it computes raises `DeadlockError`.  What it
    raises reaches who asked.  A KeyboardInterrupt is kept until the elements are there: `fn` is called again for them.

    :param dtype: NumPy type of the elements: plain data, structures included; no Python objects
    :param n: number of elements, or (rows, columns)
    :param core: whose memory budget it uses; default: that of the process
    :param chunk: least number of elements that are computed together; 0: 64 KiB of them
    :param order: of a matrix in memory: "C", row after row, or "F", column after column
    :param read_only: assigning is an error
    :param writeback: `writeback(first, values)` takes changed elements on `flush` and `close`; afterwards `fn` has to give the new values.  Without it changes
        are kept in a spill file, and end with the array
    :raises TypeError: for a dtype that is no plain data, or `fn` that cannot be called
    :raises ValueError: for n < 1
    :raises Error: if the array cannot be made
    """
    if not callable(fn):
        raise TypeError(f"fn(first, count) has to be callable, not {type(fn).__name__}")
    if writeback is not None and not callable(writeback):
        raise TypeError(f"writeback(first, values) has to be callable, not {type(writeback).__name__}")
    return _make(
        dtype, n, lambda config, dtype: None, core=core, chunk=chunk, order=order, read_only=read_only,
        writes_back=writeback is not None, populate=fn, writeback=writeback,
    )  # fmt: skip


def _shape_of_file(name: Union[str, bytes], dtype: DType, shape: Optional[Shape], offset: int, mode: str) -> Shape:
    with builtins.open(name, mode, buffering=0) as file:  # who may not gets the usual OSError
        there = file.seek(0, os.SEEK_END) - offset
    if shape is not None:
        return shape
    itemsize = numpy.dtype(dtype).itemsize
    if there <= 0 or there % itemsize != 0:
        raise ValueError(f"{name!r} has {there} bytes from {offset} on, no whole number of elements of {itemsize}; give a shape")
    return there // itemsize


def open(
    path: Union[str, "os.PathLike[str]"],
    dtype: DType,
    shape: Optional[Shape] = None,
    offset: int = 0,
    mode: str = "r",
    *,
    core: Optional[Core] = None,
    chunk: int = 0,
    order: str = "C",
    direct: bool = False,
) -> Array:
    """The content of a file, from byte `offset` on.

    :param shape: number of elements, or (rows, columns); default: all that is there
    :param offset: bytes before the first element
    :param mode: "r": read-only; "c": changes stay private, and end with the array; "r+": changes go to the file, at the latest on `flush` and `close`
    :param direct: bypass the page cache where the file system allows it
    :raises OSError: if the file cannot be opened, or is shorter than that
    :raises ValueError: if what is there is no whole number of elements
    (`dtype`, `core`, `chunk` and `order` as for `array`.)
    """
    if mode not in ("r", "c", "r+"):
        raise ValueError(f"mode is 'r', 'c' or 'r+'; not {mode!r}")
    name = os.fspath(path)
    shape = _shape_of_file(name, dtype, shape, offset, "r+b" if mode == "r+" else "rb")
    flags = (flat.UFO_FILE_WRITEBACK if mode == "r+" else 0) | (flat.UFO_FILE_DIRECT if direct else 0)

    def set_source(config: Any, _: numpy.dtype) -> None:
        check(flat.ufo_config_set_file(config, name, offset, flags))

    return _make(dtype, shape, set_source, core=core, chunk=chunk, order=order, read_only=mode == "r", writes_back=mode == "r+")


def sequence(
    dtype: DType,
    n: Shape,
    start: Union[int, float] = 0,
    step: Union[int, float] = 1,
    *,
    core: Optional[Core] = None,
    chunk: int = 0,
    order: str = "C",
    read_only: bool = False,
) -> Array:
    """The numbers start + i * step, computed by native code.

    Integers wrap around as they do in C; for floats the sum is rounded once.

    :param dtype: an integer type, float32 or float64, in the machine's byte order
    :raises TypeError: for another dtype, or a start or step that is no integer where the elements are
    (The others as for `array`.)
    """

    def set_source(config: Any, dtype: numpy.dtype) -> None:
        if dtype.kind in "iu" and dtype.isnative:
            whole = [(operator.index(number) + (1 << 63)) % (1 << 64) - (1 << 63) for number in (start, step)]
            check(flat.ufo_config_set_sequence_int(config, *whole))
        elif dtype.kind == "f" and dtype.itemsize in (4, 8) and dtype.isnative:
            check(flat.ufo_config_set_sequence_real(config, start, step))
        else:
            raise TypeError(f"a sequence has elements of an integer type, float32 or float64 in the machine's byte order; not {dtype}")

    return _make(dtype, n, set_source, core=core, chunk=chunk, order=order, read_only=read_only)


def zeros(dtype: DType, n: Shape, *, core: Optional[Core] = None, chunk: int = 0, order: str = "C") -> Array:
    """Zeros, to be written to: memory beyond the budget is kept in a spill file.  (Parameters as for `array`.)"""
    return _make(dtype, n, lambda config, dtype: None, core=core, chunk=chunk, order=order, read_only=False)


def _address(function: object, what: str) -> int:
    """The address of a C function, given as an integer or by ctypes."""
    if function is None:
        return 0
    if isinstance(function, int):
        return function
    if isinstance(function, ctypes._CFuncPtr):
        # A Python function in the clothes of a C function would need the GIL while a page fault is served.
        if any(type(part).__name__ == "CThunkObject" for part in (getattr(function, "_objects", None) or {}).values()):
            raise TypeError(f"{what} is a Python function, wrapped by ctypes; give the Python function itself to ufomem.array()")
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    raise TypeError(f"{what} is the address of a C function, as an integer or from ctypes; not {type(function).__name__}")


def from_c(
    dtype: DType,
    n: Shape,
    function: Union[int, "ctypes._CFuncPtr"],
    user_data: Union[int, ctypes.c_void_p, None] = None,
    *,
    writeback: Union[int, "ctypes._CFuncPtr", None] = None,
    core: Optional[Core] = None,
    chunk: int = 0,
    order: str = "C",
    read_only: bool = False,
    keep: object = None,
) -> Array:
    """An array computed by a C function, `int32_t function(void *user_data, size_t first, size_t count, void *out)`, which returns 0.

    It may run on any thread, without the GIL, also while a thread that has the GIL waits for it: it must be native code that calls nothing of Python.
    An address from numba (`.address`) or cffi (`int(ffi.cast("intptr_t", f))`) will do.

    :param function: its address, or a function of ctypes' (which the array keeps)
    :param user_data: an address that is handed to it
    :param writeback: `int32_t (void *user_data, size_t first, size_t count, const void *data)`, with the same `user_data`, which takes changed elements
    :param keep: any object that has to live as long as the array, e.g. what `user_data` points to
    :raises TypeError: for something else than a C function
    :raises CallbackError: later, when elements are used, if it returned something else than 0; see `Array.reset`
    (The others as for `array`.)
    """
    populate, store = _address(function, "function"), _address(writeback, "writeback")
    data = user_data.value if isinstance(user_data, ctypes.c_void_p) else user_data

    def set_source(config: Any, _: numpy.dtype) -> None:
        check(flat.ufo_config_set_populate(config, populate, data, None))
        if store:
            check(flat.ufo_config_set_writeback(config, store, data, None))

    return _make(
        dtype, n, set_source, core=core, chunk=chunk, order=order, read_only=read_only,
        writes_back=store != 0, source=(function, writeback, user_data, keep),
    )  # fmt: skip
