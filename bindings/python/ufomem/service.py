# SPDX-License-Identifier: MIT
"""Arrays of a service, which keeps them in memory for all processes that read them."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Union

import numpy

from . import flat
from .arrays import Array
from .core import as_dict
from .errors import ClosedError, check
from .sources import DType, Shape, _make, _shape_of_file


class Client:
    """A connection to a service: the daemon `ufod`, or any process that is a server by `<ufomem/service.h>`.

    The arrays are read-only, and their memory is in the budget of the service.  When the service ends, whoever needs elements gets `ClosedError`, until there is a service
    at the same socket again: the arrays go on with that.  A client may be used by any number of threads, and by its own process only.

    Made by `connect`.
    """

    def __init__(self, path: Union[str, "os.PathLike[str]", None] = None) -> None:
        self._handle: Any = None
        self._handle = flat.ufo_client_connect(None if path is None else os.fspath(path))
        if self._handle is None:
            check(flat.ufo_last_status())

    def _open_handle(self) -> Any:
        if self._handle is None:
            raise ClosedError("the client is closed", flat.UFO_ERR_CLOSED)
        return self._handle

    def array(self, name: str, dtype: DType, shape: Optional[Shape] = None, *, order: str = "C") -> Array:
        """What the service has published by that name.

        :param dtype: NumPy type of the elements; it has to have the size of those of the service
        :param shape: number of elements, or (rows, columns); default: all that there are
        :raises InvalidError: if there is no such array, or its elements have another size
        :raises RangeError: if there are not so many elements
        """

        def set_source(config: Any, _: numpy.dtype) -> None:
            check(flat.ufo_config_set_shared(config, self._open_handle(), name))

        return _make(dtype, 0 if shape is None else shape, set_source, core=None, chunk=0, order=order, read_only=True, whole=shape is None)

    def open(
        self,
        path: Union[str, "os.PathLike[str]"],
        dtype: DType,
        shape: Optional[Shape] = None,
        offset: int = 0,
        *,
        chunk: int = 0,
        order: str = "C",
    ) -> Array:
        """The content of a file, from byte `offset` on, as by `ufomem.open`; but in memory once for all clients that open it.  This process opens the file, so the service
        needs no right to it.

        :param chunk: least number of elements that come into memory together; counts for the first client that opens the file
        :raises OSError: if the file cannot be opened, or is shorter than that
        """
        name = os.fspath(path)
        shape = _shape_of_file(name, dtype, shape, offset, "rb")

        def set_source(config: Any, _: numpy.dtype) -> None:
            check(flat.ufo_config_set_file(config, name, offset, 0))
            check(flat.ufo_config_set_shared(config, self._open_handle(), None))

        return _make(dtype, shape, set_source, core=None, chunk=chunk, order=order, read_only=True)

    def stats(self) -> Dict[str, int]:
        """Figures of the service, as `ufo_server_stats` has them: `budget_bytes`, `used_bytes`, `clients`, `regions`, `faults`, `populated_bytes` ..."""
        figures = flat.ufo_server_stats()
        check(flat.ufo_client_stats_get(self._open_handle(), figures))
        return as_dict(figures)

    def close(self) -> None:
        """Opens nothing any more; arrays that it has opened go on until they are closed.  Idempotent."""
        handle, self._handle = self._handle, None
        if handle is not None:
            flat.ufo_client_free(handle)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        # (At the end of the process the modules may be gone before.)
        if getattr(self, "_handle", None) is not None and flat is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<ufomem.Client{', closed' if self._handle is None else ''}>"


def connect(path: Union[str, "os.PathLike[str]", None] = None) -> Client:
    """Connects to the service at a socket; default: where `ufod` listens, see `ufomem.flat.ufo_service_path()`.

    :raises Error: if nobody listens there
    """
    return Client(path)
