// SPDX-License-Identifier: MIT

package lazy_test

import (
	"math"
	"testing"

	"ufomem/lazy"
)

func Test020Sequence(t *testing.T) {
	const n = 1 << 20
	numbers := ready[int64](t)(lazy.Sequence[int64](n, -5, 3))
	slice, err := numbers.Slice()
	must(t, err)
	for i := 0; i < n; i += 101 {
		wantElement(t, numbers, i, int64(3*i-5))
		equal(t, slice[i], int64(3*i-5))
	}
	must(t, numbers.Set(10, 0))
	must(t, numbers.Evict(0, n))
	wantElement(t, numbers, 10, 0)
	wantElement(t, numbers, 11, 28)
}

func Test020SequenceWrapsAround(t *testing.T) {
	bytes := ready[uint8](t)(lazy.Sequence[uint8](100000, 250, 7))
	wantElement(t, bytes, 1, 1)
	wantElement(t, bytes, 99999, uint8((250+7*99999)%256))
	upper := ready[uint64](t)(lazy.Sequence[uint64](10, math.MaxUint64-1, 1))
	wantElement(t, upper, 0, math.MaxUint64-1)
	wantElement(t, upper, 1, math.MaxUint64)
	wantElement(t, upper, 2, 0)
	down := ready[int16](t)(lazy.Sequence[int16](100000, 0, -1))
	wantElement(t, down, 40000, 25536) // -40000
}

func Test020SequenceOfReals(t *testing.T) {
	tenths := ready[float64](t)(lazy.Sequence(1<<20, 0.5, 0.1))
	singles := ready[float32](t)(lazy.Sequence[float32](1<<20, 0.5, 0.25))
	for i := 0; i < 1<<20; i += 1013 {
		wantElement(t, tenths, i, 0.5+float64(float64(i)*0.1))
		wantElement(t, singles, i, 0.5+float32(i)*0.25)
	}
	_, err := lazy.Sequence[complex128](10, 0, 1)
	wantError(t, err, lazy.ErrUnsupported)
}
