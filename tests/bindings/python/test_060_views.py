# SPDX-License-Identifier: MIT
"""Pinned views: in place while the block lasts, and never dangling."""

import gc

import numpy

import support
import ufomem
from support import MIB, values


def pins(a):
    return a.stats()["pins"]


class Views(support.Test):
    def array(self, n=200_000, **options):
        return ufomem.array("i8", n, values, core=self.core(), **options)

    def test_a_view_shows_the_elements_in_place(self):
        a = self.array()
        with a.view(1000, 2000) as v:
            self.assert_elements(v, values(1000, 1000))
            self.assertFalse(v.flags.writeable)
            self.assertFalse(v.flags.owndata)
            a[1500] = -1
            self.assertEqual(v[500], -1)

    def test_a_view_for_writing_changes_the_elements(self):
        a = self.array()
        with a.view(1000, 2000, write=True) as v:
            v += 5
        self.assert_elements(a[1000:2000], values(1000, 1000) + 5)
        del v
        a.evict()
        self.assert_elements(a[1000:2000], values(1000, 1000) + 5)

    def test_what_is_viewed_stays_in_memory(self):
        a = self.array()
        with a.view(1000, 2000) as v:
            with self.assertRaises(ufomem.PinnedError):
                a.evict()
            for _ in a.chunks():  # chases everything else away
                pass
            self.assert_elements(v, values(1000, 1000))
            self.assertGreater(pins(a), 0)

    def test_the_pin_ends_with_the_block_and_the_last_ndarray(self):
        a = self.array()
        with a.view(0, 10) as v:
            del v
            self.assertGreater(pins(a), 0)
        self.assertEqual(pins(a), 0)
        with a.view(0, 10) as v:
            part = v[5:]
        self.assertGreater(pins(a), 0)
        del v
        self.assertGreater(pins(a), 0)
        self.assertEqual(part.tolist(), values(5, 5).tolist())
        del part
        self.assertEqual(pins(a), 0)

    def test_after_the_block_a_view_is_read_only_and_does_not_crash(self):
        a = self.array()
        with a.view(0, 1000, write=True) as v:
            memory = memoryview(v)
        with self.assertRaises(ValueError):
            v[0] = 1
        for _ in a.chunks():
            pass
        a.close()
        del a
        gc.collect()
        self.assert_elements(v, values(0, 1000))
        self.assertEqual(memory[999], values(999, 1)[0])
        del v
        self.assertEqual(numpy.asarray(memory)[999], values(999, 1)[0])

    def test_an_exception_in_the_block_ends_the_view(self):
        a = self.array()
        with self.assertRaises(KeyError):
            with a.view(0, 1000) as v:
                del v
                raise KeyError
        self.assertEqual(pins(a), 0)

    def test_views_nest_and_overlap(self):
        a = self.array()
        with a.view(0, 1000, write=True) as v, a.view(500, 1500) as w:
            v[:] = 0
            self.assertEqual(w[0], 0)
            self.assertEqual(w[500], values(1000, 1)[0])

    def test_ranges(self):
        a = self.array()
        with a.view(7, 7) as v:
            self.assertEqual(len(v), 0)
        for first, last in ((-1, 5), (5, 4), (0, 200_001), (200_001, 200_001)):
            with self.assertRaises(IndexError):
                a.view(first, last).__enter__()
        view = a.view(0, 5)
        with view:
            with self.assertRaises(RuntimeError):
                view.__enter__()

    def test_more_than_the_budget_is_refused(self):
        a = self.array(MIB)
        with self.assertRaises(ufomem.BudgetError) as caught:
            a.view().__enter__()
        self.assertIsInstance(caught.exception, MemoryError)
        self.assertEqual(pins(a), 0)
        self.assertEqual(a[5], values(5, 1)[0])


if __name__ == "__main__":
    support.main()
