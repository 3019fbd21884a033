# SPDX-License-Identifier: MIT
"""Arguments that are wrong are told so."""

import ctypes
import os
import tempfile
import unittest.mock

import support
import ufomem
from support import values
from ufomem import flat


class TypesAndRanges(support.Test):
    def test_types_that_cannot_be_elements(self):
        for dtype in ("O", "S0", "V0", [("a", "O")], "no such type"):
            with self.assertRaises(TypeError, msg=dtype):
                ufomem.array(dtype, 10, values)

    def test_lengths(self):
        for n in (0, -1, (0, 5), (5, 0), (1, 2, 3), ()):
            with self.assertRaises(ValueError, msg=repr(n)):
                ufomem.array("i8", n, values)
        for n in (1.5, "10", None, (2, 2.5)):
            with self.assertRaises(TypeError, msg=repr(n)):
                ufomem.array("i8", n, values)
        for n in (1 << 60, 1 << 100, (1 << 40, 1 << 40)):
            with self.assertRaises((MemoryError, OverflowError), msg=repr(n)):
                ufomem.array("i8", n, values)

    def test_callbacks(self):
        for fn in (None, 5, "values"):
            with self.assertRaises(TypeError):
                ufomem.array("i8", 10, fn)
        with self.assertRaises(TypeError):
            ufomem.array("i8", 10, values, writeback=5)

    def test_a_python_function_is_no_c_function(self):
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
        with self.assertRaisesRegex(TypeError, "Python function"):
            ufomem.from_c("i8", 10, prototype(lambda *arguments: 0))
        for function in ("f", 1.5, values, prototype()):
            with self.assertRaises((TypeError, ValueError)):
                ufomem.from_c("i8", 10, function)

    def test_indices(self):
        a = ufomem.array("i8", 10, values)
        for key in (10, -11, 1 << 40, 1 << 100, -(1 << 100), (1, 2), (slice(None), 1), (..., ...)):
            with self.assertRaises(IndexError, msg=repr(key)):
                a[key]
            with self.assertRaises(IndexError, msg=repr(key)):
                a[key] = 1
        for key in (1.0, "1", None, True, [1, 2], slice(1.5, 2), slice("a", "b")):
            with self.assertRaises(TypeError, msg=repr(key)):
                a[key]
        with self.assertRaises(ValueError):
            a[::0]
        self.assertEqual((len(a[5:100]), len(a[-100:3]), a[(3,)], a[3, ...]), (5, 3, 10, 10))

    def test_ranges(self):
        a = ufomem.array("i8", 10, values)
        for call in (a.touch, a.flush, a.evict, a.reset, a.read, lambda first, last: a.advise("willneed", first, last)):
            for first, last in ((0, 11), (11, 11), (-1, 3), (5, 4)):
                with self.assertRaises((IndexError, ValueError), msg=(call, first, last)):
                    call(first, last)
            call(10, 10)
        with self.assertRaises(ValueError):
            a.advise("please")
        for length in (0, -5):
            with self.assertRaises(ValueError):
                list(a.chunks(length))

    def test_read_into(self):
        import numpy

        a = ufomem.array("i8", 10, values)
        readable = numpy.zeros(3, "i8")
        readable.flags.writeable = False
        for out in (numpy.zeros(3, "i4"), numpy.zeros(6, "i8")[::2], readable):
            with self.assertRaises(ValueError):
                a.read(0, out=out)
        with self.assertRaises(ValueError):
            a.read(0, 4, out=numpy.zeros(3, "i8"))
        with self.assertRaises(TypeError):
            a.read(0, out=bytearray(24))

    def test_options(self):
        for options in ({"order": "K"}, {"chunk": -1}):
            with self.assertRaises((ValueError, OverflowError, TypeError)):
                ufomem.array("i8", 10, values, **options)
        for options in ({"budget": -1}, {"watermarks": (90, 80)}, {"workers": 0}, {"delivery": "post"}, {"spill_dir": 5}):
            with self.assertRaises((ValueError, OverflowError, TypeError), msg=repr(options)):
                ufomem.Core(**options)

    def test_what_cannot_be_made_says_why(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(20))
            file.flush()
            with self.assertRaises(ufomem.FileError) as caught:
                ufomem.open(file.name, "i8", 3)
            self.assertIn(file.name, str(caught.exception))
        self.assertEqual(caught.exception.status, flat.UFO_ERR_TRUNCATED)
        with ufomem.Core(support.PAGE) as core, self.assertRaises(ufomem.BudgetError) as caught:
            ufomem.zeros("i8", 10, core=core, chunk=support.PAGE)
        self.assertEqual(caught.exception.status, flat.UFO_ERR_BUDGET)
        with unittest.mock.patch.dict(os.environ, UFOMEM_DELIVERY="post"), self.assertRaises(ufomem.InvalidError) as caught:
            ufomem.Core()
        self.assertEqual(caught.exception.status, flat.UFO_ERR_INVALID)

    def test_an_array_is_made_once(self):
        a = ufomem.array("i8", 10, values)
        with self.assertRaises(TypeError):
            a.__init__()
        with self.assertRaises(TypeError):
            ufomem.Array()
        unmade = ufomem.Array.__new__(ufomem.Array)
        with self.assertRaises(ufomem.ClosedError):
            unmade[0]
        repr(unmade)


if __name__ == "__main__":
    support.main()
