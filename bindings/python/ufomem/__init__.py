# SPDX-License-Identifier: MIT
"""Lazy arrays: their elements come into memory when they are used, and leave it again.

>>> import numpy, ufomem
>>> squares = ufomem.array("u8", 10**9, lambda first, count: numpy.arange(first, first + count) ** 2)
>>> int(squares[1000])
1000000

An array is computed by a Python function (`array`) or a C function (`from_c`), is the content of a file (`open`), a `sequence`, or starts as
`zeros`.  All arrays of a `Core` together keep to a memory budget; what was changed is given back to the source, or kept in a spill file.

`connect` gives access to the arrays of a service, which keeps them in memory for all processes that read them.

`ufomem.flat` is the C interface itself.
"""

import atexit as _atexit
import os as _os

from . import _array
from .arrays import Array
from .core import Core
from .errors import (
    BudgetError,
    CallbackError,
    ClosedError,
    DeadlockError,
    Error,
    FileError,
    FilePermissionError,
    InvalidError,
    NoMemoryError,
    PinnedError,
    RangeError,
    ReadOnlyError,
    UnsupportedError,
)
from .service import Client, connect
from .sources import array, from_c, open, sequence, zeros

__all__ = [
    "Array", "Client", "Core", "array", "connect", "from_c", "open", "sequence", "zeros",
    "BudgetError", "CallbackError", "ClosedError", "DeadlockError", "Error", "FileError", "FilePermissionError", "InvalidError",
    "NoMemoryError", "PinnedError", "RangeError", "ReadOnlyError", "UnsupportedError",
]  # fmt: skip

# What is open when the process ends is closed, so that changes reach their sources.
_atexit.register(_array.close_idle_arrays)
_os.register_at_fork(after_in_child=_array.after_fork)
