// SPDX-License-Identifier: MIT

package lazy_test

import (
	"testing"

	"ufomem/lazy"
)

func Test150CoreBudget(t *testing.T) {
	core := newCore(t, 2*mib)
	array := ready[int64](t)(lazy.New(mib, squares, lazy.On(core), lazy.Chunk(512)))
	block := make([]int64, mib)
	must(t, second(array.ReadAt(block, 0)))
	equal(t, block[mib-1], square(mib-1))
	stats, err := core.Stats()
	must(t, err)
	if stats.Budget != 2*mib || stats.Peak > stats.Budget || stats.Peak < mib || stats.Regions != 1 || stats.Evictions == 0 ||
		stats.Populated < 8*mib {
		t.Fatalf("%+v", stats)
	}
	must(t, core.SetBudget(1*mib))
	stats, err = core.Stats()
	must(t, err)
	if stats.Budget != mib || stats.Used > mib {
		t.Fatalf("%+v", stats)
	}
}

func Test150CoreSpillDir(t *testing.T) {
	core, err := lazy.NewCore(lazy.CoreOptions{Budget: mib, SpillDir: "/nowhere/at/all"})
	if err == nil {
		t.Cleanup(func() { core.Close() })
		array := ready[int64](t)(lazy.New(mib, squares, lazy.On(core)))
		must(t, array.Set(0, 1))
		err = array.Evict(0, 1000)
	}
	if err == nil {
		t.Fatal("the spill file was made nowhere")
	}
	t.Log(err)
	core, err = lazy.NewCore(lazy.CoreOptions{Budget: mib, SpillDir: t.TempDir(), LowWatermark: 50, Workers: 4})
	must(t, err)
	array, err := lazy.New(mib, squares, lazy.On(core))
	must(t, err)
	must(t, array.Set(0, -1))
	must(t, array.Evict(0, 1000))
	wantElement(t, array, 0, -1)
	must(t, core.Close())
}

func Test150CoreArrayStats(t *testing.T) {
	core := newCore(t, 4*mib)
	array := ready[int64](t)(lazy.New(64*512, squares, lazy.On(core), lazy.Chunk(512), lazy.Readahead(0)))
	must(t, array.Touch(0, 10*512))
	stats, err := array.Stats()
	must(t, err)
	equal(t, stats.Resident, 10*4096)
	equal(t, stats.Populated, 10*4096)
	equal(t, stats.Failures, 0)
	must(t, array.Advise(0, 64*512, lazy.AdviseSequential))
	must(t, array.Advise(0, 512, lazy.AdviseDontNeed))
	stats, err = array.Stats()
	must(t, err)
	equal(t, stats.Resident, 9*4096)
}
