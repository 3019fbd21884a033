# SPDX-License-Identifier: MIT
"""Arrays of 2 GiB and more: nothing is cut off at 31 or 32 bits."""

import os
import tempfile

import numpy

import support
import ufomem
from support import GIB, values

AROUND = [(1 << bits) + delta for bits in (28, 29, 31, 32, 33, 40) for delta in (-1, 0, 1)]


class Large(support.Test):
    def test_elements_beyond_2_gib(self):
        a = ufomem.array("i8", (1 << 40) + 10, values, core=self.core())
        self.assertEqual(len(a), (1 << 40) + 10)
        self.assertEqual(a.nbytes, 8 * len(a))
        for index in AROUND:
            self.assertEqual(a[index], 3 * index + 1)
            self.assert_elements(a[index - 5 : index + 5], values(index - 5, 10))
        for index in AROUND:
            a[index] = -index
        self.assert_elements(a[-3:], values(len(a) - 3, 3))
        for index in AROUND:
            self.assertEqual(a[index], -index)

    def test_bytes_beyond_4_gib(self):
        a = ufomem.array("u1", 10 * GIB, lambda first, count: numpy.arange(first, first + count) % 251, core=self.core())
        for index in AROUND[:-3]:
            self.assertEqual(a[index], index % 251)
            with a.view(index, index + 10) as v:
                self.assertEqual(v[3], (index + 3) % 251)

    def test_strides_beyond_2_gib(self):
        a = ufomem.array("i8", 1 << 36, values, core=self.core(), chunk=1)
        self.assert_elements(a[:: 1 << 31], numpy.arange(0, 1 << 36, 1 << 31) * 3 + 1)

    def test_ndarrays_beyond_2_gib(self):
        a = ufomem.zeros("i8", 1 << 32, core=self.core())
        x = a.ndarray()
        for index in AROUND[:10]:
            x[index] = index
        for index in AROUND[:10]:
            self.assertEqual(a[index], index)

    def test_files_beyond_4_gib(self):
        with tempfile.NamedTemporaryFile() as file:
            os.truncate(file.name, 6 * GIB)  # a hole: it takes no room
            with ufomem.open(file.name, "i8", offset=8, mode="r+", core=self.core()) as a:
                self.assertEqual(len(a), 6 * GIB // 8 - 1)
                a[-1] = 7
                a[(1 << 29) + 1] = 9
            with open(file.name, "rb") as raw:
                for at, expected in ((6 * GIB - 8, 7), (4 * GIB + 16, 9)):
                    raw.seek(at)
                    self.assertEqual(int.from_bytes(raw.read(8), "little"), expected)

    def test_a_copy_of_2_gib(self):
        a = ufomem.zeros("u1", 2 * GIB + 10, core=self.core(64 * support.MIB))
        a[-1] = a[2 * GIB - 1] = 7
        copy = a[:]
        self.assertEqual((copy.size, copy[0], copy[-1], copy[2 * GIB - 1]), (2 * GIB + 10, 0, 7, 7))


if __name__ == "__main__":
    support.main(120)
