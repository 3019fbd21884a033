// SPDX-License-Identifier: MIT

package lazy_test

import (
	"bufio"
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ufomem/lazy"
)

// service is a process of tests/bindings/service.c.
type service struct {
	path    string
	command *exec.Cmd
}

const shared = 1000000 // elements of each of its arrays

func sharedValue(i int) int64 { return int64(i)*3 + 1 }

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{path: filepath.Join(t.TempDir(), "socket")}
	s.begin(t)
	return s
}

func (s *service) begin(t *testing.T) {
	t.Helper()
	program := os.Getenv("UFOMEM_TEST_SERVICE")
	if program == "" {
		t.Skip("UFOMEM_TEST_SERVICE does not say where the service of the tests is")
	}
	command := exec.Command(program, s.path)
	_, err := command.StdinPipe() // its end is the end of the service
	must(t, err)
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	s.command = command
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	if line, _ := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		command.Wait()
		if command.ProcessState.ExitCode() == 77 {
			t.Skip("this kernel cannot have a service")
		}
		t.Fatal("the service does not start")
	}
}

func (s *service) end() {
	s.command.Process.Kill()
	s.command.Wait()
}

func (s *service) connect(t *testing.T) *lazy.Client {
	t.Helper()
	client, err := lazy.Connect(s.path)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// wantLost waits until a call says that the service has ended: at the latest when this process has noticed.
func wantLost(t *testing.T, call func() error) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); {
		if err := call(); errors.Is(err, lazy.ErrClosed) {
			return
		}
	}
	t.Error("no error in half a minute")
}

func Test170ServiceByName(t *testing.T) {
	client := newService(t).connect(t)
	array := ready[int64](t)(lazy.OpenShared[int64](client, "values"))
	equal(t, array.Len(), shared)
	equal(t, array.Chunk(), 64*kib/8)
	for i := 0; i < shared; i += 9973 {
		wantElement(t, array, i, sharedValue(i))
	}
	part := make([]int64, 300000)
	_, err := array.ReadAt(part, 500000)
	must(t, err)
	for i, value := range part {
		equal(t, value, sharedValue(500000+i))
	}
	next := 0
	must(t, array.Chunks(func(start int, part []int64) error {
		equal(t, start, next)
		equal(t, part[len(part)-1], sharedValue(start+len(part)-1))
		next += len(part)
		return nil
	}))
	equal(t, next, shared)
	steps := array.Iterate(5, 20000)
	defer steps.Close()
	for next = 5; steps.Next(); next += len(steps.Part()) {
		equal(t, steps.Part()[0], sharedValue(next))
	}
	must(t, steps.Err())
	must(t, array.Touch(0, 10))
	must(t, array.Evict(0, shared))
	must(t, array.Advise(0, 10, lazy.AdviseWillNeed))
	wantElement(t, array, 7, 22)
	stats, err := array.Stats()
	must(t, err)
	if stats.Populated < shared*8 {
		t.Error("too little populated:", stats.Populated)
	}
	real := ready[float64](t)(lazy.OpenShared[float64](client, "halves", lazy.Length(1000)))
	equal(t, real.Len(), 1000)
	wantElement(t, real, 7, 3.5)
	matrix, err := lazy.NewMatrix(real, 10, 100, lazy.RowMajor)
	must(t, err)
	value, err := matrix.At(1, 1)
	must(t, err)
	equal(t, value, 50.5)
}

func Test170ServiceViewsAreCopies(t *testing.T) {
	s := newService(t)
	array := ready[int64](t)(lazy.OpenShared[int64](s.connect(t), "values"))
	must(t, array.View(10000, 200000, func(part []int64) error {
		s.end()
		wantLost(t, func() error { _, err := array.Get(0); return err })
		for i, value := range part { // where memory of the service would be a fault by now
			equal(t, value, sharedValue(10000+i))
		}
		part[0] = 0
		return nil
	}))
	must(t, array.View(5, 5, func(part []int64) error { equal(t, len(part), 0); return nil }))
}

func Test170ServiceWrongArguments(t *testing.T) {
	s := newService(t)
	client := s.connect(t)
	for name, want := range map[string]error{"nothing": lazy.ErrInvalid, "": lazy.ErrInvalid, "a\x00b": lazy.ErrInvalid} {
		_, err := lazy.OpenShared[int64](client, name)
		wantError(t, err, want)
	}
	_, err := lazy.OpenShared[int32](client, "values")
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.OpenShared[int32](client, "values", lazy.Length(5))
	wantError(t, err, lazy.ErrInvalid)
	for length, want := range map[int]error{0: lazy.ErrInvalid, -1: lazy.ErrInvalid, shared + 1: lazy.ErrRange} {
		_, err = lazy.OpenShared[int64](client, "values", lazy.Length(length))
		wantError(t, err, want)
	}
	for _, option := range []lazy.Option{lazy.On(newCore(t, mib)), lazy.Offset(8), lazy.Save(), lazy.Readahead(5)} {
		_, err = lazy.OpenShared[int64](client, "values", option)
		wantError(t, err, lazy.ErrInvalid)
	}
	_, err = lazy.OpenShared[int64](nil, "values")
	wantError(t, err, lazy.ErrInvalid)
	_, err = lazy.Connect("a\x00b")
	wantError(t, err, lazy.ErrInvalid)
	if _, err = lazy.Connect(s.path + "-"); err == nil {
		t.Error("connected to nobody")
	}
	must(t, client.Close())
	must(t, client.Close())
	_, err = lazy.OpenShared[int64](client, "values")
	wantError(t, err, lazy.ErrClosed)
	_, err = client.Stats()
	wantError(t, err, lazy.ErrClosed)
}

func Test170ServiceReadOnly(t *testing.T) {
	array := ready[int64](t)(lazy.OpenShared[int64](newService(t).connect(t), "values"))
	wantError(t, array.Set(0, 1), lazy.ErrReadOnly)
	wantError(t, second(array.WriteAt(make([]int64, 5), 0)), lazy.ErrReadOnly)
	wantError(t, array.ViewWrite(0, 5, func([]int64) error { t.Error("called"); return nil }), lazy.ErrReadOnly)
	_, err := array.Slice()
	wantError(t, err, lazy.ErrUnsupported)
	_, err = array.Get(shared)
	wantError(t, err, lazy.ErrRange)
	wantError(t, array.View(0, shared+1, nil), lazy.ErrRange)
}

func Test170ServiceSourceFails(t *testing.T) {
	array := ready[int64](t)(lazy.OpenShared[int64](newService(t).connect(t), "failing"))
	_, err := array.Get(0)
	wantError(t, err, lazy.ErrPopulate)
	wantError(t, array.View(0, 5, nil), lazy.ErrPopulate)
	must(t, array.Reset(0, 5))
}

func Test170ServiceFile(t *testing.T) {
	client := newService(t).connect(t)
	path := fileOf(t, 128, 100000)
	array := ready[uint32](t)(lazy.OpenSharedFile[uint32](client, path, lazy.Offset(128)))
	equal(t, array.Len(), 100000)
	for i := 0; i < array.Len(); i += 77 {
		wantElement(t, array, i, uint32(3*i))
	}
	part := ready[uint32](t)(lazy.OpenSharedFile[uint32](client, path, lazy.Offset(128+4*100), lazy.Length(50)))
	equal(t, part.Len(), 50)
	wantElement(t, part, 0, 300)
	_, err := lazy.OpenSharedFile[uint32](client, path+"-")
	wantError(t, err, lazy.ErrFile)
	_, err = lazy.OpenSharedFile[uint32](client, path, lazy.Length(100033))
	wantError(t, err, lazy.ErrTruncated)
	_, err = lazy.OpenSharedFile[uint32](client, path, lazy.Save())
	wantError(t, err, lazy.ErrInvalid)
}

func Test170ServiceTwoClients(t *testing.T) {
	s := newService(t)
	one, two := s.connect(t), s.connect(t)
	path := fileOf(t, 0, 1000)
	wantElement(t, ready[uint32](t)(lazy.OpenSharedFile[uint32](one, path)), 7, 21)
	before, err := one.Stats()
	must(t, err)
	wantElement(t, ready[uint32](t)(lazy.OpenSharedFile[uint32](two, path)), 7, 21)
	after, err := two.Stats()
	must(t, err)
	equal(t, after.Clients, uint64(2))
	equal(t, after.Populated, before.Populated)
	equal(t, after.Budget, uint64(4*mib))
}

func Test170ServiceAfterClose(t *testing.T) {
	client := newService(t).connect(t)
	array, err := lazy.OpenShared[int64](client, "values")
	must(t, err)
	must(t, client.Close())
	wantElement(t, array, 7, 22)
	must(t, array.Close())
	must(t, array.Close())
	_, err = array.Get(7)
	wantError(t, err, lazy.ErrClosed)
	wantError(t, array.View(0, 5, nil), lazy.ErrClosed)
}

func Test170ServiceEndsAndComesBack(t *testing.T) {
	s := newService(t)
	client := s.connect(t)
	array := ready[int64](t)(lazy.OpenShared[int64](client, "values"))
	wantElement(t, array, 7, 22)
	s.end()
	within(t, 60*time.Second, func() {
		for _, call := range []func() error{
			func() error { _, err := array.Get(7); return err },
			func() error { return second(array.ReadAt(make([]int64, 300000), 500000)) },
			func() error { return array.View(0, 5, func([]int64) error { return nil }) },
			func() error { return array.Touch(0, shared) },
			func() error { return array.Chunks(func(int, []int64) error { return nil }) },
			func() error { _, err := array.Stats(); return err },
			func() error { _, err := client.Stats(); return err },
		} {
			wantLost(t, call)
		}
		s.begin(t)
		for value := int64(0); value != 22; value, _ = array.Get(7) {
			time.Sleep(time.Millisecond)
		}
		wantElement(t, array, 999999, sharedValue(999999))
	})
}

func Test170ServiceEndsWhileSomebodyWaits(t *testing.T) {
	array := ready[int64](t)(lazy.OpenShared[int64](newService(t).connect(t), "deadly"))
	within(t, 60*time.Second, func() {
		if _, err := array.Get(7); err == nil {
			t.Error("an element of nobody")
		}
		wantLost(t, func() error { _, err := array.Get(7); return err })
	})
}

func Test170ServiceEndsUnderManyReaders(t *testing.T) {
	s := newService(t)
	array := ready[int64](t)(lazy.OpenShared[int64](s.connect(t), "values"))
	within(t, 60*time.Second, func() {
		var readers sync.WaitGroup
		for number := int64(0); number < 8; number++ {
			random := rand.New(rand.NewSource(number))
			readers.Add(1)
			go func() {
				defer readers.Done()
				wantLost(t, func() error {
					first := random.Intn(shared - 20000)
					return array.View(first, first+20000, func(part []int64) error {
						for i, value := range part {
							if value != sharedValue(first+i) {
								t.Errorf("element %d is %d", first+i, value)
								return lazy.ErrClosed
							}
						}
						return nil
					})
				})
			}()
		}
		time.Sleep(200 * time.Millisecond)
		s.end()
		readers.Wait()
	})
}
