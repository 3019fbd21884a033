/* SPDX-License-Identifier: MIT */
/*
 * A lazy array made from another one: the transpose of a matrix that is itself computed on demand.
 *
 * Nobody asks for the matrix; it comes into being while the transpose is filled, because populate may read other lazy arrays by
 * plain pointer.  Both together are much larger than the budget.
 *
 *     matrix [ROWS [COLUMNS]]
 */
#include <ufomem/ufo.h>

#include <stdio.h>
#include <stdlib.h>

struct matrix {
    size_t rows, columns;
    const double *element; /* row after row */
};

static double value(size_t row, size_t column)
{
    return (double)row + 1.0 / (double)(column + 1);
}

static int32_t compute(void *user_data, size_t first, size_t count, void *out)
{
    const struct matrix *matrix = user_data;
    double *element = out;
    for (size_t i = 0; i < count; i++)
        element[i] = value((first + i) / matrix->columns, (first + i) % matrix->columns);
    return 0;
}

static int32_t transpose(void *user_data, size_t first, size_t count, void *out)
{
    const struct matrix *from = user_data;
    double *element = out;
    /* Row by row of the matrix, not of the transpose: every chunk of the matrix is visited once, and gives all it can. */
    const size_t first_column = first / from->rows;
    const size_t last_column = (first + count - 1) / from->rows;
    for (size_t row = 0; row < from->rows; row++)
        for (size_t column = first_column; column <= last_column; column++) {
            const size_t to = column * from->rows + row;
            if (to >= first && to - first < count)
                element[to - first] = from->element[row * from->columns + column];
        }
    return 0;
}

static ufo *make(ufo_core *core, ufo_populate_fn populate, struct matrix *matrix, size_t chunk)
{
    ufo_config *config = ufo_config_new();
    ufo *region = NULL;
    if (ufo_config_set_elements(config, matrix->rows * matrix->columns, sizeof(double)) == UFO_OK &&
        ufo_config_set_chunk(config, chunk) == UFO_OK &&
        ufo_config_set_populate(config, populate, matrix, NULL) == UFO_OK)
        region = ufo_new(core, config);
    ufo_config_free(config);
    return region;
}

static int check(const double *transposed, const struct matrix *matrix)
{
    size_t wrong = 0;
    for (size_t column = 0; column < matrix->columns; column++)
        for (size_t row = 0; row < matrix->rows; row++)
            wrong += transposed[column * matrix->rows + row] != value(row, column);
    printf("%zu x %zu matrix, transposed: %zu elements are wrong\n", matrix->rows, matrix->columns, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct matrix matrix = {.rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000};
    matrix.columns = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000;
    int result = EXIT_FAILURE;

    ufo_core_config *core_config = ufo_core_config_new();
    ufo_core *core = NULL;
    ufo *plain = NULL;
    ufo *transposed = NULL;

    /* A chunk of the transpose costs a walk over the whole matrix, so it shall be large: 64 of its rows. */
    if (ufo_core_config_set_budget(core_config, 16 << 20) == UFO_OK &&
        (core = ufo_core_new(core_config)) != NULL &&
        (plain = make(core, compute, &matrix, 0)) != NULL &&
        (matrix.element = ufo_data(plain)) != NULL &&
        (transposed = make(core, transpose, &matrix, 64 * matrix.rows)) != NULL)
        result = check(ufo_data(transposed), &matrix);
    else
        fprintf(stderr, "matrix: %s\n", ufo_last_error());

    ufo_free(transposed); /* first, for it reads the other one */
    ufo_free(plain);
    ufo_core_free(core);
    ufo_core_config_free(core_config);
    return result;
}
