# SPDX-License-Identifier: MIT
"""Native sources: zeros, files, C functions; and ndarrays over them without a copy."""

import ctypes
import gc
import os
import tempfile

import numpy

import support
import ufomem
from support import MIB, values

C = ctypes.CDLL(os.environ["UFOMEM_TEST_SOURCE"])


class Native(support.Test):
    def test_a_c_function_by_ctypes_and_by_address(self):
        address = ctypes.cast(C.populate_values, ctypes.c_void_p).value
        for function in (C.populate_values, address):
            a = ufomem.from_c("i8", 300_000, function, core=self.core())
            self.assertTrue(a.native)
            self.assert_elements(a[:], values(0, 300_000))
            self.assertEqual(a[-1], values(299_999, 1)[0])

    def test_user_data_and_writeback(self):
        data = values(0, 1000)
        with ufomem.from_c("i8", 1000, C.populate_copy, data.ctypes.data, writeback=C.writeback_copy, keep=data) as a:
            self.assert_elements(a[:], values(0, 1000))
            a[5] = -5
        self.assertEqual(data[5], -5)

    def test_what_the_source_needs_is_kept(self):
        a = ufomem.from_c("i8", 1000, C.populate_copy, (data := values(0, 1000)).ctypes.data, keep=data)
        del data
        gc.collect()
        self.assert_elements(a[:], values(0, 1000))

    def test_a_c_function_that_fails(self):
        a = ufomem.from_c("i8", 1000, C.populate_fails)
        with self.assertRaisesRegex(ufomem.CallbackError, "42"):
            a[5]

    def test_ndarrays_are_the_memory_itself(self):
        core = self.core()
        a = ufomem.from_c("i8", 1_000_000, C.populate_values, core=core)
        x = a.ndarray()
        self.assertFalse(x.flags.owndata)
        self.assertTrue(x.flags.writeable)
        self.assertEqual(x.shape, (1_000_000,))
        self.assertEqual(int(x.sum()), int(values(0, 1_000_000).sum()))
        x[5] = -5
        self.assertEqual(a[5], -5)
        a[6] = -6
        self.assertEqual(x[6], -6)
        self.assertGreater(core.stats()["evictions"], 0)
        self.assertLessEqual(core.stats()["peak_bytes"], MIB)

    def test_numpy_sees_native_arrays_without_a_copy(self):
        a = ufomem.zeros("i8", 1 << 40, core=self.core())  # no copy of that could be made
        x = numpy.asarray(a)
        x[1 << 39] = 7
        self.assertEqual(a[1 << 39], 7)
        b = ufomem.zeros("i8", 10)
        y = b.__array__(copy=True)
        y[0] = 1
        self.assertEqual(b[0], 0)

    def test_read_only_ndarrays(self):
        with tempfile.NamedTemporaryFile() as file:
            values(0, 1000).tofile(file.name)
            x = ufomem.open(file.name, "i8").ndarray()
            self.assertFalse(x.flags.writeable)
            with self.assertRaises(ValueError):
                x[0] = 1
            with self.assertRaises(ValueError):
                x.flags.writeable = True
            self.assert_elements(x, values(0, 1000))

    def test_an_ndarray_keeps_its_array(self):
        core = self.core()
        x = ufomem.from_c("i8", 300_000, C.populate_values, core=core).ndarray()
        part = x[1000:2000]
        del x
        gc.collect()
        self.assert_elements(part, values(1000, 1000))
        self.assertEqual(core.stats()["regions"], 1)
        del part
        self.assertEqual(core.stats()["regions"], 0)

    def test_changes_through_an_ndarray_reach_the_file_after_close(self):
        with tempfile.NamedTemporaryFile() as file:
            values(0, 1000).tofile(file.name)
            a = ufomem.open(file.name, "i8", mode="r+")
            x = a.ndarray()
            x[5] = -5
            a.close()
            self.assertEqual(numpy.fromfile(file.name, "i8")[5], -5)
            x[6] = -6
            del x
            self.assertEqual(numpy.fromfile(file.name, "i8")[6], -6)

    def test_arrays_of_callbacks_have_none(self):
        a = ufomem.array("i8", 1000, values)
        self.assertFalse(a.native)
        with self.assertRaises(ufomem.UnsupportedError):
            a.ndarray()
        with self.assertRaises(ValueError):
            a.__array__(copy=False)

    def test_zeros_beyond_the_budget(self):
        core = self.core()
        a = ufomem.zeros("f8", 400_000, core=core)
        a[:] = numpy.arange(400_000)
        self.assert_elements(a[::1000], numpy.arange(0, 400_000, 1000))
        self.assertGreater(core.stats()["spill_written_bytes"], 0)


if __name__ == "__main__":
    support.main()
