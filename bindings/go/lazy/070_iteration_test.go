// SPDX-License-Identifier: MIT

package lazy_test

import (
	"errors"
	"testing"

	"ufomem/lazy"
)

func Test070Chunks(t *testing.T) {
	const n = 300007
	core := newCore(t, 1*mib)
	array := ready[int64](t)(lazy.New(n, squares, lazy.On(core), lazy.Chunk(1024)))
	next := 0
	must(t, array.Chunks(func(start int, part []int64) error {
		equal(t, start, next)
		if len(part) != array.Chunk() && start+len(part) != n {
			t.Fatalf("a part of %d elements at %d", len(part), start)
		}
		for i, value := range part {
			equal(t, value, square(start+i))
		}
		next += len(part)
		return nil
	}))
	equal(t, next, n)

	var parts [][2]int
	must(t, array.ChunksOf(1000, 2100, func(start int, part []int64) error {
		parts = append(parts, [2]int{start, start + len(part)})
		return nil
	}))
	equal(t, len(parts), 3)
	equal(t, parts[0], [2]int{1000, 1024})
	equal(t, parts[1], [2]int{1024, 2048})
	equal(t, parts[2], [2]int{2048, 2100})

	enough, calls := errors.New("enough"), 0
	equal(t, array.Chunks(func(int, []int64) error { calls++; return enough }), enough)
	equal(t, calls, 1)
}

func Test070Iterator(t *testing.T) {
	const n = 10000
	array := ready[int64](t)(lazy.New(n, squares, lazy.Chunk(512)))
	parts, next := array.Iterate(100, n), 100
	for parts.Next() {
		equal(t, parts.Start(), next)
		for i, value := range parts.Part() {
			equal(t, value, square(next+i))
		}
		next += len(parts.Part())
	}
	must(t, parts.Err())
	equal(t, next, n)
	if parts.Next() {
		t.Fatal("goes on after the end")
	}

	left := array.Iterate(0, n)
	equal(t, left.Next(), true)
	stats, err := array.Stats()
	must(t, err)
	equal(t, stats.Pins, 1)
	left.Close()
	left.Close()
	equal(t, left.Next(), false)
	if stats, err = array.Stats(); err != nil || stats.Pins != 0 {
		t.Fatal(stats.Pins, "pins are left;", err)
	}
}

func Test070IteratorErrors(t *testing.T) {
	array := ready[int64](t)(lazy.New(10*512, func(start, end int, out []int64) error {
		if start >= 3*512 {
			return errUnplugged
		}
		return squares(start, end, out)
	}, lazy.Chunk(512), lazy.Readahead(0)))
	parts, count := array.Iterate(0, 10*512), 0
	for parts.Next() {
		count++
	}
	equal(t, count, 3)
	wantError(t, parts.Err(), errUnplugged)
	wrong := array.Iterate(5, 10*512+1)
	equal(t, wrong.Next(), false)
	wantError(t, wrong.Err(), lazy.ErrRange)
	wantError(t, array.Chunks(func(int, []int64) error { return nil }), errUnplugged)
}
