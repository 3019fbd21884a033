# SPDX-License-Identifier: MIT
"""Arrays of a service: read by name and by file, and what becomes of them when the service ends."""

import os
import subprocess
import tempfile
import threading
import time

import numpy

import support
import ufomem
from support import KIB, values

COUNT = 1_000_000  # elements of all arrays of service.c


class Service(support.Test):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "socket")
        self.begin()

    def begin(self):
        self.process = subprocess.Popen([os.environ["UFOMEM_TEST_SERVICE"], self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end, self.process)
        if self.process.stdout.readline() != b"ready\n":
            if self.process.wait() == 77:
                self.skipTest("this kernel cannot have a service")
            self.fail("the service does not start")

    def end(self, process=None):
        process = process or self.process
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def connect(self):
        client = ufomem.connect(self.path)
        self.addCleanup(client.close)
        return client

    def file(self, elements):
        path = os.path.join(self.folder, "file")
        elements.tofile(path)
        return path

    def assert_lost(self, use):
        """The service has ended: an error, at the latest when this process has noticed."""
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            try:
                use()
            except ufomem.ClosedError as error:
                self.assertEqual(error.status, ufomem.flat.UFO_ERR_CLOSED)
                return
            except ufomem.Error:
                pass  # in the moment of the end
        self.fail("no error in half a minute")

    def test_an_array_by_name(self):
        a = self.connect().array("values", "i8")
        self.assertEqual((len(a), a.shape, a.dtype, a.read_only, a.shared, a.native), (COUNT, (COUNT,), "i8", True, True, False))
        self.assertEqual(a.chunk, 64 * KIB // 8)
        self.assertEqual((a[0], a[123_456], a[-1]), (1, 370_369, 3 * COUNT - 2))
        self.assert_elements(a[1000:400_000], values(1000, 399_000))
        self.assert_elements(a[::1000], values(0, COUNT)[::1000])
        out = numpy.empty(100, "i8")
        a.read(50_000, out=out)
        self.assert_elements(out, values(50_000, 100))
        self.assertEqual(sum(int(part.sum()) for _, part in a.chunks()), int(values(0, COUNT).sum()))
        self.assert_elements(numpy.asarray(a), values(0, COUNT))
        a.touch(0, 10)
        a.evict()
        self.assertEqual(a[7], 22)
        self.assertGreaterEqual(a.stats()["populated_bytes"], COUNT * 8)

    def test_as_long_as_it_is_wished(self):
        client = self.connect()
        self.assert_elements(client.array("values", "i8", 5)[:], values(0, 5))
        m = client.array("halves", "f8", (1000, 50), order="F")
        self.assertEqual(m[3, 2], 1001.5)
        with self.assertRaises(ufomem.RangeError):
            client.array("values", "i8", COUNT + 1)

    def test_a_view_is_a_copy(self):
        a = self.connect().array("values", "i8")
        with a.view(10_000, 60_000) as v:
            self.assert_elements(v, values(10_000, 50_000))
            self.assertFalse(v.flags.writeable)
            self.end()
            self.assert_lost(lambda: a[0])
            self.assert_elements(v, values(10_000, 50_000))  # where memory of the service would be SIGBUS by now

    def test_what_is_not_to_be_had(self):
        client = self.connect()
        for name, dtype in (("values", "i4"), ("nothing", "i8"), ("", "i8"), ("x" * 64, "i8")):
            with self.assertRaises(ufomem.InvalidError):
                client.array(name, dtype)
        with self.assertRaises(ufomem.InvalidError):
            client.array("values", "i4", 5)
        with self.assertRaises(TypeError):
            client.array("values", object)
        with self.assertRaises(TypeError):
            client.array(5, "i8")
        for shape in (0, -1, (), (1, 2, 3)):
            with self.assertRaises(ValueError):
                client.array("values", "i8", shape)
        with self.assertRaises(ufomem.Error):
            ufomem.connect(os.path.join(self.folder, "nobody"))
        with self.assertRaises(ufomem.InvalidError):
            ufomem.connect("")
        self.assertIn("ClosedError", type(self.failed(lambda: self.closed().array("values", "i8"))).__name__)

    def failed(self, use):
        with self.assertRaises(ufomem.Error) as caught:
            use()
        return caught.exception

    def closed(self):
        client = self.connect()
        client.close()
        client.close()
        return client

    def test_read_only(self):
        a = self.connect().array("values", "i8")
        for use in (lambda: a.__setitem__(0, 1), lambda: a.__setitem__(slice(0, 5), 1), a.view(0, 5, write=True).__enter__):
            self.assertIsInstance(self.failed(use), ufomem.ReadOnlyError)
        for use in (a.ndarray, lambda: numpy.asarray(a.ndarray())):
            self.assertIsInstance(self.failed(use), ufomem.UnsupportedError)

    def test_a_source_that_fails(self):
        a = self.connect().array("failing", "i8")
        for use in (lambda: a[0], lambda: a[5:10], lambda: a.touch(0, 1), a.view(0, 5).__enter__):
            self.assertIsInstance(self.failed(use), ufomem.CallbackError)
        a.reset()

    def test_a_file(self):
        client = self.connect()
        path = self.file(values(0, 100_000))
        with client.open(path, "i8") as a:
            self.assert_elements(a[:], values(0, 100_000))
        self.assert_elements(client.open(path, "i8", (100, 10), offset=800)[2, :], values(120, 10))
        self.assertEqual(client.open(path, "u1", 13, offset=3).size, 13)
        for missing in ((path + "-", "i8"), (path, "i8", 100_001)):
            with self.assertRaises(OSError):
                client.open(*missing)
        with self.assertRaises(ValueError):
            client.open(path, "i8", offset=1)

    def test_two_clients_share(self):
        path = self.file(values(0, 1000))
        a, b = (self.connect() for _ in range(2))
        self.assertEqual(a.open(path, "i8")[7], 22)
        before = a.stats()
        self.assertEqual(b.open(path, "i8")[7], 22)
        after = b.stats()
        self.assertEqual((after["clients"], after["populated_bytes"]), (2, before["populated_bytes"]))
        self.assertEqual(after["budget_bytes"], 4 << 20)

    def test_arrays_outlive_their_client(self):
        with ufomem.connect(self.path) as client:
            a = client.array("values", "i8")
        self.assertEqual(a[7], 22)
        a.close()
        self.assertIsInstance(self.failed(lambda: a[7]), ufomem.ClosedError)
        self.assertIsInstance(self.failed(client.stats), ufomem.ClosedError)

    def test_the_service_ends_and_comes_back(self):
        client = self.connect()
        a = client.array("values", "i8")
        with a.view(0, 10):
            self.assertEqual(a[7], 22)
        self.end()
        for use in (lambda: a[7], lambda: a[500_000:600_000], lambda: a.touch(), a.view(0, 10).__enter__, lambda: numpy.asarray(a), a.stats, client.stats):
            self.assert_lost(use)
        self.begin()
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            try:
                self.assertEqual(a[7], 22)
                break
            except ufomem.Error:
                pass
        self.assert_elements(a[:], values(0, COUNT))

    def test_the_service_ends_while_somebody_waits(self):
        a = self.connect().array("deadly", "i8")
        self.assertIsInstance(self.failed(lambda: a[7]), ufomem.Error)
        self.assert_lost(lambda: a[7])
        a.close()

    def test_the_service_ends_under_many_readers(self):
        a = self.connect().array("values", "i8")
        reading = threading.Barrier(4, action=lambda: threading.Timer(0.2, self.process.kill).start())

        def read(number):
            reading.wait(30)
            generator = numpy.random.default_rng(number)

            def some():
                first = int(generator.integers(COUNT - 20_000))
                self.assert_elements(a[first : first + 20_000], values(first, 20_000))

            self.assert_lost(some)

        support.in_threads(4, read)

    def test_a_child_has_nothing_of_it(self):
        client = self.connect()
        a = client.array("values", "i8")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for use in (lambda: a[7], client.stats, lambda: client.array("values", "i8")):
                    try:
                        use()
                        os._exit(2)
                    except ufomem.Error:
                        pass
                client.close()
                status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(a[7], 22)
        self.assertEqual(client.stats()["clients"], 1)


if __name__ == "__main__":
    support.main(120)
