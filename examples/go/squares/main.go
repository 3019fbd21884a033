// SPDX-License-Identifier: MIT

// An array that is larger than memory, computed where it is looked at: the squares of the first numbers, and what can be done with them.
package main

import (
	"flag"
	"fmt"
	"log"
	"sort"
	"sync"

	"ufomem/lazy"
)

func main() {
	log.SetFlags(0)
	elements := flag.Int("elements", 1<<30, "how many squares: 8 bytes each")
	budget := flag.Int("budget", 64, "MiB of memory for them")
	flag.Parse()

	core, err := lazy.NewCore(lazy.CoreOptions{Budget: *budget << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer core.Close()
	squares, err := lazy.New(*elements, func(start, end int, out []int64) error {
		for i := range out {
			out[i] = int64(start+i) * int64(start+i)
		}
		return nil
	}, lazy.On(core))
	if err != nil {
		log.Fatal(err)
	}
	defer squares.Close()
	fmt.Printf("%d squares are %d MiB; the budget is %d MiB\n", squares.Len(), squares.Len()>>17, *budget)

	// One element.
	value, err := squares.Get(*elements / 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("element %d is %d\n", *elements/2, value)

	// A search touches a few chunks only.
	wanted := int64(*elements/3) * int64(*elements/3)
	found := sort.Search(squares.Len(), func(i int) bool {
		value, err := squares.Get(i)
		if err != nil {
			log.Fatal(err)
		}
		return value >= wanted
	})
	fmt.Printf("%d stands at %d\n", wanted, found)
	if found != *elements/3 {
		log.Fatal("that is wrong")
	}

	// All of it, by several goroutines, each with a part; sums wrap around, as int64 do.
	const workers = 2
	var sums [workers]int64
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			start, end := *elements/workers*worker, *elements/workers*(worker+1)
			if worker == workers-1 {
				end = *elements
			}
			err := squares.ChunksOf(start, end, func(_ int, part []int64) error {
				for _, value := range part {
					sums[worker] += value
				}
				return nil
			})
			if err != nil {
				log.Fatal(err)
			}
		}(worker)
	}
	group.Wait()
	sum := int64(0)
	for _, part := range sums {
		sum += part
	}
	fmt.Printf("their sum, modulo 2^64, is %d\n", sum)
	if want := sumOfSquares(int64(*elements)); sum != want {
		log.Fatalf("that is wrong: it should be %d", want)
	}

	stats, err := core.Stats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("at most %d MiB were in memory; %d chunks left it\n", stats.Peak>>20, stats.Evictions)
}

// sumOfSquares is the sum of the squares of the numbers below n, modulo 2^64: (n-1) * n * (2n-1) / 6.
func sumOfSquares(n int64) int64 {
	factors := [3]int64{n - 1, n, 2*n - 1}
	for _, divisor := range [2]int64{2, 3} {
		for i := range factors {
			if factors[i]%divisor == 0 {
				factors[i] /= divisor
				break
			}
		}
	}
	return factors[0] * factors[1] * factors[2]
}
