# SPDX-License-Identifier: MIT
"""What the tests share: a time limit that shows where everybody hangs, small cores, a source whose values are known."""

import faulthandler
import sys
import threading
import unittest

import numpy

import ufomem

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 4 * KIB


def values(first, count):
    """Numbers that tell their index, the source of most tests: int64."""
    return numpy.arange(first, first + count, dtype="i8") * 3 + 1


class Counted:
    """A source of `values` that counts who asks."""

    def __init__(self):
        self.asked = []

    def __call__(self, first, count):
        self.asked.append((first, count))
        return values(first, count)

    def __contains__(self, index):
        return any(first <= index < first + count for first, count in self.asked)


def in_threads(count, work):
    """Runs work(0) ... work(count - 1) side by side, and raises what the first of them raised."""
    raised = []

    def body(number):
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


class Test(unittest.TestCase):
    def core(self, budget=MIB, **options):
        core = ufomem.Core(budget, **options)
        self.addCleanup(core.close)
        return core

    def assert_elements(self, found, expected):
        numpy.testing.assert_array_equal(found, expected)


def main(seconds=60):
    """Runs the tests of the program; what hangs ends it, with the stacks of all threads.  Exit status 77: all were skipped."""
    faulthandler.enable()
    faulthandler.dump_traceback_later(seconds, exit=True)
    result = unittest.main(exit=False, verbosity=2).result
    if result.testsRun == 0:
        sys.exit("no tests were run")
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)
