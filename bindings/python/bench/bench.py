# SPDX-License-Identifier: MIT
"""What the Python binding costs: elements and bulk reads in memory, and chunks that are not.

    bench.py COLD_LIBRARY     (cold.c as a shared library; the build has it as bindings/python/bench/ufomem_python_cold.so)

Every figure is the best of several runs; the yardsticks are taken in turn with what they are compared with.
"""

import ctypes
import random
import sys
import time

import numpy

import ufomem

MIB = 1 << 20
REPEAT = 7


def best(*runs):
    """The least seconds of each of the functions, which run in turn."""
    least = [float("inf")] * len(runs)
    for _ in range(REPEAT):
        for number, run in enumerate(runs):
            begin = time.perf_counter()
            given = run()
            least[number] = min(least[number], given if given is not None else time.perf_counter() - begin)
    return least


def report(what, value, unit, remark=""):
    print(f"{what:<52} {value:9.1f} {unit:<5} {remark}")


def elements(core):
    n = 1 << 20
    count = 200_000
    numbers = numpy.arange(n, dtype="f8")
    a = ufomem.array("f8", n, lambda first, number: numbers[first : first + number], core=core)
    m = ufomem.array("f8", (1024, 1024), lambda first, number: numbers[first : first + number], core=core)
    a[:] = a[:]
    m[:, :] = m[:, :]
    near = list(range(count))
    far = random.Random(1).choices(range(n), k=count)
    pairs = [divmod(index, 1024) for index in far]

    def loop(array, keys):
        for key in keys:
            array[key]

    def store(array, keys):
        for key in keys:
            array[key] = 1.0

    def nothing(keys):
        for _ in keys:
            pass

    empty, = best(lambda: nothing(near))
    for what, target, keys, run in (
        ("a[i], one after the other", a, near, loop), ("a[i], random in 8 MiB", a, far, loop),
        ("m[r, c], random in 8 MiB", m, pairs, loop), ("a[i] = x, one after the other", a, near, store),
    ):  # fmt: skip
        yardstick = numbers.reshape(target.shape).copy()
        own, numpys = best(lambda: run(target, keys), lambda: run(yardstick, keys))
        report(what, 1e9 * (own - empty) / count, "ns", f"ndarray: {1e9 * (numpys - empty) / count:.0f} ns")
    short, = best(lambda: loop(a, [slice(i, i + 100) for i in near[:count // 10]]))
    report("a[i:i + 100]", 1e9 * short / (count // 10), "ns")


def aligned(size):
    """An ndarray of `size` bytes at the begin of a page, as what slices give."""
    memory = numpy.ones(size + 4096, "u1")
    begin = -memory.ctypes.data % 4096
    return memory[begin : begin + size].view("f8")


def bulk(core):
    for size in (64 * 1024, MIB, 64 * MIB):
        a = ufomem.array("f8", size // 8, lambda first, number: float(first), core=core)
        out, source = aligned(size), aligned(size)
        a.read(out=out)
        turns = max(64 * MIB // size, 1)
        to, origin = out.ctypes.data, source.ctypes.data

        def own():
            for _ in range(turns):
                a.read(out=out)

        def copy():
            for _ in range(turns):
                ctypes.memmove(to, origin, size)

        read, memcpy = best(own, copy)
        report(f"read of {size // 1024} KiB that are in memory", turns * size / read / 1e9, "GB/s", f"{memcpy / read:.2f} x memcpy")
        a.close()


def cold(library):
    chunks, budget, count = 20_000, 16 * MIB - 1, 512  # (from 16 MiB on, neighbours would come together)
    page = numpy.zeros(1024)

    def fn(first, number):
        return page[first % count : first % count + number]

    def callback():
        for chunk in range(chunks):
            fn(chunk * count, count)

    def python():
        with ufomem.Core(budget) as core, ufomem.array("f8", chunks * count, fn, core=core, chunk=count) as a:
            begin = time.perf_counter()
            for chunk in range(chunks):
                a[chunk * count]
            return time.perf_counter() - begin

    library.cold_reads.restype = ctypes.c_double
    library.cold_reads.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    own, in_c, alone = best(python, lambda: library.cold_reads(budget, chunks), callback)
    report("a cold chunk of 4 KiB", 1e6 * own / chunks, "us")
    report("  ufo_read with a callback in C", 1e6 * in_c / chunks, "us")
    report("  the Python callback alone", 1e6 * alone / chunks, "us", f"together: the binding takes {own / (in_c + alone):.2f} x that")


def main():
    with ufomem.Core(256 * MIB) as core:
        elements(core)
        bulk(core)
    cold(ctypes.CDLL(sys.argv[1]))


if __name__ == "__main__":
    main()
