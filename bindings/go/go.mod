module ufomem

go 1.19
