// SPDX-License-Identifier: MIT

package lazy

import (
	"reflect"

	"ufomem/internal/ufo"
)

// setSequence makes from + i*step the source of the config.
func setSequence[T Number](config uintptr, from, step T) error {
	first, by := reflect.ValueOf(from), reflect.ValueOf(step)
	switch {
	case first.CanInt():
		return check("sequence", ufo.Config_set_sequence_int(config, first.Int(), by.Int()))
	case first.CanUint(): // (numbers wrap around: the upper half of the unsigned ones is the negative one)
		return check("sequence", ufo.Config_set_sequence_int(config, int64(first.Uint()), int64(by.Uint())))
	case first.CanFloat():
		return check("sequence", ufo.Config_set_sequence_real(config, first.Float(), by.Float()))
	default:
		return newError("sequence", ErrUnsupported, "there are no sequences of %s; New takes a function", typeName[T]())
	}
}
