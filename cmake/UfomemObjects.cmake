# The object libraries that libufomem.so and libufomem.a are made of: compiled once, for both.
function(ufomem_objects target)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE
    # Thread-local variables are used while a fault or a signal is being served: initial-exec never allocates there.
    -ftls-model=initial-exec
    # Debug information without the place of the tree, so that two builds are the same; the last map that fits counts.
    -fdebug-prefix-map=${PROJECT_SOURCE_DIR}=. -fdebug-prefix-map=${PROJECT_BINARY_DIR}=.
    # A "unique" symbol would stay global whatever the linker is told.
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  ufomem_warnings(${target} STRICT)
endfunction()
