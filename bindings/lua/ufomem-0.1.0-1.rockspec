-- SPDX-License-Identifier: MIT
-- From the root of the sources, with the library installed:
--
--     luarocks make bindings/lua/ufomem-0.1.0-1.rockspec [UFOMEM_DIR=<where>]
--
-- Module `ufomem` only: `ufomem.flat` is made by SWIG, in a build with CMake.
rockspec_format = "3.0"
package = "ufomem"
version = "0.1.0-1"
source = {
  url = "file://.", -- the sources that this file is a part of
}
description = {
  summary = "Lazy arrays as plain pointers: computed, file-backed, larger than memory",
  detailed = [[
Arrays whose elements come into being when they are first used: from a Lua function, a file, a C function.  All arrays together
stay within a hard budget of memory; changes are kept, or written back.]],
  license = "MIT",
  labels = {"memory", "arrays", "linux"},
}
supported_platforms = {"linux"}
dependencies = {
  "lua >= 5.1",
}
external_dependencies = {
  UFOMEM = {
    header = "ufomem/ufo.h",
    library = "ufomem",
  },
}
build = {
  type = "builtin",
  modules = {
    ufomem = {
      sources = {
        "bindings/lua/src/array.c",
        "bindings/lua/src/array_methods.c",
        "bindings/lua/src/call.c",
        "bindings/lua/src/client.c",
        "bindings/lua/src/compat.c",
        "bindings/lua/src/element.c",
        "bindings/lua/src/failure.c",
        "bindings/lua/src/maker.c",
        "bindings/lua/src/matrix.c",
        "bindings/lua/src/module.c",
        "bindings/lua/src/options.c",
        "bindings/lua/src/shared_core.c",
        "bindings/lua/src/sources.c",
        "bindings/lua/src/transfer.c",
        "bindings/lua/src/view.c",
      },
      libraries = {"ufomem"},
      incdirs = {"$(UFOMEM_INCDIR)"},
      libdirs = {"$(UFOMEM_LIBDIR)"},
    },
  },
}
