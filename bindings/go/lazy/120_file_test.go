// SPDX-License-Identifier: MIT

package lazy_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"ufomem/lazy"
)

// fileOf writes n numbers, 3*i, after a header of some bytes.
func fileOf(t *testing.T, header, n int) string {
	t.Helper()
	var content bytes.Buffer
	content.Write(make([]byte, header))
	numbers := make([]uint32, n)
	for i := range numbers {
		numbers[i] = uint32(3 * i)
	}
	// (The tests run on little-endian machines, as the library does.)
	must(t, binary.Write(&content, binary.LittleEndian, numbers))
	path := filepath.Join(t.TempDir(), "numbers")
	must(t, os.WriteFile(path, content.Bytes(), 0o600))
	return path
}

func Test120FileIsRead(t *testing.T) {
	core := newCore(t, 1*mib)
	path := fileOf(t, 128, mib)
	array := ready[uint32](t)(lazy.Open[uint32](path, lazy.On(core), lazy.Offset(128)))
	equal(t, array.Len(), mib)
	for i := 0; i < mib; i += 77 {
		wantElement(t, array, i, uint32(3*i))
	}
	part := ready[uint32](t)(lazy.Open[uint32](path, lazy.On(core), lazy.Offset(128+4*100), lazy.Length(50), lazy.ReadOnly()))
	equal(t, part.Len(), 50)
	wantElement(t, part, 49, 3*149)
}

func Test120FileChangesArePrivate(t *testing.T) {
	path := fileOf(t, 0, 100000)
	before, err := os.ReadFile(path)
	must(t, err)
	array, err := lazy.Open[uint32](path)
	must(t, err)
	must(t, array.Set(5, 1))
	must(t, array.Flush())
	must(t, array.Evict(0, 100000))
	wantElement(t, array, 5, 1)
	must(t, array.Close())
	after, err := os.ReadFile(path)
	must(t, err)
	equal(t, bytes.Equal(before, after), true)
}

func Test120FileChangesAreSaved(t *testing.T) {
	core := newCore(t, 1*mib)
	path := fileOf(t, 128, mib)
	array, err := lazy.Open[uint32](path, lazy.On(core), lazy.Offset(128), lazy.Save(), lazy.Chunk(1024))
	must(t, err)
	for i := 0; i < mib; i += 1000 {
		must(t, array.Set(i, 7))
	}
	must(t, array.Close())
	content, err := os.ReadFile(path)
	must(t, err)
	for i := 0; i < mib; i++ {
		want := uint32(3 * i)
		if i%1000 == 0 {
			want = 7
		}
		if got := binary.LittleEndian.Uint32(content[128+4*i:]); got != want {
			t.Fatalf("element %d of the file is %d, want %d", i, got, want)
		}
	}
	equal(t, bytes.Equal(content[:128], make([]byte, 128)), true)
}

// A plain slice faults its elements in, while the collector is busy; changes made through it are changes.
func Test120FileAsSlice(t *testing.T) {
	core := newCore(t, 1*mib)
	array := ready[uint32](t)(lazy.Open[uint32](fileOf(t, 0, mib), lazy.On(core), lazy.Chunk(1024)))
	slice, err := array.Slice()
	must(t, err)
	for i := 0; i < mib; i += 509 {
		if i%50900 == 0 {
			runtime.GC()
		}
		equal(t, slice[i], uint32(3*i))
		slice[i]++
	}
	for i := 0; i < mib; i += 509 {
		wantElement(t, array, i, uint32(3*i+1))
	}
	runtime.KeepAlive(array)
}
