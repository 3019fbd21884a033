package lazy

func setSequence[T Number](config uintptr, from, step T) error { return nil }
