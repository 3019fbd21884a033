# SPDX-License-Identifier: MIT
"""What hung in the naive design: a thread that waits for elements with the GIL, while whoever computes them needs it."""

import ctypes
import os
import signal
import subprocess
import sys
import threading

import numpy

import support
import ufomem
from support import values

N = 100_000
C = ctypes.CDLL(os.environ["UFOMEM_TEST_SOURCE"])


class Deadlocks(support.Test):
    def lazy(self, fn=values, n=N):
        return ufomem.array("i8", n, fn, core=self.core(256 * support.KIB), chunk=512)

    def test_an_element(self):
        a = self.lazy()
        for index in range(0, N, 500):
            self.assertEqual(a[index], values(index, 1)[0])

    def test_tolist(self):
        a = self.lazy()
        expected = values(0, N).tolist()
        self.assertEqual(a[:].tolist(), expected)
        self.assertEqual(numpy.asarray(a).tolist(), expected)
        self.assertEqual(list(a), expected)

    def test_tolist_of_a_view(self):
        a = self.lazy()
        for first in range(0, N, 10_000):
            with a.view(first, first + 10_000) as v:
                self.assertEqual(v.tolist(), values(first, 10_000).tolist())

    def test_native_memory_with_the_gil(self):
        """Page faults of a thread that has the GIL are answered by native code, which does not need it."""
        a = ufomem.from_c("i8", N, C.populate_values, core=self.core(256 * support.KIB), chunk=512)
        x = a.ndarray()
        support.in_threads(4, lambda number: self.assertEqual(x.tolist(), values(0, N).tolist()))
        self.assertEqual([int(x[index]) for index in range(0, N, 500)], values(0, N)[::500].tolist())

    def test_four_threads_want_one_chunk(self):
        for _ in range(50):
            started = threading.Barrier(4)

            def fn(first, count):
                threading.Event().wait(0.001)  # lets others have the GIL
                return values(first, count)

            a = self.lazy(fn, 512)

            def work(number):
                started.wait(30)
                assert a[number] == values(number, 1)[0]

            support.in_threads(4, work)

    def test_a_callback_that_waits_for_another_reader(self):
        a = self.lazy()
        found = []

        def fn(first, count):
            thread = threading.Thread(target=lambda: found.append(a[first]))
            thread.start()
            thread.join()
            return values(first, count)

        b = self.lazy(fn)
        self.assertEqual(b[70_000], values(70_000, 1)[0])
        self.assertTrue(found)
        self.assertTrue(all(value % 3 == 1 for value in found))

    def test_a_callback_with_a_lock_of_its_own(self):
        lock = threading.Lock()

        def fn(first, count):
            with lock:
                return values(first, count)

        a = self.lazy(fn)
        support.in_threads(4, lambda number: [a[index] for index in range(number, N, 211)])

    def test_two_arrays_that_need_each_other(self):
        """Which of them is told depends on who comes first; nobody hangs."""
        refused = []
        barrier = threading.Barrier(2)
        arrays = []

        def fn(other):
            def populate(first, count):
                try:
                    barrier.wait(5)
                except threading.BrokenBarrierError:
                    pass
                try:
                    return arrays[other][first : first + count]
                except (ufomem.DeadlockError, ufomem.CallbackError) as error:
                    refused.append(error)
                    return values(first, count)

            return populate

        arrays += [self.lazy(fn(1), 512), self.lazy(fn(0), 512)]
        support.in_threads(2, lambda number: arrays[number][5])
        self.assertTrue(refused)

    def test_a_stray_pointer_ends_in_a_signal(self):
        """Memory that was pinned once, touched behind everybody's back: the process is told by SIGBUS, at once."""
        program = """if True:
            import ctypes, numpy, ufomem
            a = ufomem.array("i8", 100_000, lambda first, count: numpy.arange(first, first + count))
            with a.view(0, 10) as v:
                address = v.ctypes.data
                del v
            a.evict()
            ctypes.string_at(address, 8)
        """
        ended = subprocess.run([sys.executable, "-c", program], timeout=30)
        self.assertEqual(ended.returncode, -signal.SIGBUS)


if __name__ == "__main__":
    support.main()
