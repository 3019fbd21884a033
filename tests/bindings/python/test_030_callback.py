# SPDX-License-Identifier: MIT
"""Arrays computed by a Python function."""

import threading

import numpy

import support
import ufomem
from support import Counted, values


class Callback(support.Test):
    def test_elements_are_asked_for_when_they_are_used(self):
        source = Counted()
        a = ufomem.array("i8", 10**9, source)
        self.assertEqual(source.asked, [])
        self.assertEqual(a[123_456_789], values(123_456_789, 1)[0])
        self.assertIn(123_456_789, source)
        self.assertNotIn(500_000_000, source)
        before = len(source.asked)
        self.assertEqual(a[123_456_789], values(123_456_789, 1)[0])
        self.assertEqual(len(source.asked), before)

    def test_every_element_by_index_and_by_slice(self):
        a = ufomem.array("i8", 20_000, values, core=self.core(), chunk=1)
        expected = values(0, 20_000)
        self.assertEqual([a[i] for i in range(len(a))], expected.tolist())
        for key in (slice(None), slice(5, 9000), slice(-7, None), slice(3, 19_000, 7), slice(None, None, -1), slice(5, 5), slice(9, 2)):
            self.assert_elements(a[key], expected[key])
        self.assertEqual(a[-1], expected[-1])
        self.assertEqual(a[numpy.int32(7)], expected[7])

    def test_elements_are_numpy_scalars_of_the_type(self):
        for dtype in ("?", "i1", "u2", "i4", "f2", "f4", "f8", "c8", "c16", "S3", "U5", "M8[ms]", "m8[s]", ">i4", ">f8", "V6"):
            some = numpy.zeros(7, dtype)
            a = ufomem.array(dtype, 7, lambda first, count: some[first : first + count])
            self.assertIs(type(a[3]), type(some[3]), dtype)
            self.assertEqual(a[3], some[3], dtype)
            self.assertEqual(a[:].dtype, some.dtype)

    def test_structures(self):
        dtype = numpy.dtype([("key", "i4"), ("weight", "f8"), ("name", "S90")])  # 102 bytes: elements lie across pages

        def records(first, count):
            out = numpy.zeros(count, dtype)
            out["key"] = numpy.arange(first, first + count)
            out["weight"] = out["key"] / 2
            return out

        a = ufomem.array(dtype, 30_000, records, core=self.core())
        self.assert_elements(a[:], records(0, 30_000))
        self.assertEqual(a[12_345]["key"], 12_345)
        a[12_345] = (7, 8.5, b"seven")
        self.assertEqual(a[12_345].tolist(), (7, 8.5, b"seven"))

    def test_what_a_callback_may_return(self):
        n = 1000
        expected = numpy.arange(n)
        for fn in (
            lambda first, count: range(first, first + count),
            lambda first, count: list(range(first, first + count)),
            lambda first, count: numpy.arange(first, first + count, dtype="u8"),
            lambda first, count: numpy.arange(first, first + count, dtype=">i2"),
            lambda first, count: numpy.arange(2 * first, 2 * (first + count), 1)[::2] // 2,
            lambda first, count: numpy.arange(first, first + count).reshape(-1, 1),
        ):
            self.assert_elements(ufomem.array("i8", n, fn)[:], expected)
        self.assert_elements(ufomem.array("f4", n, lambda first, count: 1.5)[:], numpy.full(n, 1.5, "f4"))

    def test_it_runs_on_the_thread_that_asks(self):
        asked_by = set()

        def fn(first, count):
            asked_by.add(threading.get_ident())
            return values(first, count)

        a = ufomem.array("i8", 10_000_000, fn, core=self.core(64 * support.MIB))
        for _ in a.chunks():
            pass
        self.assertEqual(asked_by, {threading.get_ident()})

    def test_arrays_from_arrays(self):
        core = self.core(2 * support.MIB)
        base = ufomem.array("i8", 1_000_000, values, core=core)
        doubled = ufomem.array("i8", 1_000_000, lambda first, count: base[first : first + count] * 2, core=core)
        for first, part in doubled.chunks():
            self.assert_elements(part, values(first, len(part)) * 2)

    def test_the_memory_budget_is_kept(self):
        core = self.core(support.MIB)
        a = ufomem.array("i8", 2_000_000, values, core=core)
        total = sum(int(part.sum()) for _, part in a.chunks())
        self.assertEqual(total, int(values(0, 2_000_000).sum()))
        self.assertLessEqual(core.stats()["peak_bytes"], support.MIB)
        self.assertGreater(a.stats()["evictions"], 0)

    def test_chunks_elements_and_numpy_agree(self):
        a = ufomem.array("i8", 100_003, values)
        expected = values(0, 100_003)
        self.assert_elements(numpy.concatenate([part for _, part in a.chunks(1000)]), expected)
        self.assertEqual([first for first, _ in a.chunks(50_000)], [0, 50_000, 100_000])
        self.assertEqual(list(a), expected.tolist())
        self.assert_elements(numpy.asarray(a), expected)
        self.assertEqual(numpy.asarray(a, dtype="f4").dtype, "f4")
        self.assertEqual(numpy.max(a), expected.max())
        out = numpy.empty(10, "i8")
        self.assertIs(a.read(5, out=out), out)
        self.assert_elements(out, expected[5:15])


if __name__ == "__main__":
    support.main()
