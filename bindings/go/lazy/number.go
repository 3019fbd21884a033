// SPDX-License-Identifier: MIT

package lazy

import "unsafe"

// Number is what an array can consist of: numeric types of fixed size.
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 |
		~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64 | ~complex64 | ~complex128
}

func sizeOf[T Number]() int {
	var element T
	return int(unsafe.Sizeof(element))
}
