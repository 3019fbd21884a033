// SPDX-License-Identifier: MIT

package lazy

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"ufomem/internal/ufo"
)

// Elements that are in memory are read and written here, without a call into C, which takes many times as long.  See struct ufo_residency in ufo.h
// for the protocol: while a chunk is held it cannot leave.  Between hold and release stands nothing but one load or store: no call, no
// allocation, nothing that may panic.

// Get gives element i.
func (a *Array[T]) Get(i int) (T, error) {
	if uint(i) < uint(a.fast.count) {
		offset := uintptr(i) * unsafe.Sizeof(*new(T))
		word := a.fast.wordAt(offset)
		for seen := atomic.LoadUint32(word); seen&a.fast.mask == a.fast.resident; seen = atomic.LoadUint32(word) {
			if atomic.CompareAndSwapUint32(word, seen, seen+a.fast.oneHold) {
				element := *(*T)(unsafe.Add(a.fast.data, offset))
				if left := atomic.AddUint32(word, -a.fast.oneHold); left&a.fast.holds == 0 && left&a.fast.waiters != 0 {
					a.fast.wake(offset)
				}
				runtime.KeepAlive(a)
				return element, nil
			}
		}
	}
	return a.getByCall(i)
}

// Set changes element i.
func (a *Array[T]) Set(i int, value T) error {
	if uint(i) < uint(a.fast.count) {
		offset := uintptr(i) * unsafe.Sizeof(*new(T))
		word := a.fast.wordAt(offset)
		for seen := atomic.LoadUint32(word); seen&a.fast.mask == a.fast.resident && seen&a.fast.dirty != 0; seen = atomic.LoadUint32(word) {
			if atomic.CompareAndSwapUint32(word, seen, seen+a.fast.oneHold) {
				*(*T)(unsafe.Add(a.fast.data, offset)) = value
				if left := atomic.AddUint32(word, -a.fast.oneHold); left&a.fast.holds == 0 && left&a.fast.waiters != 0 {
					a.fast.wake(offset)
				}
				runtime.KeepAlive(a)
				return nil
			}
		}
	}
	return a.setByCall(i, value)
}

func (a *Array[T]) getByCall(i int) (T, error) {
	defer runtime.KeepAlive(a)
	var element T
	if uint(i) >= uint(a.region.count) {
		return element, a.noElement("get", i)
	}
	err := a.region.call("get", func(handle uintptr) int { return ufo.Read(handle, i, 1, unsafe.Pointer(&element)) })
	return element, err
}

func (a *Array[T]) setByCall(i int, value T) error {
	defer runtime.KeepAlive(a)
	if uint(i) >= uint(a.region.count) {
		return a.noElement("set", i)
	}
	return a.region.call("set", func(handle uintptr) int { return ufo.Write(handle, i, 1, unsafe.Pointer(&value)) })
}

func (a *Array[T]) noElement(op string, i int) error {
	return newError(op, ErrRange, "there is no element %d in the array of %d elements", i, a.region.count)
}
