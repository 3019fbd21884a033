/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <dlfcn.h>

static char called[4096]; /* "name\nname\n..." */

static ffi_type *type_of(char letter)
{
    switch (letter) {
    case 'v':
        return &ffi_type_void;
    case 'i':
        return &ffi_type_sint32;
    case 'u':
        return &ffi_type_uint32;
    case 'z':
        return &ffi_type_uint64;
    case 'd':
        return &ffi_type_double;
    default:
        return &ffi_type_pointer;
    }
}

uint64_t call(const char *name, const char *types, ...)
{
    void (*function)(void);
    *(void **)&function = dlsym(RTLD_DEFAULT, name);
    if (!function)
        fail_msg("%s is not exported", name);
    ffi_type *argument_types[8];
    union {
        int32_t i;
        uint32_t u;
        uint64_t z;
        double d;
        void *p;
    } values[8];
    void *arguments[8];
    unsigned count = 0;
    va_list list;
    va_start(list, types);
    for (const char *type = types + 1; *type; type++, count++) {
        argument_types[count] = type_of(*type);
        arguments[count] = &values[count];
        if (*type == 'i')
            values[count].i = va_arg(list, int32_t);
        else if (*type == 'u')
            values[count].u = va_arg(list, uint32_t);
        else if (*type == 'z')
            values[count].z = va_arg(list, uint64_t);
        else if (*type == 'd')
            values[count].d = va_arg(list, double);
        else
            values[count].p = va_arg(list, void *);
    }
    va_end(list);
    ffi_cif interface;
    assert_int_equal(ffi_prep_cif(&interface, FFI_DEFAULT_ABI, count, type_of(types[0]), argument_types), FFI_OK);
    uint64_t result = 0;
    ffi_call(&interface, function, &result, arguments);
    snprintf(called + strlen(called), sizeof called - strlen(called), "%s\n", name);
    return types[0] == 'i' ? (uint64_t)(int64_t)(int32_t)result : result;
}

void make(struct closure *closure, const char *types, void (*body)(ffi_cif *, void *, void **, void *),
                 void *data)
{
    unsigned count = 0;
    for (const char *type = types + 1; *type; type++)
        closure->arguments[count++] = type_of(*type);
    closure->closure = ffi_closure_alloc(sizeof(ffi_closure), &closure->code);
    assert_non_null(closure->closure);
    assert_int_equal(ffi_prep_cif(&closure->interface, FFI_DEFAULT_ABI, count, type_of(types[0]), closure->arguments),
                     FFI_OK);
    assert_int_equal(ffi_prep_closure_loc(closure->closure, &closure->interface, body, data, closure->code), FFI_OK);
}

void assert_all_called(size_t least)
{
    const char *path = getenv("UFOMEM_HEADER");
    if (!path)
        SKIP_TEST("UFOMEM_HEADER does not say where the header is");
    FILE *header = fopen(path, "r");
    assert_non_null(header);
    char line[1000];
    size_t functions = 0;
    while (fgets(line, sizeof line, header)) {
        char *end = strchr(line, '(');
        if (strncmp(line, "UFO_API", 7) != 0 || !end)
            continue;
        char *name = end;
        while (name > line && (name[-1] == '_' || (name[-1] >= 'a' && name[-1] <= 'z')))
            name--;
        *end = '\n';
        end[1] = '\0';
        functions++;
        const char *found = strstr(called, name);
        while (found && found != called && found[-1] != '\n')
            found = strstr(found + 1, name);
        if (!found)
            fail_msg("nobody called %s", name);
    }
    fclose(header);
    assert_true(functions >= least);
}
