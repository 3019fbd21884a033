// SPDX-License-Identifier: MIT

package lazy_test

import (
	"testing"

	"ufomem/lazy"
)

func Test090AfterClose(t *testing.T) {
	array, err := lazy.Zeros[int64](1000)
	must(t, err)
	matrix, err := lazy.NewMatrix(array, 10, 100, lazy.RowMajor)
	must(t, err)
	must(t, array.Set(0, 1))
	must(t, array.Close())
	must(t, array.Close())
	nothing := func([]int64) error { t.Error("called"); return nil }
	buffer := make([]int64, 1)
	_, get := array.Get(0)
	_, slice := array.Slice()
	_, stats := array.Stats()
	_, at := matrix.At(0, 0)
	parts := array.Iterate(0, 10)
	parts.Next()
	for what, err := range map[string]error{
		"Get": get, "Set": array.Set(0, 1), "Slice": slice, "Stats": stats, "At": at,
		"ReadAt": second(array.ReadAt(buffer, 0)), "WriteAt": second(array.WriteAt(buffer, 0)),
		"View": array.View(0, 1, nothing), "ViewWrite": array.ViewWrite(0, 1, nothing),
		"Chunks": array.Chunks(func(int, []int64) error { t.Error("called"); return nil }), "Iterate": parts.Err(),
		"Touch": array.Touch(0, 1), "Flush": array.Flush(), "Evict": array.Evict(0, 1), "Reset": array.Reset(0, 1),
		"Advise": array.Advise(0, 1000, lazy.AdviseRandom),
	} {
		t.Log(what, err)
		wantError(t, err, lazy.ErrClosed)
	}
	equal(t, array.Len(), 1000)
}

func Test090AfterCloseOfTheCore(t *testing.T) {
	core, err := lazy.NewCore(lazy.CoreOptions{Budget: mib})
	must(t, err)
	array, err := lazy.New(1000, squares, lazy.On(core))
	must(t, err)
	wantElement(t, array, 2, 4)
	must(t, core.Close())
	must(t, core.Close())
	_, err = array.Get(2)
	wantError(t, err, lazy.ErrClosed)
	must(t, array.Close())
	_, err = lazy.New(1000, squares, lazy.On(core))
	wantError(t, err, lazy.ErrClosed)
	_, err = core.Stats()
	wantError(t, err, lazy.ErrClosed)
	wantError(t, core.SetBudget(mib), lazy.ErrClosed)
}

// The changes of a closed array are where they belong.
func Test090AfterCloseChangesAreSaved(t *testing.T) {
	core, err := lazy.NewCore(lazy.CoreOptions{Budget: mib})
	must(t, err)
	store := make([]int64, 1000)
	array, err := lazy.New(1000, squares, lazy.On(core), lazy.Writeback(func(start, end int, data []int64) error {
		copy(store[start:end], data)
		return nil
	}))
	must(t, err)
	must(t, array.Set(77, -77))
	must(t, core.Close())
	equal(t, store[77], -77)
	equal(t, store[76], square(76))
}
