# SPDX-License-Identifier: MIT
"""Sequences of numbers, computed by the library itself."""

import numpy

import support
import ufomem


class Sequence(support.Test):
    def test_integers_of_every_size(self):
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            with ufomem.sequence(dtype, 100_000, -5, 3, core=self.core()) as a:
                expected = (numpy.arange(100_000, dtype="i8") * 3 - 5).astype(dtype)
                self.assert_elements(a[:], expected)
                self.assertEqual(a[1], expected[1])
                self.assertEqual(a[1].dtype, dtype)

    def test_integers_wrap_around(self):
        with ufomem.sequence("u8", 3, 2**64 - 1, 1) as a:
            self.assertEqual(a[:].tolist(), [2**64 - 1, 0, 1])

    def test_reals(self):
        for dtype in ("f4", "f8"):
            with ufomem.sequence(dtype, 1_000_000, 0.25, -0.5) as a:
                self.assert_elements(a[999_000:], (0.25 - 0.5 * numpy.arange(999_000, 1_000_000)).astype(dtype))

    def test_types_that_have_no_sequence_are_refused(self):
        for dtype in ("f2", "c16", "S4", ">i4", "?", "M8[s]"):
            with self.assertRaises(TypeError, msg=dtype):
                ufomem.sequence(dtype, 10)
        with self.assertRaises(TypeError):
            ufomem.sequence("i4", 10, 0.5)

    def test_changes_are_kept(self):
        core = self.core(support.MIB)
        with ufomem.sequence("i8", 1 << 20, core=core) as a:
            a[5] = -1
            for _ in a.chunks():
                pass
            self.assertGreater(core.stats()["evictions"], 0)
            self.assertEqual(a[4:7].tolist(), [4, -1, 6])


if __name__ == "__main__":
    support.main()
