// SPDX-License-Identifier: MIT

package lazy

// #include <ufomem/ufo.h>
import "C"

import (
	"runtime"
	"sync"
	"unsafe"

	"ufomem/internal/ufo"
)

// Core is one memory budget, the threads that serve it, and the arrays made with the option [On] for it.  Without that option arrays belong
// to the process's default core, whose budget is half of the memory that is available.
type Core struct {
	*core
}

// core is a Core without the finalizer, which what its regions refer to must not have: they refer to each other.
type core struct {
	handle  uintptr
	mutex   sync.Mutex
	closed  bool
	regions []*region // in the order they were made
	alive   sync.WaitGroup
}

// CoreOptions says what a core shall be like; zero values stand for the defaults.
type CoreOptions struct {
	Budget        int    // bytes that all arrays together may have in memory; default: half of what is available
	LowWatermark  int    // percent of the budget; default 88
	HighWatermark int    // percent of the budget, near which chunks leave until the low one is reached; default 100
	Workers       int    // most threads that fill arrays with native sources
	SpillDir      string // where the spill file for changed elements is made; default: TMPDIR, or /var/tmp
}

// NewCore makes a core.
func NewCore(options CoreOptions) (*Core, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	config := ufo.Core_config_new()
	if config == 0 {
		return nil, lastError("new core", int(ErrNoMemory), nil)
	}
	defer ufo.Core_config_free(config)
	if err := configureCore(config, options); err != nil {
		return nil, err
	}
	handle := ufo.Core_new(config)
	if handle == 0 {
		return nil, lastError("new core", ufo.Last_status(), nil)
	}
	c := &Core{&core{handle: handle}}
	runtime.SetFinalizer(c, func(c *Core) { go c.Close() })
	return c, nil
}

func configureCore(config uintptr, options CoreOptions) error {
	if options.Budget < 0 || options.LowWatermark < 0 || options.HighWatermark < 0 || options.Workers < 0 {
		return newError("new core", ErrInvalid, "a core cannot be made with negative numbers: %+v", options)
	}
	if !noNul(options.SpillDir) {
		return newError("new core", ErrInvalid, "the name of the spill folder contains a NUL byte")
	}
	status := 0
	if options.Budget > 0 {
		status = ufo.Core_config_set_budget(config, options.Budget)
	}
	if status == 0 && (options.LowWatermark > 0 || options.HighWatermark > 0) {
		low, high := options.LowWatermark, options.HighWatermark
		if low == 0 {
			low = 88
		}
		if high == 0 {
			high = 100
		}
		status = ufo.Core_config_set_watermarks(config, uint(low), uint(high))
	}
	if status == 0 && options.Workers > 0 {
		status = ufo.Core_config_set_workers(config, uint(options.Workers))
	}
	if status == 0 && options.SpillDir != "" {
		status = ufo.Core_config_set_spill_dir(config, options.SpillDir)
	}
	if status < 0 {
		return lastError("new core", status, nil)
	}
	return nil
}

// Close closes the arrays of the core, the newest first, and frees its memory and threads.  The error is the first of those that Close of the
// arrays gave.  Inside a callback it does not wait for the end.
func (c *Core) Close() error {
	runtime.SetFinalizer(c, nil)
	return c.core.close()
}

func (c *core) close() error {
	c.mutex.Lock()
	already := c.closed
	c.closed = true
	regions := append([]*region(nil), c.regions...)
	c.mutex.Unlock()
	if already {
		return nil
	}
	var first error
	for i := len(regions) - 1; i >= 0; i-- {
		if err := regions[i].close(); err != nil && first == nil {
			first = err
		}
	}
	free := func() {
		c.alive.Wait()
		ufo.Core_free(c.handle)
		forgetReleased()
	}
	if insideCallback() {
		go free()
	} else {
		free()
	}
	return first
}

// enter lets a constructor, or a call, use the handle until leave; false once the core is closed.
func (c *core) enter() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		c.alive.Add(1)
	}
	return !c.closed
}

func (c *core) leave() { c.alive.Done() }

// adopt makes a region one of the core's; the constructor that is in leaves by it.  False if the core was closed meanwhile.
func (c *core) adopt(r *region) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.regions = append(c.regions, r)
	return !c.closed
}

// forget is the end of a region.
func (c *core) forget(r *region) {
	c.mutex.Lock()
	for i, one := range c.regions {
		if one == r {
			c.regions = append(c.regions[:i], c.regions[i+1:]...)
			break
		}
	}
	c.mutex.Unlock()
	c.leave()
}

// SetBudget changes the budget, in bytes; 0 stands for the default.  When it returns nil, the memory in use is within the new one.
func (c *Core) SetBudget(bytes int) error {
	return c.call("set budget", func(handle uintptr) int { return ufo.Core_set_budget(handle, bytes) })
}

func (c *Core) call(op string, function func(handle uintptr) int) error {
	defer runtime.KeepAlive(c)
	if !c.enter() {
		return newError(op, ErrClosed, "the core has been closed")
	}
	defer c.leave()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if status := function(c.handle); status < 0 {
		return lastError(op, status, nil)
	}
	return nil
}

// CoreStats are the figures of a core, in bytes where the name does not say otherwise.
type CoreStats struct {
	Budget       uint64
	Used         uint64 // charged to the budget now: arrays and memory in which elements are being filled
	Peak         uint64 // most that was ever charged
	Spilled      uint64 // in the spill file now
	Regions      uint64 // number of arrays
	Workers      uint64 // number of worker threads
	Faults       uint64 // number of page faults answered
	Populated    uint64 // taken from sources
	Evictions    uint64 // number of chunks that left memory
	Rescues      uint64 // number of chunks that came back without being filled again
	WrittenBack  uint64 // changed data given to sources
	SpillWritten uint64
	SpillRead    uint64
	Failures     uint64 // number of chunks that failed to fill
}

// Stats gives the figures as they are now.
func (c *Core) Stats() (CoreStats, error) {
	var s C.ufo_core_stats
	s.struct_size = C.sizeof_ufo_core_stats
	err := c.call("stats", func(handle uintptr) int { return ufo.Core_stats_get(handle, unsafe.Pointer(&s)) })
	if err != nil {
		return CoreStats{}, err
	}
	return CoreStats{
		Budget: uint64(s.budget_bytes), Used: uint64(s.used_bytes), Peak: uint64(s.peak_bytes), Spilled: uint64(s.spilled_bytes),
		Regions: uint64(s.regions), Workers: uint64(s.workers), Faults: uint64(s.faults), Populated: uint64(s.populated_bytes),
		Evictions: uint64(s.evictions), Rescues: uint64(s.rescues), WrittenBack: uint64(s.written_back_bytes),
		SpillWritten: uint64(s.spill_written_bytes), SpillRead: uint64(s.spill_read_bytes), Failures: uint64(s.failures),
	}, nil
}
