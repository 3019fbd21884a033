// SPDX-License-Identifier: MIT

package lazy_test

import (
	"testing"

	"ufomem/internal/csource"
	"ufomem/lazy"
)

// Measurements, and beside each what it is to be compared with: go test -bench . -run '^$'

const benchElements = 1 << 20 // 8 MiB

var sink int64

func benchArray(b *testing.B) *lazy.Array[int64] {
	core := newCore(b, 256*mib)
	array := ready[int64](b)(lazy.New(benchElements, squares, lazy.On(core), lazy.Chunk(8192)))
	must(b, array.Touch(0, benchElements))
	b.ResetTimer()
	return array
}

func BenchmarkGet(b *testing.B) {
	array := benchArray(b)
	sum := int64(0)
	for i := 0; i < b.N; i++ {
		value, err := array.Get(i & (benchElements - 1))
		if err != nil {
			b.Fatal(err)
		}
		sum += value
	}
	sink = sum
}

func BenchmarkGetScattered(b *testing.B) {
	array := benchArray(b)
	sum := int64(0)
	for i := 0; i < b.N; i++ {
		value, err := array.Get(i * 7919 & (benchElements - 1))
		if err != nil {
			b.Fatal(err)
		}
		sum += value
	}
	sink = sum
}

func BenchmarkSet(b *testing.B) {
	array := benchArray(b)
	for start := 0; start < benchElements; start += 8192 {
		must(b, array.Set(start, 1))
	}
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if err := array.Set(i&(benchElements-1), int64(i)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetParallel(b *testing.B) {
	array := benchArray(b)
	b.RunParallel(func(pb *testing.PB) {
		sum := int64(0)
		for i := 0; pb.Next(); i++ {
			value, err := array.Get(i * 7919 & (benchElements - 1))
			if err != nil {
				b.Error(err)
				return
			}
			sum += value
		}
		sink = sum
	})
}

func BenchmarkGetOfASlice(b *testing.B) {
	slice := make([]int64, benchElements)
	b.ResetTimer()
	sum := int64(0)
	for i := 0; i < b.N; i++ {
		sum += slice[i&(benchElements-1)]
	}
	sink = sum
}

// One element by a call into C, as every access would be without the fast path.
func BenchmarkReadAtOfOne(b *testing.B) {
	array := benchArray(b)
	one := make([]int64, 1)
	for i := 0; i < b.N; i++ {
		if _, err := array.ReadAt(one, i&(benchElements-1)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAt(b *testing.B) {
	array := benchArray(b)
	to := make([]int64, benchElements)
	b.SetBytes(8 * benchElements)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := array.ReadAt(to, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopy(b *testing.B) {
	from, to := make([]int64, benchElements), make([]int64, benchElements)
	b.SetBytes(8 * benchElements)
	for i := range from {
		from[i], to[i] = 1, 1
	}
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		copy(to, from)
	}
}

func BenchmarkMemcpy(b *testing.B) {
	b.SetBytes(8 * benchElements)
	csource.Memcpy(b.N, 8*benchElements)
}

func BenchmarkChunks(b *testing.B) {
	array := benchArray(b)
	b.SetBytes(8 * benchElements)
	sum := int64(0)
	for i := 0; i < b.N; i++ {
		must(b, array.Chunks(func(_ int, part []int64) error {
			for _, value := range part {
				sum += value
			}
			return nil
		}))
	}
	sink = sum
}

// A chunk of 4 KiB that is not in memory: one element of it, and then the next chunk, under a budget that holds a part of them.

const coldChunks, coldElements, coldBudget = 1 << 14, 512, 4 * mib

func BenchmarkColdChunk(b *testing.B) {
	core := newCore(b, coldBudget)
	array := ready[int64](b)(lazy.New(coldChunks*coldElements, squares, lazy.On(core), lazy.Chunk(coldElements), lazy.Readahead(0)))
	must(b, array.Advise(0, coldChunks*coldElements, lazy.AdviseRandom))
	must(b, array.Touch(0, coldChunks*coldElements/2))
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := array.Get((i*7919 + 1) % coldChunks * coldElements); err != nil {
			b.Fatal(err)
		}
	}
}

// The same in C: ufo_read and a callback that computes the same.
func BenchmarkColdChunkInC(b *testing.B) {
	reference := csource.NewCold(coldBudget, coldChunks, coldElements)
	if reference == nil {
		b.Fatal("the C reference cannot be made")
	}
	defer reference.Free()
	b.ResetTimer()
	if !reference.Read(b.N) {
		b.Fatal("the C reference fails")
	}
}

// What the callback itself takes.
func BenchmarkCallbackAlone(b *testing.B) {
	out := make([]int64, coldElements)
	for i := 0; i < b.N; i++ {
		start := i % coldChunks * coldElements
		_ = squares(start, start+coldElements, out)
	}
}
