# SPDX-License-Identifier: MIT
"""Cores: a memory budget, and the arrays that share it."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Tuple, Union

from . import _array, flat
from .errors import ClosedError, check

_DELIVERIES = {
    "auto": flat.UFO_DELIVERY_AUTO,
    "thread": flat.UFO_DELIVERY_THREAD,
    "inline": flat.UFO_DELIVERY_INLINE,
    "protect": flat.UFO_DELIVERY_PROTECT,
}


def as_dict(figures: Any) -> Dict[str, int]:
    """A struct of figures of the flat layer."""
    names = (name for name in dir(type(figures)) if not name.startswith("_"))
    return {name: getattr(figures, name) for name in names if name not in ("this", "thisown", "struct_size")}


class Core:
    """A hard budget for the memory of all its arrays.

    Arrays that name no core share the default core of the process.  A core lives as long as its arrays; `close` closes them, too.
    It may be used by any number of threads.

    :param budget: bytes that its arrays may have in memory at any time; 0: half of what the machine has available
    :param watermarks: (low, high) in percent of the budget: from `high` on chunks leave, until `low` is reached
    :param workers: most threads that answer page faults
    :param spill_dir: where changes go that no source takes
    :param delivery: how page faults reach the library: "auto", "thread", "inline" or "protect"
    :raises Error: `InvalidError` for a value that is not acceptable, `UnsupportedError` for a delivery that this kernel does not have
    """

    def __init__(
        self,
        budget: int = 0,
        *,
        watermarks: Optional[Tuple[int, int]] = None,
        workers: Optional[int] = None,
        spill_dir: Union[str, "os.PathLike[str]", None] = None,
        delivery: str = "auto",
    ) -> None:
        self._handle: Any = None
        if delivery not in _DELIVERIES:
            raise ValueError(f"delivery is one of {', '.join(_DELIVERIES)}; not {delivery!r}")
        config = flat.ufo_core_config_new()
        if config is None:
            raise MemoryError("no memory for a config")
        try:
            check(flat.ufo_core_config_set_budget(config, budget))
            check(flat.ufo_core_config_set_delivery(config, _DELIVERIES[delivery]))
            if watermarks is not None:
                check(flat.ufo_core_config_set_watermarks(config, *watermarks))
            if workers is not None:
                check(flat.ufo_core_config_set_workers(config, workers))
            if spill_dir is not None:
                check(flat.ufo_core_config_set_spill_dir(config, os.fspath(spill_dir)))
            self._handle = flat.ufo_core_new(config)
            if self._handle is None:
                check(flat.ufo_last_status())
        finally:
            flat.ufo_core_config_free(config)

    def _open_handle(self) -> Any:
        if self._handle is None:
            raise ClosedError("the core is closed", flat.UFO_ERR_CLOSED)
        return self._handle

    @property
    def budget(self) -> int:
        """Bytes that the arrays may have in memory.  Setting it waits until what they use is within.

        :raises BudgetError: if that cannot be reached; the old budget stays
        """
        return self.stats()["budget_bytes"]

    @budget.setter
    def budget(self, budget: int) -> None:
        check(flat.ufo_core_set_budget(self._open_handle(), budget))

    def stats(self) -> Dict[str, int]:
        """Figures: `budget_bytes`, `used_bytes`, `peak_bytes`, `spilled_bytes`, `regions`, `workers`, `faults`, `populated_bytes`,
        `evictions`, `rescues`, `written_back_bytes`, `spill_written_bytes`, `spill_read_bytes`, `failures`."""
        figures = flat.ufo_core_stats()
        check(flat.ufo_core_stats_get(self._open_handle(), figures))
        return as_dict(figures)

    def close(self) -> None:
        """Closes the arrays, the newest first, then the core.  Idempotent.

        :raises Exception: what closing an array raises; that array, older ones and the core are still open then
        """
        if self._handle is None:
            return
        _array.close_arrays_of(self)
        if _array.has_arrays(self):
            return  # ndarrays over their memory are alive: the core ends with them
        handle, self._handle = self._handle, None
        flat.ufo_core_free(handle)

    def __enter__(self) -> "Core":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        # (At the end of the process the modules may be gone before.)
        if getattr(self, "_handle", None) is not None and _array is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<ufomem.Core, {'closed' if self._handle is None else f'budget {self.budget} bytes'}>"
