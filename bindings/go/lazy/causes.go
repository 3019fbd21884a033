// SPDX-License-Identifier: MIT

package lazy

import (
	"errors"
	"math"
	"sync"
)

// causes remembers what callbacks returned, by the number that stands for it in C.  The library reports a failed chunk again and
// again, to any thread; the latest failures keep their cause.
type causes struct {
	mutex  sync.Mutex
	latest int32
	kept   map[int32]error
}

const mostCauses = 1024

var errForgotten = errors.New("more recent failures have taken the place of this one's cause")

// keep gives the number for an error; never 0.
func (c *causes) keep(err error) int32 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.kept == nil {
		c.kept = make(map[int32]error)
	}
	if c.latest == math.MaxInt32 {
		c.latest = 0
		c.kept = make(map[int32]error)
	}
	c.latest++
	c.kept[c.latest] = err
	delete(c.kept, c.latest-mostCauses)
	return c.latest
}

// of gives the error for a number; nil where Go callbacks are not what failed.
func (c *causes) of(code int32) error {
	if c == nil || code == 0 {
		return nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.kept[code]; err != nil {
		return err
	}
	return errForgotten
}
