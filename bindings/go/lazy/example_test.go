// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"fmt"
	"log"

	"ufomem/lazy"
)

// Eight tebibytes of squares; only what is read comes into being.
func Example() {
	squares, err := lazy.New(1<<40, func(start, end int, out []int64) error {
		for i := range out {
			out[i] = int64(start+i) * int64(start+i)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	defer squares.Close()
	fmt.Println(squares.Get(1234567890))
	// Output: 1524157875019052100 <nil>
}

func ExampleArray_View() {
	numbers, err := lazy.Sequence[int32](1000, 0, 2)
	if err != nil {
		log.Fatal(err)
	}
	defer numbers.Close()
	err = numbers.View(100, 105, func(part []int32) error {
		fmt.Println(part)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: [200 202 204 206 208]
}

func ExampleError() {
	errNoDisk := errors.New("no disk")
	array, err := lazy.New(1000, func(start, end int, out []int64) error { return errNoDisk })
	if err != nil {
		log.Fatal(err)
	}
	defer array.Close()
	_, err = array.Get(5)
	fmt.Println(errors.Is(err, lazy.ErrPopulate), errors.Is(err, errNoDisk))
	_, err = array.Get(-1)
	fmt.Println(errors.Is(err, lazy.ErrRange))
	// Output:
	// true true
	// true
}

func ExampleMatrix() {
	array, err := lazy.Sequence[int64](12, 0, 1)
	if err != nil {
		log.Fatal(err)
	}
	defer array.Close()
	matrix, err := lazy.NewMatrix(array, 3, 4, lazy.RowMajor)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(matrix.Row(1, nil))
	fmt.Println(matrix.Column(1, nil))
	// Output:
	// [4 5 6 7] <nil>
	// [1 5 9] <nil>
}
