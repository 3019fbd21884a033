// SPDX-License-Identifier: MIT

package lazy_test

import (
	"testing"

	"ufomem/internal/ufo"
	"ufomem/lazy"
)

func Test010LoadVersion(t *testing.T) {
	equal(t, int(ufo.Version()), ufo.UFO_VERSION)
}

func Test010LoadZeros(t *testing.T) {
	array := ready[float32](t)(lazy.Zeros[float32](1000))
	equal(t, array.Len(), 1000)
	if array.Chunk() < 1024 {
		t.Fatal("a chunk of", array.Chunk(), "elements")
	}
	wantElement(t, array, 999, 0)
	must(t, array.Set(999, 1.5))
	wantElement(t, array, 999, 1.5)
}

// Every status has its own constant and words.
func Test010LoadStatuses(t *testing.T) {
	words := map[string]lazy.Status{}
	for status := lazy.ErrInvalid; status >= lazy.ErrLost; status-- {
		text := status.Error()
		if other, taken := words[text]; taken {
			t.Fatalf("%d and %d are both %q", status, other, text)
		}
		words[text] = status
	}
	equal(t, len(words), 23)
}

func Test010LoadEveryType(t *testing.T) {
	everyType[int8](t, -1)
	everyType[int16](t, -300)
	everyType[int32](t, -70000)
	everyType[int64](t, -1<<40)
	everyType[uint8](t, 255)
	everyType[uint16](t, 65535)
	everyType[uint32](t, 1<<32-1)
	everyType[uint64](t, 1<<64-1)
	everyType[float32](t, 1.5)
	everyType(t, 2.5)
	everyType[complex64](t, 1+2i)
	everyType(t, 3-4i)
	type celsius float64
	everyType[celsius](t, 21.5)
}

func everyType[T lazy.Number](t *testing.T, value T) {
	t.Helper()
	array := ready[T](t)(lazy.New(100000, func(start, end int, out []T) error {
		for i := range out {
			out[i] = value
		}
		return nil
	}))
	wantElement(t, array, 0, value)
	wantElement(t, array, 99999, value)
	must(t, array.Set(50000, value+value))
	wantElement(t, array, 50000, value+value)
	wantElement(t, array, 50001, value)
	read := make([]T, 3)
	_, err := array.ReadAt(read, 49999)
	must(t, err)
	equal(t, [3]T{read[0], read[1], read[2]}, [3]T{value, value + value, value})
}
