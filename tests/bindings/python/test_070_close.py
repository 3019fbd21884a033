# SPDX-License-Identifier: MIT
"""The end of arrays and cores: while they are in use, and after."""

import gc
import os
import subprocess
import sys
import tempfile
import threading
import weakref

import numpy

import support
import ufomem
from support import values


class Close(support.Test):
    def test_use_after_close(self):
        a = ufomem.array("i8", 1000, values)
        a.close()
        a.close()
        self.assertTrue(a.closed)
        for use in (
            lambda: a[5], lambda: a[5:7], lambda: a.__setitem__(5, 1), lambda: a.__setitem__(slice(5, 7), 1), a.touch, a.flush, a.evict, a.reset, a.stats,
            a.read, a.view().__enter__, lambda: list(a), lambda: list(a.chunks()), lambda: a.advise("random"), lambda: a.chunk,
        ):  # fmt: skip
            with self.assertRaises(ufomem.ClosedError) as caught:
                use()
            self.assertEqual(caught.exception.status, ufomem.flat.UFO_ERR_CLOSED)
        self.assertEqual((len(a), a.shape, a.dtype), (1000, (1000,), "i8"))
        self.assertIn("closed", repr(a))

    def test_with_closes(self):
        with ufomem.zeros("i8", 10) as a:
            pass
        self.assertTrue(a.closed)

    def test_close_waits_for_those_at_work(self):
        inside, go_on = threading.Event(), threading.Event()

        def slow(first, count):
            inside.set()
            go_on.wait(30)
            return values(first, count)

        a = ufomem.array("i8", 1000, slow)
        found = []
        reader = threading.Thread(target=lambda: found.append(a[5]))
        reader.start()
        inside.wait(30)
        closer = threading.Thread(target=a.close)
        closer.start()
        while not a.closed:
            pass
        with self.assertRaises(ufomem.ClosedError):
            a[5]
        self.assertTrue(closer.is_alive())
        go_on.set()
        reader.join()
        closer.join()
        self.assertEqual(found, [values(5, 1)[0]])

    def test_close_races_with_readers(self):
        for _ in range(100):
            core = ufomem.Core(256 * support.KIB)
            a = ufomem.array("i8", 100_000, values, core=core, chunk=512)

            def read(number):
                try:
                    for index in range(number, 100_000, 997):
                        assert a[index] == values(index, 1)[0]
                except ufomem.ClosedError:
                    pass

            support.in_threads(3, lambda number: read(number) if number else a.close())
            self.assertTrue(a.closed)
            core.close()

    def test_close_inside_the_own_callback(self):
        def fn(first, count):
            a.close()
            return values(first, count)

        a = ufomem.array("i8", 1000, fn)
        try:
            self.assertEqual(a[5], values(5, 1)[0])
        except ufomem.ClosedError:
            pass
        self.assertTrue(a.closed)

    def test_two_callbacks_that_close_each_others_arrays(self):
        barrier = threading.Barrier(2)
        arrays = []

        def fn(number):
            def populate(first, count):
                barrier.wait(30)
                arrays[1 - number].close()
                return values(first, count)

            return populate

        arrays += [ufomem.array("i8", 1000, fn(0)), ufomem.array("i8", 1000, fn(1))]

        def read(number):
            try:
                arrays[number][5]
            except ufomem.ClosedError:
                pass

        support.in_threads(2, read)
        self.assertTrue(all(a.closed for a in arrays))

    def test_forgotten_arrays_are_freed(self):
        core = self.core()
        a = ufomem.array("i8", 1000, values, core=core)
        a[5]
        del a
        self.assertEqual(core.stats()["regions"], 0)

    def test_cycles_through_the_callback_are_collected(self):
        core = self.core()

        class Source:
            def populate(self, first, count):
                return values(first, count)

        source = Source()
        source.array = ufomem.array("i8", 1000, source.populate, core=core)
        source.array[5]
        gone = weakref.ref(source)
        del source
        gc.collect()
        self.assertIsNone(gone())
        self.assertEqual(core.stats()["regions"], 0)

    def test_a_core_and_its_arrays_in_one_cycle(self):
        taken = []

        class Everything:
            def __init__(self):
                self.core = ufomem.Core(support.MIB)
                self.array = ufomem.array("i8", 1000, self.populate, writeback=self.writeback, core=self.core)

            def populate(self, first, count):
                return values(first, count)

            def writeback(self, first, changed):
                taken.append(changed[5])

        everything = Everything()
        everything.array[5] = -5
        del everything
        gc.collect()
        self.assertEqual(set(taken), {-5})  # (more than once where the kernel does not tell what was changed)

    def test_a_core_closes_its_arrays_newest_first(self):
        core = ufomem.Core(support.MIB)
        order = []
        arrays = [
            ufomem.array("i8", 10, values, writeback=lambda first, changed, n=n: order.append(n), core=core) for n in range(3)
        ]
        for a in arrays:
            a[0] = -1
        core.close()
        core.close()
        self.assertEqual(list(dict.fromkeys(order)), [2, 1, 0])
        self.assertTrue(all(a.closed for a in arrays))
        for use in (core.stats, lambda: ufomem.zeros("i8", 10, core=core), lambda: setattr(core, "budget", 5)):
            with self.assertRaises(ufomem.ClosedError):
                use()

    def test_views_and_ndarrays_outlive_array_and_core(self):
        core = ufomem.Core(support.MIB)
        a, b = ufomem.array("i8", 100_000, values, core=core), ufomem.zeros("i8", 1_000_000, core=core)
        with a.view(5, 10) as v:
            x = b.ndarray()
            x[999_999] = 7
            core.close()
            self.assertTrue(a.closed and b.closed)
        del a, b, core
        gc.collect()
        self.assert_elements(v, values(5, 5))
        x[::512] = 3
        self.assertEqual((x[0], x[1], x[999_999]), (3, 0, 7))
        del x
        self.assert_elements(v, values(5, 5))

    def test_the_end_of_the_process_gives_changes_to_files(self):
        with tempfile.NamedTemporaryFile() as file:
            numpy.zeros(1000, "i8").tofile(file.name)
            program = "import sys, ufomem; a = ufomem.open(sys.argv[1], 'i8', mode='r+'); a[5] = 7; sys.modules['keep'] = a"
            subprocess.run([sys.executable, "-c", program, file.name], check=True)
            self.assertEqual(numpy.fromfile(file.name, "i8")[5], 7)

    def test_the_end_of_the_process_with_threads_at_work(self):
        """Daemon threads are inside of callbacks, on their way back from the library, or waiting for the GIL."""
        program = """if True:
            import threading, time, numpy, ufomem
            core = ufomem.Core(1 << 20)
            def fn(first, count):
                if first % 3 == 0:
                    time.sleep(0.001)
                return numpy.arange(first, first + count)
            a = ufomem.array("i8", 10**9, fn, core=core, chunk=512)
            slow = ufomem.array("i8", 1000, lambda first, count: time.sleep(100))
            def work(number):
                while True:
                    for index in range(number, 10**9, 512):
                        a[index]
            for number in range(4):
                threading.Thread(target=work, args=(number,), daemon=True).start()
            threading.Thread(target=lambda: slow[5], daemon=True).start()
            time.sleep(0.2)
        """
        for _ in range(5):
            ended = subprocess.run([sys.executable, "-c", program], timeout=30, capture_output=True, text=True)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_a_forked_child_is_told(self):
        a = ufomem.array("i8", 1000, values, writeback=lambda first, changed: None)
        a[5] = 7
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # no assertion may leave from here
            said = b"nothing"
            try:
                a[5]
            except ufomem.Error as error:
                said = str(error.status).encode()
            try:
                a.close()
                own = ufomem.array("i8", 1000, values)
                said += b" own" if own[5] == 16 else b" wrong"
            except BaseException as error:
                said += repr(error).encode()
            os.write(write, said)
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(os.read(read, 1000), b"%d own" % ufomem.flat.UFO_ERR_FORKED)
        os.close(read)
        os.close(write)
        self.assertEqual(a[5], 7)


if __name__ == "__main__":
    support.main()
