# SPDX-License-Identifier: MIT
"""Arrays of two dimensions, row after row and column after column."""

import itertools
import tempfile

import numpy

import support
import ufomem

ROWS, COLUMNS = 300, 200
WHOLE = slice(None)
KEYS = [
    WHOLE, 5, -1, slice(10, 20), slice(20, 10, -3), (5, 7), (-1, -1), (5, WHOLE), (WHOLE, 5), (slice(3, 9), 5), (5, slice(3, 9)), (slice(3, 9), slice(4, 11)),
    (slice(None, None, 7), slice(None, None, -3)), (slice(5, 6), slice(5, 6)), (slice(5, 5), WHOLE), (WHOLE, slice(5, 5)), ..., (..., 5), (5, ...), (slice(3, 9), ...), (slice(3, 9), WHOLE), (WHOLE, slice(3, 9)),
]  # fmt: skip


def matrix(order):
    return numpy.arange(ROWS * COLUMNS, dtype="i8").reshape((ROWS, COLUMNS), order=order)


class Matrix(support.Test):
    def lazy(self, order):
        return ufomem.array("i8", (ROWS, COLUMNS), lambda first, count: numpy.arange(first, first + count), core=self.core(), order=order)

    def test_reading_is_as_numpy_does_it(self):
        for order in "CF":
            a, expected = self.lazy(order), matrix(order)
            self.assertEqual((a.shape, a.ndim, len(a), a.size, a.order), ((ROWS, COLUMNS), 2, ROWS, ROWS * COLUMNS, order))
            for key in KEYS:
                with self.subTest(order=order, key=key):
                    self.assertEqual(numpy.shape(a[key]), numpy.shape(expected[key]))
                    self.assert_elements(a[key], expected[key])

    def test_every_element(self):
        for order in "CF":
            a, expected = self.lazy(order), matrix(order)
            for row, column in itertools.product(range(0, ROWS, 17), range(-COLUMNS, COLUMNS, 13)):
                self.assertEqual(a[row, column], expected[row, column])

    def test_writing_is_as_numpy_does_it(self):
        for order in "CF":
            a, expected = self.lazy(order), matrix(order)
            for number, key in enumerate(KEYS):
                with self.subTest(order=order, key=key):
                    shape = numpy.shape(expected[key])
                    for value in (-number, numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape)):
                        a[key] = expected[key] = value if shape or numpy.ndim(value) else int(value)
                        self.assert_elements(a[...], expected)
            a[:, 3:5] = numpy.arange(ROWS)[:, None]  # broadcast
            expected[:, 3:5] = numpy.arange(ROWS)[:, None]
            self.assert_elements(a[...], expected)

    def test_what_is_outside(self):
        a = self.lazy("C")
        for key in (ROWS, -ROWS - 1, (0, COLUMNS), (ROWS, 0), (0, 0, 0), (0, -COLUMNS - 1)):
            with self.assertRaises(IndexError, msg=repr(key)):
                a[key]
        for key in ((0, 1.5), ("a", 0), (None, 0), ([1], 0)):
            with self.assertRaises(TypeError, msg=repr(key)):
                a[key]

    def test_rows_and_numpy(self):
        for order in "CF":
            a, expected = self.lazy(order), matrix(order)
            self.assert_elements(list(a), expected)
            self.assert_elements(numpy.asarray(a), expected)
            self.assert_elements(a.read(), numpy.arange(ROWS * COLUMNS))  # flat, in the order of memory
            self.assert_elements(numpy.asarray(a) @ numpy.ones(COLUMNS), expected.sum(axis=1))

    def test_native_matrices(self):
        for order in "CF":
            with tempfile.NamedTemporaryFile() as file:
                numpy.arange(ROWS * COLUMNS, dtype="i8").tofile(file.name)
                a = ufomem.open(file.name, "i8", (ROWS, COLUMNS), mode="r+", order=order)
                x = a.ndarray()
                self.assert_elements(x, matrix(order))
                self.assertTrue(x.flags[f"{order}_CONTIGUOUS"])
                x[5, 7] = -1
                self.assertEqual(a[5, 7], -1)
                del x
                a.close()
                self.assertEqual(numpy.fromfile(file.name, "i8").reshape((ROWS, COLUMNS), order=order)[5, 7], -1)


if __name__ == "__main__":
    support.main()
