// SPDX-License-Identifier: MIT

// An array whose elements are fetched from a server when they are first looked at, and a server that is not always well.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"ufomem/lazy"
)

// A badAnswer is the error that the callback gives, and that comes out of Get again.
type badAnswer struct{ status string }

func (e *badAnswer) Error() string { return "the server says " + e.status }

func main() {
	log.SetFlags(0)
	elements := flag.Int("elements", 100*1000*1000, "how many measurements the server has")
	flag.Parse()

	// The server: measurement i is i / 8, as bytes of the range that is asked for.
	var requests atomic.Int64
	var ill atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		requests.Add(1)
		var start, end int
		if _, err := fmt.Sscanf(request.URL.RawQuery, "start=%d&end=%d", &start, &end); err != nil || ill.Load() {
			answer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		bytes := make([]byte, 0, 4*(end-start))
		for i := start; i < end; i++ {
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(i/8))
		}
		answer.Write(bytes)
	}))
	defer server.Close()

	measurements, err := lazy.New(*elements, func(start, end int, out []uint32) error {
		answer, err := http.Get(fmt.Sprintf("%s?start=%d&end=%d", server.URL, start, end))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return &badAnswer{answer.Status}
		}
		bytes, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		if len(bytes) != 4*len(out) {
			return io.ErrUnexpectedEOF
		}
		for i := range out {
			out[i] = binary.LittleEndian.Uint32(bytes[4*i:])
		}
		return nil
	}, lazy.ReadOnly(), lazy.Chunk(16*1024))
	if err != nil {
		log.Fatal(err)
	}
	defer measurements.Close()

	middle := *elements / 2
	for i := middle; i < middle+1000; i++ {
		value, err := measurements.Get(i)
		if err != nil {
			log.Fatal(err)
		}
		if value != uint32(i/8) {
			log.Fatalf("measurement %d is %d", i, value)
		}
	}
	fmt.Printf("1000 measurements took %d requests\n", requests.Load())

	ill.Store(true)
	_, err = measurements.Get(50)
	var bad *badAnswer
	if !errors.As(err, &bad) {
		log.Fatalf("the callback's own error should have come: %v", err)
	}
	fmt.Println("while the server is ill:", err)

	ill.Store(false)
	if err := measurements.Reset(50, 51); err != nil { // forgets the failure
		log.Fatal(err)
	}
	value, err := measurements.Get(50)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("when it is well again: measurement 50 is", value)
}
