/* SPDX-License-Identifier: MIT */
/* Two-dimensional views of arrays.  A matrix, and each of its lines (a row or a column), only counts: the elements are the array's. */
#include "matrix.h"

#include "array_methods.h"
#include "failure.h"
#include "options.h"

#include <stdint.h>
#include <stdio.h>

#define MATRIX_METATABLE "ufomem.matrix"
#define LINE_METATABLE "ufomem.line"

enum { SLOT_ARRAY = 1, MATRIX_SLOTS = 1 };
enum { MATRIX_KIND = 0x75666f6d, LINE_KIND = 0x75666f6c }; /* see to_object() */

/* Element (row, column), from 0, is element row * row_step + column * column_step of the array. */
typedef struct matrix {
    uint32_t kind;
    array *array; /* kept by the slot */
    size_t rows, columns, row_step, column_step;
} matrix;

typedef struct line {
    uint32_t kind;
    array *array; /* kept by the slot */
    size_t first, count, step;
} line;

static array *open_array_of(lua_State *L, array *a)
{
    if (a->region == NULL)
        raise_closed(L);
    return a;
}

/** The number at stack index `argument`, 1 ... count, counted from 0. */
static size_t check_position(lua_State *L, int argument, const char *what, size_t count)
{
    lua_Integer position = 0;
    if (whole_number(L, argument, &position) && position >= 1 && (size_t)position <= count)
        return (size_t)position - 1;
    if (lua_type(L, argument) != LUA_TNUMBER)
        luaL_argerror(L, argument, "number expected");
    char message[128];
    snprintf(message, sizeof(message), "no %s %.14g; there are 1 to %zu", what, (double)lua_tonumber(L, argument),
             count);
    raise_failure(L, UFO_ERR_RANGE, message);
    return 0; /* not reached */
}

/** Pushes the array that the matrix or line at stack index 1 is made of. */
static int push_array_of(lua_State *L)
{
    get_slot(L, 1, SLOT_ARRAY);
    return lua_gettop(L);
}

int make_matrix(lua_State *L)
{
    static const char *const orders[] = {"row", "column", NULL};
    array *a = check_open_array(L, 1);
    const size_t rows = check_size(L, 2);
    const size_t columns = check_size(L, 3);
    const bool by_row = luaL_checkoption(L, 4, "row", orders) == 0;
    if (rows == 0 || columns == 0 || rows > a->count / columns) {
        char message[128];
        snprintf(message, sizeof(message), "%zu rows of %zu columns do not fit an array of %zu elements", rows, columns,
                 a->count);
        return raise_failure(L, UFO_ERR_RANGE, message);
    }
    matrix *m = new_object(L, sizeof(*m), MATRIX_SLOTS);
    *m = (matrix){.kind = MATRIX_KIND,
                  .array = a,
                  .rows = rows,
                  .columns = columns,
                  .row_step = by_row ? columns : 1,
                  .column_step = by_row ? 1 : rows};
    luaL_setmetatable(L, MATRIX_METATABLE);
    lua_pushvalue(L, 1);
    set_slot(L, lua_gettop(L) - 1, SLOT_ARRAY);
    return 1;
}

static matrix *check_matrix(lua_State *L)
{
    matrix *m = to_object(L, 1, sizeof(*m), MATRIX_KIND);
    if (m == NULL)
        luaL_argerror(L, 1, "a matrix expected");
    return m;
}

static size_t check_place(lua_State *L, const matrix *m)
{
    const size_t row = check_position(L, 2, "row", m->rows);
    const size_t column = check_position(L, 3, "column", m->columns);
    return row * m->row_step + column * m->column_step;
}

/** m:get(row, column) */
static int matrix_get(lua_State *L)
{
    const matrix *m = check_matrix(L);
    const size_t index = check_place(L, m);
    array *a = open_array_of(L, m->array);
    const int array_at = push_array_of(L);
    push_element_of(L, a, array_at, index);
    return 1;
}

/** m:set(row, column, value) */
static int matrix_set(lua_State *L)
{
    const matrix *m = check_matrix(L);
    const size_t index = check_place(L, m);
    array *a = open_array_of(L, m->array);
    lua_settop(L, 4);
    const int array_at = push_array_of(L);
    set_element_of(L, a, array_at, index, 4);
    return 0;
}

static int push_line(lua_State *L, const matrix *m, size_t first, size_t count, size_t step)
{
    line *l = new_object(L, sizeof(*l), MATRIX_SLOTS);
    *l = (line){.kind = LINE_KIND, .array = m->array, .first = first, .count = count, .step = step};
    luaL_setmetatable(L, LINE_METATABLE);
    const int line_at = lua_gettop(L);
    get_slot(L, 1, SLOT_ARRAY);
    set_slot(L, line_at, SLOT_ARRAY);
    return 1;
}

/** m:row(row), which is also m[row] */
static int matrix_row(lua_State *L)
{
    const matrix *m = check_matrix(L);
    return push_line(L, m, check_position(L, 2, "row", m->rows) * m->row_step, m->columns, m->column_step);
}

/** m:column(column) */
static int matrix_column(lua_State *L)
{
    const matrix *m = check_matrix(L);
    return push_line(L, m, check_position(L, 2, "column", m->columns) * m->column_step, m->rows, m->row_step);
}

/** m[row], and the methods: upvalue 1. */
static int matrix_index(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TNUMBER)
        return matrix_row(L);
    return push_method(L);
}

static int matrix_rows(lua_State *L)
{
    PUSH_WHOLE(L, check_matrix(L)->rows);
    return 1;
}

static int matrix_columns(lua_State *L)
{
    PUSH_WHOLE(L, check_matrix(L)->columns);
    return 1;
}

static int matrix_array(lua_State *L)
{
    check_matrix(L);
    push_array_of(L);
    return 1;
}

/* ---- rows and columns ---- */

static line *check_line(lua_State *L)
{
    line *l = to_object(L, 1, sizeof(*l), LINE_KIND);
    if (l == NULL)
        luaL_argerror(L, 1, "a row or column expected");
    return l;
}

/** row[column], column[row], and the methods: upvalue 1. */
static int line_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER)
        return push_method(L);
    const line *l = check_line(L);
    const size_t index = l->first + check_position(L, 2, "element", l->count) * l->step;
    array *a = open_array_of(L, l->array);
    const int array_at = push_array_of(L);
    push_element_of(L, a, array_at, index);
    return 1;
}

static int line_newindex(lua_State *L)
{
    const line *l = check_line(L);
    const size_t index = l->first + check_position(L, 2, "element", l->count) * l->step;
    array *a = open_array_of(L, l->array);
    const int array_at = push_array_of(L);
    set_element_of(L, a, array_at, index, 3);
    return 0;
}

static int line_length(lua_State *L)
{
    PUSH_WHOLE(L, check_line(L)->count);
    return 1;
}

/** line:read(): a table of its values. */
static int line_read(lua_State *L)
{
    const line *l = check_line(L);
    lua_settop(L, 1);
    const int array_at = push_array_of(L);
    if (l->step == 1) { /* neighbours: the array can do that at once */
        lua_pushcfunction(L, array_read);
        lua_pushvalue(L, array_at);
        PUSH_WHOLE(L, l->first + 1);
        PUSH_WHOLE(L, l->count);
        lua_call(L, 3, 1);
        return 1;
    }
    lua_createtable(L, (int)l->count, 0);
    for (size_t i = 0; i < l->count; i++) {
        push_element_of(L, open_array_of(L, l->array), array_at, l->first + i * l->step);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

void open_matrices(lua_State *L)
{
    static const luaL_Reg matrix_methods[] = {
        {"array", matrix_array}, {"column", matrix_column}, {"columns", matrix_columns}, {"get", matrix_get},
        {"row", matrix_row},     {"rows", matrix_rows},     {"set", matrix_set},         {NULL, NULL},
    };
    static const luaL_Reg matrix_metamethods[] = {{"__len", matrix_rows}, {NULL, NULL}};
    static const luaL_Reg line_methods[] = {{"read", line_read}, {NULL, NULL}};
    static const luaL_Reg line_metamethods[] = {{"__len", line_length}, {NULL, NULL}};
    make_class(L, MATRIX_METATABLE, matrix_metamethods, matrix_methods, matrix_index, NULL);
    make_class(L, LINE_METATABLE, line_metamethods, line_methods, line_index, line_newindex);
}
