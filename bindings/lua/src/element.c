/* SPDX-License-Identifier: MIT */
#include "element.h"

#include <math.h>

static const struct {
    const char *name;
    unsigned shift;
    const char *domain;
} types[] = {
    [ELEMENT_INT8] = {"int8", 0, "whole numbers from -128 to 127"},
    [ELEMENT_INT16] = {"int16", 1, "whole numbers from -32768 to 32767"},
    [ELEMENT_INT32] = {"int32", 2, "whole numbers from -2147483648 to 2147483647"},
    [ELEMENT_INT64] = {"int64", 3, "whole numbers from -2^63 to 2^63 - 1"},
    [ELEMENT_UINT8] = {"uint8", 0, "whole numbers from 0 to 255"},
    [ELEMENT_UINT16] = {"uint16", 1, "whole numbers from 0 to 65535"},
    [ELEMENT_UINT32] = {"uint32", 2, "whole numbers from 0 to 4294967295"},
#if LUA_VERSION_NUM >= 503
    [ELEMENT_UINT64] = {"uint64", 3, "integers; negative ones stand for 2^63 and above"},
#else
    [ELEMENT_UINT64] = {"uint64", 3, "whole numbers from 0 to 2^64 - 1"},
#endif
    [ELEMENT_FLOAT] = {"float", 2, "numbers"},
    [ELEMENT_DOUBLE] = {"double", 3, "numbers"},
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

element_type check_element_type(lua_State *L, int argument)
{
    const char *name = luaL_checkstring(L, argument);
    for (int type = 0; type < TYPES; type++)
        if (strcmp(types[type].name, name) == 0)
            return (element_type)type;
    lua_pushfstring(
        L, "no element type '%s'; there are int8, int16, int32, int64, uint8, uint16, uint32, uint64, float, double",
        name);
    luaL_argerror(L, argument, lua_tostring(L, -1));
    return ELEMENT_DOUBLE; /* not reached */
}

const char *element_name(element_type type) { return types[type].name; }

const char *element_domain(element_type type) { return types[type].domain; }

unsigned element_shift(element_type type) { return types[type].shift; }

#if LUA_VERSION_NUM >= 503
static bool to_uint64(lua_State *L, int index, uint64_t *value)
{
    lua_Integer whole = 0;
    if (!whole_number(L, index, &whole))
        return false;
    *value = (uint64_t)whole;
    return true;
}
#else
static bool to_uint64(lua_State *L, int index, uint64_t *value)
{
    const lua_Number number = lua_tonumber(L, index);
    if (lua_type(L, index) != LUA_TNUMBER || !(number >= 0 && number < 18446744073709551616.0)
        || floor(number) != number)
        return false;
    *value = (uint64_t)number;
    return true;
}
#endif

static bool store_real(lua_State *L, int index, element_type type, void *to)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
    const double number = (double)lua_tonumber(L, index);
    if (type == ELEMENT_DOUBLE) {
        memcpy(to, &number, sizeof(number));
    } else {
        const float rounded = (float)number;
        memcpy(to, &rounded, sizeof(rounded));
    }
    return true;
}

bool store_element(lua_State *L, int index, element_type type, void *to)
{
    lua_Integer whole = 0;
    if (type == ELEMENT_DOUBLE || type == ELEMENT_FLOAT)
        return store_real(L, index, type, to);
    if (type == ELEMENT_UINT64) {
        uint64_t value = 0;
        if (!to_uint64(L, index, &value))
            return false;
        memcpy(to, &value, sizeof(value));
        return true;
    }
    if (!whole_number(L, index, &whole))
        return false;
#define STORE_WHOLE(C_TYPE, PUSH)                                                                                      \
    {                                                                                                                  \
        const C_TYPE value = (C_TYPE)whole;                                                                            \
        if ((lua_Integer)value != whole)                                                                               \
            return false;                                                                                              \
        memcpy(to, &value, sizeof(value));                                                                             \
    }
    FOR_ELEMENT_TYPE(type, STORE_WHOLE)
#undef STORE_WHOLE
    return true;
}

void push_elements_into_table(lua_State *L, element_type type, const void *from, size_t count, size_t at)
{
#define PUSH_ALL(C_TYPE, PUSH)                                                                                         \
    {                                                                                                                  \
        const C_TYPE *elements = from;                                                                                 \
        for (size_t i = 0; i < count; i++) {                                                                           \
            PUSH(L, elements[i]);                                                                                      \
            lua_rawseti(L, -2, (int)(at + i));                                                                         \
        }                                                                                                              \
    }
    FOR_ELEMENT_TYPE(type, PUSH_ALL)
#undef PUSH_ALL
}

/** As store_values(), for the type that most arrays have, which nothing has to be looked up for. */
static size_t store_doubles(lua_State *L, int at, double *to, size_t count)
{
    size_t stored = 0;
    for (; stored < count && lua_type(L, at + (int)stored) == LUA_TNUMBER; stored++)
        to[stored] = (double)lua_tonumber(L, at + (int)stored);
    return stored;
}

/** Stores the `count` values that stand from stack index `at` on.  Returns how many fit. */
static size_t store_values(lua_State *L, int at, element_type type, void *to, size_t count)
{
    if (type == ELEMENT_DOUBLE)
        return store_doubles(L, at, to, count);
    const unsigned shift = element_shift(type);
    size_t stored = 0;
    while (stored < count && store_element(L, at + (int)stored, type, (char *)to + (stored << shift)))
        stored++;
    return stored;
}

size_t store_elements_of_table(lua_State *L, int table, size_t first, element_type type, void *to, size_t count)
{
    enum { BATCH = 64 }; /* values that are on the stack at a time: taking each from it alone would be a call more */
    const int at = lua_gettop(L) + 1;
    luaL_checkstack(L, BATCH, NULL);
    size_t stored = 0;
    while (stored < count) {
        const size_t batch = count - stored < BATCH ? count - stored : BATCH;
        for (size_t k = 0; k < batch; k++)
            lua_rawgeti(L, table, (int)(first + stored + k));
        const size_t now = store_values(L, at, type, (char *)to + (stored << element_shift(type)), batch);
        lua_settop(L, at - 1);
        stored += now;
        if (now < batch)
            break;
    }
    return stored;
}

/* Four sums side by side: one alone would wait for the processor's adder at every element. */
#define ADD_ALL(C_TYPE, SUM_TYPE, field)                                                                               \
    {                                                                                                                  \
        const C_TYPE *element = elements;                                                                              \
        SUM_TYPE sums[4] = {0, 0, 0, 0};                                                                               \
        size_t i = 0;                                                                                                  \
        for (; i + 4 <= count; i += 4)                                                                                 \
            for (size_t k = 0; k < 4; k++)                                                                             \
                sums[k] += (SUM_TYPE)element[i + k];                                                                   \
        for (; i < count; i++)                                                                                         \
            sums[0] += (SUM_TYPE)element[i];                                                                           \
        sum->field += (sums[0] + sums[1]) + (sums[2] + sums[3]);                                                       \
    }

void add_elements(element_type type, const void *elements, size_t count, element_sum *sum)
{
    switch (type) {
    case ELEMENT_INT8:
        ADD_ALL(int8_t, uint64_t, whole) break;
    case ELEMENT_INT16:
        ADD_ALL(int16_t, uint64_t, whole) break;
    case ELEMENT_INT32:
        ADD_ALL(int32_t, uint64_t, whole) break;
    case ELEMENT_INT64:
        ADD_ALL(int64_t, uint64_t, whole) break;
    case ELEMENT_UINT8:
        ADD_ALL(uint8_t, uint64_t, whole) break;
    case ELEMENT_UINT16:
        ADD_ALL(uint16_t, uint64_t, whole) break;
    case ELEMENT_UINT32:
        ADD_ALL(uint32_t, uint64_t, whole) break;
    case ELEMENT_UINT64:
        ADD_ALL(uint64_t, uint64_t, whole) break;
    case ELEMENT_FLOAT:
        ADD_ALL(float, double, real) break;
    case ELEMENT_DOUBLE:
        ADD_ALL(double, double, real) break;
    }
}

void push_sum(lua_State *L, element_type type, const element_sum *sum)
{
    if (type == ELEMENT_FLOAT || type == ELEMENT_DOUBLE)
        PUSH_REAL(L, sum->real);
    else if (type == ELEMENT_UINT64)
        PUSH_WHOLE(L, sum->whole);
    else
        PUSH_WHOLE(L, (int64_t)sum->whole);
}
