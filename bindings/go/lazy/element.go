// SPDX-License-Identifier: MIT

package lazy

import (
	"runtime"
	"unsafe"

	"ufomem/internal/ufo"
)

// residency is where the array stands in memory, for access to single elements without a call into C.
type residency struct{}

func (f *residency) close() {}

// lookUp asks once what does not change.
func (a *Array[T]) lookUp() error {
	return a.region.call("new", func(handle uintptr) int {
		a.data = ufo.Data(handle)
		a.chunk = ufo.Chunk(handle)
		return 0
	})
}

// Get gives element i.
func (a *Array[T]) Get(i int) (T, error) {
	element, err := a.getByCall(i)
	runtime.KeepAlive(a)
	return element, err
}

// Set changes element i.
func (a *Array[T]) Set(i int, value T) error {
	err := a.setByCall(i, value)
	runtime.KeepAlive(a)
	return err
}

func (a *Array[T]) getByCall(i int) (T, error) {
	var element T
	if uint(i) >= uint(a.region.count) {
		return element, a.noElement("get", i)
	}
	err := a.region.call("get", func(handle uintptr) int { return ufo.Read(handle, i, 1, unsafe.Pointer(&element)) })
	return element, err
}

func (a *Array[T]) setByCall(i int, value T) error {
	if uint(i) >= uint(a.region.count) {
		return a.noElement("set", i)
	}
	return a.region.call("set", func(handle uintptr) int { return ufo.Write(handle, i, 1, unsafe.Pointer(&value)) })
}

func (a *Array[T]) noElement(op string, i int) error {
	return newError(op, ErrRange, "there is no element %d in the array of %d elements", i, a.region.count)
}
