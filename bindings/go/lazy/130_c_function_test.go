// SPDX-License-Identifier: MIT

package lazy_test

import (
	"runtime"
	"testing"

	"ufomem/internal/csource"
	"ufomem/lazy"
)

func Test130CFunction(t *testing.T) {
	const n = 1 << 18
	core := newCore(t, 1*mib)
	source := csource.New(n)
	array, err := lazy.FromC[int64](n, csource.Populate(), source.UserData(), lazy.On(core), lazy.Chunk(512),
		lazy.WritebackC(csource.Writeback()), lazy.ReleaseC(csource.Release()))
	must(t, err)
	slice, err := array.Slice()
	must(t, err)
	for i := 0; i < n; i += 111 {
		equal(t, slice[i], int64(3*i)) // by a fault, on a native thread
	}
	for i := 5; i < n; i += 111 {
		wantElement(t, array, i, int64(3*i))
	}
	must(t, array.Set(100, -5))
	must(t, array.Evict(0, n))
	if source.Writebacks() == 0 {
		t.Fatal("nothing was written back")
	}
	wantElement(t, array, 100, -5)
	equal(t, source.Releases(), 0)
	runtime.KeepAlive(array)
	must(t, array.Close())
	equal(t, source.Releases(), 1)
}

func Test130CFunctionFails(t *testing.T) {
	source := csource.New(1000)
	array := ready[int64](t)(lazy.FromC[int64](1000, csource.Populate(), source.UserData()))
	source.Fail(true)
	_, err := array.Get(5)
	wantError(t, err, lazy.ErrPopulate)
	source.Fail(false)
	must(t, array.Reset(0, 1000))
	wantElement(t, array, 5, 15)
}

func Test130CFunctionIsReleasedOnFailure(t *testing.T) {
	source := csource.New(1)
	_, err := lazy.FromC[int64](0, csource.Populate(), source.UserData(), lazy.ReleaseC(csource.Release()))
	wantError(t, err, lazy.ErrInvalid)
	equal(t, source.Releases(), 1)
	_, err = lazy.FromC[int64](1, csource.Populate(), source.UserData(), lazy.Offset(1), lazy.ReleaseC(csource.Release()))
	wantError(t, err, lazy.ErrInvalid)
	equal(t, source.Releases(), 2)
	_, err = lazy.FromC[int64](1, nil, source.UserData(), lazy.ReleaseC(csource.Release()))
	wantError(t, err, lazy.ErrInvalid)
	equal(t, source.Releases(), 3)
}
