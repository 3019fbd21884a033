// SPDX-License-Identifier: MIT

// A matrix in a file: written row by row, read by columns, changed in place.  The file may be larger than memory.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"os"

	"ufomem/lazy"
)

const headerSize = 16 // bytes in the file before the numbers: rows and columns

func main() {
	log.SetFlags(0)
	path := flag.String("file", "", "the file; default: a temporary one")
	rows := flag.Int("rows", 20000, "rows of the matrix")
	columns := flag.Int("columns", 5000, "columns of the matrix")
	flag.Parse()
	if *path == "" {
		file, err := os.CreateTemp("", "matrix-*.bin")
		if err != nil {
			log.Fatal(err)
		}
		file.Close()
		*path = file.Name()
		defer os.Remove(*path)
	}
	if err := run(*path, *rows, *columns); err != nil {
		log.Print(err)
		defer os.Exit(1)
	}
}

func run(path string, rows, columns int) error {
	if err := create(path, rows, columns); err != nil {
		return err
	}
	core, err := lazy.NewCore(lazy.CoreOptions{Budget: 32 << 20})
	if err != nil {
		return err
	}
	defer core.Close()
	array, err := lazy.Open[float64](path, lazy.On(core), lazy.Offset(headerSize), lazy.Save())
	if err != nil {
		return err
	}
	matrix, err := lazy.NewMatrix(array, rows, columns, lazy.RowMajor)
	if err != nil {
		return err
	}

	// Element (r, c) becomes r + c/1000.
	row := make([]float64, columns)
	for r := 0; r < rows; r++ {
		for c := range row {
			row[c] = float64(r) + float64(c)/1000
		}
		if err := matrix.SetRow(r, row); err != nil {
			return err
		}
	}

	// By columns, although it lies by rows: gathered in blocks, so that the file is not read once for each column.
	means := make([]float64, columns)
	err = matrix.EachColumn(func(c int, values []float64) error {
		for _, value := range values {
			means[c] += value
		}
		means[c] /= float64(rows)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("mean of the first column: %.3f, of the last: %.3f\n", means[0], means[columns-1])

	// Changed in place: every row less the means, by pinned views of the file's own memory.
	for r := 0; r < rows; r++ {
		err := array.ViewWrite(r*columns, (r+1)*columns, func(row []float64) error {
			for c := range row {
				row[c] -= means[c]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := array.Close(); err != nil { // what has changed is in the file now
		return err
	}

	again, err := lazy.Open[float64](path, lazy.On(core), lazy.Offset(headerSize), lazy.ReadOnly())
	if err != nil {
		return err
	}
	defer again.Close()
	first, err := again.Get(0)
	if err != nil {
		return err
	}
	last, err := again.Get(rows*columns - 1)
	if err != nil {
		return err
	}
	fmt.Printf("first element: %.3f, last: %.3f\n", first, last)
	if half := float64(rows-1) / 2; first != 0-means[0] || last < half-1e-6 || last > half+1e-6 {
		return fmt.Errorf("that is wrong: they should be %.3f and %.3f", -half, half)
	}
	return nil
}

// create makes the file: a header, and zeros that take no room on the disk yet.
func create(path string, rows, columns int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := binary.Write(file, binary.LittleEndian, [2]uint64{uint64(rows), uint64(columns)}); err != nil {
		return err
	}
	return file.Truncate(headerSize + int64(rows)*int64(columns)*8)
}
