# SPDX-License-Identifier: MIT
"""What is written is kept, and reaches the source if that takes it."""

import os
import tempfile

import numpy

import support
import ufomem
from support import values


class Store:
    """A source that takes changes."""

    def __init__(self, count):
        self.data = values(0, count)
        self.broken = None

    def populate(self, first, count):
        return self.data[first : first + count]

    def writeback(self, first, changed):
        if self.broken:
            raise self.broken
        self.data[first : first + len(changed)] = changed


class Writes(support.Test):
    def test_writes_are_kept_under_eviction(self):
        n = 500_000
        core = self.core(support.MIB)
        a = ufomem.array("i8", n, values, core=core)
        expected = values(0, n)
        for index in range(0, n, 1009):
            a[index] = -index
            expected[index] = -index
        a[1000:3000] = numpy.arange(2000)
        expected[1000:3000] = numpy.arange(2000)
        a[-5000::3] = 7
        expected[-5000::3] = 7
        for _ in range(2):
            self.assert_elements(numpy.concatenate([part for _, part in a.chunks()]), expected)
        self.assertGreater(core.stats()["spill_written_bytes"], 0)

    def test_assigning_is_as_numpy_does_it(self):
        a, b = ufomem.zeros("f4", 1000), numpy.zeros(1000, "f4")
        for key, value in (
            (3, 2), (4, 2.5), (-1, numpy.float64(9)), (slice(5, 10), range(5)), (slice(10, 20), 3), (slice(20, 30, 2), [1, 2, 3, 4, 5]),
            (slice(40, 30, -1), numpy.arange(10)), (slice(50, 60), numpy.ones(10, "?")), (slice(60, 60), []), (slice(70, 80), [4]), (99, True),
            (..., b + 1), (slice(None), 5),
        ):  # fmt: skip
            a[key] = b[key] = value
            self.assert_elements(a[:], b)

    def test_large_fills_need_little_memory(self):
        with ufomem.zeros("f8", 4_000_000, core=self.core()) as a:
            a[:] = 1.5
            self.assertEqual(sum(float(part.sum()) for _, part in a.chunks()), 6_000_000)

    def test_values_that_do_not_fit_are_refused_and_change_nothing(self):
        a = ufomem.zeros("i4", 100)
        for key, value, kind in (
            (3, 0.5, TypeError),
            (3, "text", (TypeError, ValueError)),
            (3, None, TypeError),
            (3, [1, 2], ValueError),
            (3, 2**40, OverflowError),
            (3, 2**80, OverflowError),
            (slice(0, 5), [1, 2, 3], ValueError),
            (slice(0, 5), numpy.full(5, 0.5), TypeError),
            (slice(0, 2), numpy.zeros((3, 2), "i4"), ValueError),
            (100, 1, IndexError),
        ):
            with self.assertRaises(kind, msg=repr(value)):
                a[key] = value
        with self.assertRaises(TypeError):
            del a[3]
        self.assertFalse(a[:].any())

    def test_read_only(self):
        a = ufomem.array("i8", 100, values, read_only=True)
        for key in (3, slice(3, 5)):
            with self.assertRaises(ufomem.ReadOnlyError) as caught:
                a[key] = 1
            self.assertEqual(caught.exception.status, ufomem.flat.UFO_ERR_READ_ONLY)
        with self.assertRaises(ufomem.ReadOnlyError):
            a.view(write=True).__enter__()

    def test_changes_reach_the_writeback_callback(self):
        n = 300_000
        store = Store(n)
        core = self.core(support.MIB)
        with ufomem.array("i8", n, store.populate, writeback=store.writeback, core=core) as a:
            a[5] = -5
            a[200_000:200_100] = 1
            for _ in a.chunks():
                pass
            a.flush()
            self.assertEqual(store.data[5], -5)
            self.assertEqual(store.data[200_000:200_100].tolist(), [1] * 100)
            a[6] = -6
        self.assertEqual(store.data[6], -6)  # close() gives, too
        self.assert_elements(store.data[7:200_000], values(7, 199_993))

    def test_errors_of_the_writeback_callback_lose_nothing(self):
        store = Store(1000)
        a = ufomem.array("i8", 1000, store.populate, writeback=store.writeback)
        a[5] = -5
        store.broken = OSError("disk full")
        for give in (a.flush, a.close):
            with self.assertRaises(OSError) as caught:
                give()
            self.assertIs(caught.exception, store.broken)
            self.assertEqual(a[5], -5)
        store.broken = None
        a.close()
        self.assertEqual(store.data[5], -5)

    def test_forgotten_arrays_give_their_changes(self):
        store = Store(1000)
        a = ufomem.array("i8", 1000, store.populate, writeback=store.writeback)
        a[5] = -5
        del a
        self.assertEqual(store.data[5], -5)

    def test_files(self):
        n = 300_000
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "numbers")
            values(0, n).tofile(path)
            with ufomem.open(path, "i8", core=self.core()) as a:
                self.assertEqual(len(a), n)
                self.assert_elements(a[:], values(0, n))
                with self.assertRaises(ValueError):
                    a[0] = 1
            with ufomem.open(path, "i8", mode="c", core=self.core()) as a:
                a[0] = -1
                a.evict()
                self.assertEqual(a[0], -1)
            self.assertEqual(numpy.fromfile(path, "i8", 1)[0], 1)
            with ufomem.open(path, "i8", shape=1000, offset=8 * 500, mode="r+", core=self.core()) as a:
                a[0] = -1
                a.flush()
                self.assertEqual(numpy.fromfile(path, "i8")[500], -1)
                a[1] = -2
            self.assertEqual(numpy.fromfile(path, "i8")[499:503].tolist(), [1498, -1, -2, 1507])

    def test_wrong_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "short")
            with self.assertRaises(FileNotFoundError):
                ufomem.open(path, "i8")
            with open(path, "wb") as file:
                file.write(bytes(100))
            with self.assertRaises(ValueError):
                ufomem.open(path, "i8")  # not a whole number of elements
            with self.assertRaises(ValueError):
                ufomem.open(path, "i8", offset=100)  # nothing is left
            with self.assertRaises((ufomem.Error, OSError)):
                ufomem.open(path, "i8", shape=1000)
            with self.assertRaises(ValueError):
                ufomem.open(path, "u1", mode="w")
            with self.assertRaises(IsADirectoryError):
                ufomem.open(folder, "u1")


if __name__ == "__main__":
    support.main()
