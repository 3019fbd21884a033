// SPDX-License-Identifier: MIT
// What Go has to know of the flat interface.  The result is a package for the hand-written package `lazy` only: names are those of
// C without their prefix, handles are plain numbers, and memory is unsafe.Pointer, so that cgo keeps and checks what is Go's own.

%rename("%(regex:/^ufo_(.*)/\\1/)s", %$isfunction) "";

// Handles: never dereferenced in Go, and no interface value (an allocation) for each.
%define %handle(TYPE)
%typemap(gotype) TYPE *, const TYPE * "uintptr"
%typemap(in) TYPE *, const TYPE * %{ $1 = *($1_ltype *)&$input; %}
%typemap(out) TYPE *, const TYPE * %{ *($&1_ltype)&$result = $1; %}
%typemap(goin) TYPE *, const TYPE * ""
%typemap(goout) TYPE *, const TYPE * ""
%enddef
%handle(ufo)
%handle(ufo_core)
%handle(ufo_config)
%handle(ufo_core_config)
%handle(ufo_client)
%handle(ufo_server)
%handle(ufo_server_config)

%typemap(gotype) void *, const void * "unsafe.Pointer"
// What belongs to a callback is a number to C: a cgo.Handle, or the C program's own.
%typemap(gotype) void *user_data "uintptr"

// Counts are what len() gives.
%typemap(gotype) size_t, const size_t & "int"

// C function pointers, from C or exported from Go.
%typemap(gotype) ufo_populate_fn, ufo_writeback_fn, ufo_free_fn, ufo_log_fn "unsafe.Pointer"
// Figures: `lazy` reads the C structs themselves.
%ignore ufo_stats;
%ignore ufo_core_stats;
%ignore ufo_server_stats;
%ignore ufo_residency;
%typemap(gotype) ufo_stats *, ufo_core_stats *, ufo_server_stats *, ufo_residency *, const ufo_residency * "unsafe.Pointer"
%typemap(goin) ufo_stats *, ufo_core_stats *, ufo_server_stats *, ufo_residency *, const ufo_residency * ""

// Strings that the library keeps are copied at once.  (SWIG's own way, by malloc and an integer, is not clean to `go vet`.)
%go_import("strings")
%typemap(out) const char * %{ $result = (_gostring_){(char *)$1, (intgo)strlen($1)}; %}
%typemap(goout) const char * %{ $result = strings.Clone($1) %}

// What may be left out, NULL in C, is an empty string in Go.
%typemap(in) const char *name %{
  $1 = NULL;
  if ($input.n > 0) {
    $1 = ($1_ltype)malloc($input.n + 1);
    memcpy($1, $input.p, $input.n);
    $1[$input.n] = '\0';
  }
%}

%insert(cgo_comment_typedefs) %{
#cgo pkg-config: ufomem
#include <ufomem/service.h>
#include <ufomem/ufo.h>
%}
