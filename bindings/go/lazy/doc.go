// SPDX-License-Identifier: MIT

// Package lazy gives Go lazy arrays: arrays of almost any length whose elements come into being when they are asked for, computed by
// a Go function, read from a file, or produced by native code, while all arrays together stay inside a hard memory budget.
//
//	squares, err := lazy.New(1<<40, func(start, end int, out []int64) error {
//		for i := range out {
//			out[i] = int64(start+i) * int64(start+i)
//		}
//		return nil
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer squares.Close()
//	fmt.Println(squares.Get(1234567890)) // 1524157875019052100 <nil>
//
// # Which thread runs a callback
//
// A Go callback runs on the goroutine that asks for elements ([Array.Get], [Array.ReadAt], [Array.View] ...), inside that call and nowhere
// else: never under a page fault, never on a thread of the library.  That is why no plain slice over the memory of such an array is
// handed out, except of elements that are pinned ([Array.View]): the garbage collector and the scheduler cannot meet a missing one.
// Arrays with a native source ([Open], [Sequence], [Zeros], [FromC]) are filled by native threads, and also give a plain slice
// ([Array.Slice]).
//
// A callback may use other elements and other arrays, allocate, block and start goroutines.  It must not
//
//   - wait for another goroutine that needs the very elements it was called for (by itself it gets [ErrDeadlock]), or that closes the array;
//   - call runtime.Goexit, which is what testing's FailNow does: that would leave the library in the middle of its work, and ends in a
//     panic that says so.
//
// # Services
//
// A [Client] opens arrays that a service keeps in memory for many processes ([OpenShared], [OpenSharedFile]).
//
// # Threads
//
// All methods may be called from any number of goroutines at once, Close included.  As in a slice, an element that one goroutine sets
// while another one gets it needs synchronisation of the program's own.
//
// # Memory
//
// An array that is no longer reachable is closed by the garbage collector, sooner or later; Close does it now, and tells about
// changes that could not be saved.  A callback that refers to its own array keeps it reachable: such an array needs Close.
package lazy
