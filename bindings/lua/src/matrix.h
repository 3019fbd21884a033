/* SPDX-License-Identifier: MIT */
#ifndef UFOMEM_LUA_MATRIX_H
#define UFOMEM_LUA_MATRIX_H

#include "compat.h"

/** Makes the metatables of matrices and of their rows. */
void open_matrices(lua_State *L);

/** ufo.matrix(array, rows, columns [, "row" | "column"]): the array's elements as a matrix, stored row after row, or column after column. */
int make_matrix(lua_State *L);

#endif
