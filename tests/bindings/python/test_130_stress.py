# SPDX-License-Identifier: MIT
"""Everything at once: four threads, the garbage collector half of the time, a tiny budget, callbacks that allocate; thousands of chunks."""

import gc
import random
import threading
import time

import numpy

import support
import ufomem
from support import KIB, values

CHUNK = 512  # elements: a page
CHUNKS = 3000
N = CHUNK * CHUNKS
THREADS = 4


def allocating(first, count):
    """The elements by way of a lot of garbage, cycles included."""
    numbers = [3 * index + 1 for index in range(first, first + count)]
    cycle = {"numbers": numbers}
    cycle["itself"] = cycle
    return numpy.array(list(map(int, cycle["numbers"])))


class Collector:
    """gc.collect() half of the time, on a thread of its own."""

    def __enter__(self):
        self.enough = threading.Event()
        self.runs = 0
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def loop(self):
        while not self.enough.is_set():
            start = time.perf_counter()
            gc.collect()
            self.runs += 1
            time.sleep(time.perf_counter() - start)  # the interpreter's lock is the others' for as long

    def __exit__(self, *exception):
        self.enough.set()
        self.thread.join()
        assert self.runs > 0


class Stress(support.Test):
    def test_readers(self):
        core = self.core(256 * KIB)
        a = ufomem.array("i8", N, allocating, core=core, chunk=CHUNK)

        def work(number):
            order = list(range(CHUNKS))
            random.Random(number).shuffle(order)
            for at, chunk in enumerate(order):
                index = CHUNK * chunk + at % (CHUNK - 20)
                way = at % 4
                if way == 0:
                    assert a[index] == 3 * index + 1
                elif way == 1:
                    assert (a[index : index + 20] == values(index, 20)).all()
                elif way == 2:
                    with a.view(index, index + 20) as v:
                        assert v.tolist() == values(index, 20).tolist()
                        del v
                else:
                    a.touch(index, index + 20)

        with Collector():
            support.in_threads(THREADS, work)
        self.assertGreater(a.stats()["evictions"], CHUNKS)
        self.assertLessEqual(core.stats()["peak_bytes"], 256 * KIB)

    def test_writers(self):
        """Each thread has elements of its own in every chunk, and knows what it wrote."""
        core = self.core(256 * KIB)
        store = values(0, N)

        def writeback(first, changed):
            store[first : first + len(changed)] = changed

        a = ufomem.array("i8", N, lambda first, count: store[first : first + count].tolist(), writeback=writeback, core=core, chunk=CHUNK)
        expected = values(0, N)

        def work(number):
            chance = random.Random(number)
            for turn in range(CHUNKS):
                index = CHUNK * chance.randrange(CHUNKS) + 4 * chance.randrange(CHUNK // 4) + number
                assert a[index] == expected[index], index
                expected[index] = turn
                a[index] = turn
                assert a[index] == turn
                if turn % 500 == number:
                    a.flush()

        with Collector():
            support.in_threads(THREADS, work)
        for first, part in a.chunks():
            self.assert_elements(part, expected[first : first + len(part)])
        a.close()
        self.assert_elements(store, expected)

    def test_arrays_that_come_and_go(self):
        core = self.core(512 * KIB)

        def work(number):
            for turn in range(150):
                source = {}
                a = source["array"] = ufomem.array(
                    "i8", 20 * CHUNK, lambda first, count, source=source: allocating(first, count), core=core, chunk=CHUNK
                )
                for index in range(0, 20 * CHUNK, CHUNK):
                    assert a[index] == 3 * index + 1
                if turn % 3 == 0:
                    with a.view(0, 5) as v:
                        pass
                    a.close()
                    assert v.tolist() == [1, 4, 7, 10, 13]

        with Collector():
            support.in_threads(THREADS, work)
        gc.collect()
        self.assertEqual(core.stats()["regions"], 0)

    def test_callbacks_that_fail_now_and_then(self):
        a = ufomem.array("i8", N, self.fails_now_and_then, core=self.core(256 * KIB), chunk=CHUNK)

        def work(number):
            for chunk in range(number, CHUNKS, 2):
                index = CHUNK * chunk
                try:
                    assert a[index] == 3 * index + 1
                    assert chunk % 7 != 0
                except (ArithmeticError, ufomem.CallbackError):
                    assert chunk % 7 == 0

        with Collector():
            support.in_threads(THREADS, work)

    @staticmethod
    def fails_now_and_then(first, count):
        if first // CHUNK % 7 == 0:
            raise ArithmeticError(first)
        return allocating(first, count)


if __name__ == "__main__":
    support.main(90)
