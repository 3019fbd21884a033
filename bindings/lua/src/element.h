/* SPDX-License-Identifier: MIT */
/* The types of elements, and how they become Lua values and come back. */
#ifndef UFOMEM_LUA_ELEMENT_H
#define UFOMEM_LUA_ELEMENT_H

#include "compat.h"

#include <stdint.h>
#include <string.h>

typedef enum element_type {
    ELEMENT_INT8,
    ELEMENT_INT16,
    ELEMENT_INT32,
    ELEMENT_INT64,
    ELEMENT_UINT8,
    ELEMENT_UINT16,
    ELEMENT_UINT32,
    ELEMENT_UINT64,
    ELEMENT_FLOAT,
    ELEMENT_DOUBLE
} element_type;

enum { ELEMENT_LARGEST = 8 /* bytes */ };

/** The type that the string at stack index `argument` names; raises an error that lists them if it names none. */
element_type check_element_type(lua_State *L, int argument);

const char *element_name(element_type type);

/** What the type takes, for error messages: "whole numbers from -128 to 127". */
const char *element_domain(element_type type);

/** Bytes of an element, as a power of two. */
unsigned element_shift(element_type type);

/** Stores the value at stack index `index` to `to`.  False, and nothing done, if the type cannot hold it exactly (floats are rounded). */
bool store_element(lua_State *L, int index, element_type type, void *to);

/** A sum that grows, in the form that its type of elements is summed up in. */
typedef union element_sum {
    uint64_t whole; /* wraps around, as Lua's integers do */
    double real;
} element_sum;
void add_elements(element_type type, const void *elements, size_t count, element_sum *sum);
void push_sum(lua_State *L, element_type type, const element_sum *sum);

#if LUA_VERSION_NUM >= 503
#define PUSH_WHOLE(L, value) lua_pushinteger((L), (lua_Integer)(value))
#else
#define PUSH_WHOLE(L, value) lua_pushnumber((L), (lua_Number)(value))
#endif
#define PUSH_REAL(L, value) lua_pushnumber((L), (lua_Number)(value))

/** Calls APPLY(C type, how it is pushed) with the C type of `type`. */
#define FOR_ELEMENT_TYPE(type, APPLY)                                                                                  \
    switch (type) {                                                                                                    \
    case ELEMENT_INT8:                                                                                                 \
        APPLY(int8_t, PUSH_WHOLE) break;                                                                               \
    case ELEMENT_INT16:                                                                                                \
        APPLY(int16_t, PUSH_WHOLE) break;                                                                              \
    case ELEMENT_INT32:                                                                                                \
        APPLY(int32_t, PUSH_WHOLE) break;                                                                              \
    case ELEMENT_INT64:                                                                                                \
        APPLY(int64_t, PUSH_WHOLE) break;                                                                              \
    case ELEMENT_UINT8:                                                                                                \
        APPLY(uint8_t, PUSH_WHOLE) break;                                                                              \
    case ELEMENT_UINT16:                                                                                               \
        APPLY(uint16_t, PUSH_WHOLE) break;                                                                             \
    case ELEMENT_UINT32:                                                                                               \
        APPLY(uint32_t, PUSH_WHOLE) break;                                                                             \
    case ELEMENT_UINT64:                                                                                               \
        APPLY(uint64_t, PUSH_WHOLE) break;                                                                             \
    case ELEMENT_FLOAT:                                                                                                \
        APPLY(float, PUSH_REAL) break;                                                                                 \
    case ELEMENT_DOUBLE:                                                                                               \
        APPLY(double, PUSH_REAL) break;                                                                                \
    }

/** Pushes the element at `from`. */
static inline void push_element(lua_State *L, element_type type, const void *from)
{
#define PUSH_ELEMENT(C_TYPE, PUSH)                                                                                     \
    {                                                                                                                  \
        C_TYPE value;                                                                                                  \
        memcpy(&value, from, sizeof(value));                                                                           \
        PUSH(L, value);                                                                                                \
    }
    FOR_ELEMENT_TYPE(type, PUSH_ELEMENT)
#undef PUSH_ELEMENT
}

/** Sets t[at], t[at + 1] ... of the table on top of the stack to `count` elements. */
void push_elements_into_table(lua_State *L, element_type type, const void *from, size_t count, size_t at);

/**
 * Stores t[first], t[first + 1] ... of the table at stack index `table`, an absolute one, to `to`.
 * @return how many fit: less than `count` means that the next one is missing or cannot be held by the type
 */
size_t store_elements_of_table(lua_State *L, int table, size_t first, element_type type, void *to, size_t count);

#endif
