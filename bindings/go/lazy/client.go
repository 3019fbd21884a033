// SPDX-License-Identifier: MIT

package lazy

// #include <ufomem/service.h>
// #include <ufomem/ufo.h>
import "C"

import (
	"runtime"
	"sync"
	"unsafe"

	"ufomem/internal/ufo"
)

// Client is a connection to a service: the daemon ufod, or any process that is a server by <ufomem/service.h>.  A service keeps arrays in its memory,
// within its budget, for all processes that read them.
//
// [OpenShared] and [OpenSharedFile] make ordinary arrays of it, but read-only, and never shown in place: a service may end at any moment, and with it its
// memory.  So views and parts of walks are copies, and Slice is [ErrUnsupported].  When the service has ended, every call that needs it gives
// [ErrClosed], those that are waiting for it included, until there is a service at the same socket again: the arrays go on with that.
type Client struct {
	handle uintptr
	mutex  sync.RWMutex // held for writing by Close alone
	closed bool
}

// Connect connects to the service at a socket; "" is where ufod listens.
func Connect(path string) (*Client, error) {
	if !noNul(path) {
		return nil, newError("connect", ErrInvalid, "the path contains a NUL byte")
	}
	if path == "" {
		path = ufo.Service_path()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	handle := ufo.Client_connect(path)
	if handle == 0 {
		return nil, lastError("connect", ufo.Last_status(), nil)
	}
	c := &Client{handle: handle}
	runtime.SetFinalizer(c, func(c *Client) { go c.Close() })
	return c, nil
}

// Close ends the connection when the arrays that were opened by it are closed, too; nothing can be opened by it any more.  A second Close does nothing.
// The error is always nil.
func (c *Client) Close() error {
	runtime.SetFinalizer(c, nil)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		c.closed = true
		ufo.Client_free(c.handle)
	}
	return nil
}

// with runs a function with the handle, which is not freed meanwhile.
func (c *Client) with(op string, function func(handle uintptr) error) error {
	if c == nil {
		return newError(op, ErrInvalid, "the client is nil; make one with Connect")
	}
	defer runtime.KeepAlive(c)
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	if c.closed {
		return newError(op, ErrClosed, "the client has been closed")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return function(c.handle)
}

// OpenShared makes an array of what the service has published by that name.  Its elements have to have the size of T; of what type they are the
// service does not know.  Options: [Length]; default: all elements that there are.
func OpenShared[T Number](client *Client, name string, options ...Option) (*Array[T], error) {
	const op = "open shared"
	if name == "" || !noNul(name) {
		return nil, newError(op, ErrInvalid, "the name is empty, or contains a NUL byte; give that of an array of the service")
	}
	s, err := gather(op, sharedSource, options)
	if err != nil {
		return nil, err
	}
	return share[T](op, client, s, s.length, func(config, client uintptr) error {
		return check(op, ufo.Config_set_shared(config, client, name))
	})
}

// OpenSharedFile makes an array of a file's content, as [Open] does, but in memory once for all processes that open it by the service.  This process
// opens the file, so the service needs no right to it.  Options: [Offset], [Length], and [Chunk], which counts for the first that opens the file.
func OpenSharedFile[T Number](client *Client, path string, options ...Option) (*Array[T], error) {
	const op = "open shared"
	s, err := gather(op, sharedFileSource, options)
	if err != nil {
		return nil, err
	}
	length, err := s.lengthOf(op, path, sizeOf[T]())
	if err != nil {
		return nil, err
	}
	return share[T](op, client, s, length, func(config, client uintptr) error {
		if err := check(op, ufo.Config_set_file(config, path, uint64(s.offset), 0)); err != nil {
			return err
		}
		return check(op, ufo.Config_set_shared(config, client, ""))
	})
}

// share makes an array of n elements, or of all that the service has.
func share[T Number](op string, client *Client, s *settings, n int, describe func(config, client uintptr) error) (*Array[T], error) {
	var r *region
	err := client.with(op, func(handle uintptr) (err error) {
		r, err = newRegion(op, s, n, sizeOf[T](), nil, func(config uintptr) error { return describe(config, handle) })
		return err
	})
	if err != nil {
		return nil, err
	}
	if n == unset {
		r.count = ufo.Count(r.handle)
	}
	if size := ufo.Element_size(r.handle); size != sizeOf[T]() {
		r.close()
		return nil, newError(op, ErrInvalid, "the elements of the service have %d bytes, not %d as %s has", size, sizeOf[T](), typeName[T]())
	}
	return newShared[T](r), nil
}

// ServerStats are the figures of a service, in bytes where the name does not say otherwise.
type ServerStats struct {
	Page         uint64 // of the system
	Chunk        uint64 // filled together, of files, by default
	Budget       uint64 // for all clients together
	Used         uint64 // of it, now
	Peak         uint64 // of it, at most so far
	Low          uint64 // eviction ends below this ...
	High         uint64 // ... and begins above this
	Fillers      uint64 // number of threads that answer faults, now
	MostFillers  uint64 // ... at most
	Evictors     uint64 // number of threads that make room ahead of need
	FaultsAtOnce uint64 // number of faults of one client that are answered at a time
	Clients      uint64 // number of those connected now
	ClientsEver  uint64 // number of those connected so far
	Dismissed    uint64 // number of those whose connection the service has ended
	Regions      uint64 // number of arrays
	Faults       uint64 // number of faults answered
	Late         uint64 // number of faults that ended in an error, because no answer came in time
	Failures     uint64 // number of chunks that could not be filled
	Populated    uint64 // taken from sources
	Evictions    uint64 // number of chunks that left memory
}

// Stats gives the figures of the service as they are now.
func (c *Client) Stats() (ServerStats, error) {
	var s C.ufo_server_stats
	s.struct_size = C.sizeof_ufo_server_stats
	err := c.with("stats", func(handle uintptr) error {
		return check("stats", ufo.Client_stats_get(handle, unsafe.Pointer(&s)))
	})
	if err != nil {
		return ServerStats{}, err
	}
	return ServerStats{
		Page: uint64(s.page_bytes), Chunk: uint64(s.chunk_bytes), Budget: uint64(s.budget_bytes), Used: uint64(s.used_bytes),
		Peak: uint64(s.peak_bytes), Low: uint64(s.low_bytes), High: uint64(s.high_bytes), Fillers: uint64(s.fillers),
		MostFillers: uint64(s.most_fillers), Evictors: uint64(s.evictors), FaultsAtOnce: uint64(s.faults_at_once),
		Clients: uint64(s.clients), ClientsEver: uint64(s.clients_ever), Dismissed: uint64(s.dismissed), Regions: uint64(s.regions),
		Faults: uint64(s.faults), Late: uint64(s.late), Failures: uint64(s.failures), Populated: uint64(s.populated_bytes),
		Evictions: uint64(s.evictions),
	}, nil
}
