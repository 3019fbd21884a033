// SPDX-License-Identifier: MIT

// A matrix in a file: written row by row, changed in place, a column of it read.  The file may be larger than memory.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
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

	// The means of the columns, by rows: the direction in which the file lies.
	means := make([]float64, columns)
	err = matrix.EachRow(func(_ int, row []float64) error {
		for c, value := range row {
			means[c] += value / float64(rows)
		}
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
	if matrix, err = lazy.NewMatrix(again, rows, columns, lazy.RowMajor); err != nil {
		return err
	}
	column, err := matrix.Column(columns-1, nil)
	if err != nil {
		return err
	}
	first, last := column[0], column[rows-1]
	fmt.Printf("the last column goes from %.3f to %.3f\n", first, last)
	if half := float64(rows-1) / 2; math.Abs(first+half) > 1e-6 || math.Abs(last-half) > 1e-6 {
		return fmt.Errorf("that is wrong: it should go from %.3f to %.3f", -half, half)
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
