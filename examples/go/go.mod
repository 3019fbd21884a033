module examples

go 1.19

require ufomem v0.0.0

replace ufomem => ../../bindings/go
