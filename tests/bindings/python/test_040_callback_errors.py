# SPDX-License-Identifier: MIT
"""What a callback raises reaches the caller: the same object, with its traceback."""

import _thread
import gc
import threading
import traceback
import weakref

import numpy

import support
import ufomem
from support import values


class Own(Exception):
    pass


class CallbackErrors(support.Test):
    def test_the_same_object_with_its_traceback(self):
        error = Own("no such row")

        def this_function_fails(first, count):
            raise error

        a = ufomem.array("i8", 1000, this_function_fails)
        try:  # (assertRaises takes the traceback away)
            a[5]
        except Own as caught:
            self.assertIs(caught, error)
            names = [frame.name for frame in traceback.extract_tb(caught.__traceback__)]
            self.assertEqual(names, [self._testMethodName, "this_function_fails"])
        else:
            self.fail("no error")

    def test_from_every_way_to_ask(self):
        def fail(first, count):
            raise Own(first)

        for ask in (
            lambda a: a[5],
            lambda a: a[5:9],
            lambda a: a[::100],
            lambda a: a.__setitem__(5, 1),
            lambda a: a.__setitem__(slice(5, 9), [1, 2, 3, 4]),
            lambda a: a.touch(),
            lambda a: a.view(2, 4).__enter__(),
            lambda a: a.view(2, 4, write=True).__enter__(),
            lambda a: a.read(),
            lambda a: list(a.chunks()),
            lambda a: list(a),
            numpy.asarray,
        ):
            with self.assertRaises(Own):
                ask(ufomem.array("i8", 1000, fail))

    def test_a_failure_is_remembered_until_reset(self):
        broken = True

        def fn(first, count):
            if broken:
                raise Own("not yet")
            return values(first, count)

        a = ufomem.array("i8", 1000, fn)
        with self.assertRaises(Own):
            a[5]
        for _ in range(2):
            with self.assertRaises(ufomem.CallbackError) as caught:
                a[6]
            self.assertEqual(caught.exception.status, ufomem.flat.UFO_ERR_POPULATE)
            self.assertIn("Own: not yet", str(caught.exception))
        broken = False
        a.reset()
        self.assertEqual(a[5], values(5, 1)[0])

    def test_other_chunks_are_not_concerned(self):
        def fn(first, count):
            if first <= 50_000 < first + count:
                raise Own
            return values(first, count)

        a = ufomem.array("i8", 1_000_000, fn, core=self.core(), chunk=512)
        with self.assertRaises(Own):
            a.touch()
        self.assertEqual(a[49_000], values(49_000, 1)[0])
        self.assertEqual(a[999_999], values(999_999, 1)[0])

    def test_nested_callbacks_hand_it_through(self):
        error = Own()

        def fail(first, count):
            raise error

        base = ufomem.array("i8", 1000, fail)
        derived = ufomem.array("i8", 1000, lambda first, count: base[first : first + count])
        with self.assertRaises(Own) as caught:
            derived[1]
        self.assertIs(caught.exception, error)

    def test_results_that_do_not_fit(self):
        for result, kind in (
            (numpy.zeros(3, "i8"), ValueError),
            (numpy.zeros((2, 1000), "i8"), ValueError),
            ((1, 2), ValueError),
            ([], (TypeError, ValueError)),
            (None, TypeError),
            (numpy.full(1000, 0.5), TypeError),  # fractions would be lost
            (numpy.zeros(1000, "c16"), TypeError),
            ("text", TypeError),
            (object(), TypeError),
        ):
            a = ufomem.array("i8", 1000, lambda first, count: result)
            with self.assertRaises(kind, msg=repr(result)):
                a[0]

    def test_a_wrong_length_is_told(self):
        a = ufomem.array("f8", 1000, lambda first, count: numpy.zeros(3))
        with self.assertRaisesRegex(ValueError, r"returned 3 elements .* \[0, 1000\)"):
            a[0]

    def test_who_waits_for_himself_is_told(self):
        a = ufomem.array("i8", 1000, lambda first, count: a[first : first + count])
        with self.assertRaises(ufomem.DeadlockError):
            a[0]

    def test_an_interrupt_comes_after_the_elements(self):
        interrupted = []

        def fn(first, count):
            if not interrupted:
                interrupted.append(True)
                raise KeyboardInterrupt
            return values(first, count)

        a = ufomem.array("i8", 1000, fn)
        with self.assertRaises(KeyboardInterrupt):
            a[5]
        self.assertEqual(a[5], values(5, 1)[0])  # the source has not failed

    def test_a_long_call_can_be_interrupted(self):
        core = self.core(4 * support.MIB)
        asked = []

        def fn(first, count):
            asked.append(first)
            if len(asked) == 20:
                _thread.interrupt_main()
            return values(first, count)

        a = ufomem.array("i8", 1 << 32, fn, core=core)  # touching all of it would take minutes
        with self.assertRaises(KeyboardInterrupt):
            a.touch()
        self.assertLess(len(asked), 10_000)

    def test_errors_in_threads_stay_with_their_threads(self):
        def fn(first, count):
            raise Own(threading.get_ident())

        a = ufomem.array("i8", 1_000_000, fn, core=self.core(), chunk=512)

        def work(number):
            for chunk in range(number, 1_000_000 // 512, 4):
                try:
                    a[512 * chunk]
                except Own as error:
                    assert error.args[0] == threading.get_ident()
                else:
                    raise AssertionError("no error")

        support.in_threads(4, work)

    def test_nothing_keeps_an_error_alive(self):
        class Local(Exception):
            pass

        def fn(first, count):
            raise Local

        a = ufomem.array("i8", 1000, fn)
        try:
            a[5]
        except Local as error:
            gone = weakref.ref(error)
        gc.collect()
        self.assertIsNone(gone())


if __name__ == "__main__":
    support.main()
