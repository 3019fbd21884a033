#!/usr/bin/env bash
# One check of what `cmake --install` leaves behind.  Usage: check.sh CHECK, with the environment that CMakeLists.txt sets.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source_dir=$here/../..
prefix=$WORK/prefix

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# Exactly the files of $LISTS lie below directory $1.
expect_files() {
    local expected
    # shellcheck disable=SC2086  # the lists are words
    expected=$(cd "$here" && cat $LISTS | sed "s|@LIBDIR@|$LIBDIR|; s|@VERSION@|$VERSION|; s|@SOVERSION@|${VERSION%%.*}|; s|@CONFIG@|$CONFIG|" | LC_ALL=C sort)
    diff <(echo "$expected") <(cd "$1" && find . ! -type d -printf '%P\n' | LC_ALL=C sort) ||
        fail "other files than expected (<) were installed (>)"
}

install_to_prefix() {
    "$CMAKE" --install "$BUILD" --prefix "$prefix" >/dev/null
}

# A consumer as people write them: plain C99, flags from pkg-config and nowhere else.
build_with_pkg_config() {
    command -v pkg-config >/dev/null || { echo "SKIP: pkg-config is not installed"; exit 77; }
    export PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig
    [ "$(pkg-config --modversion ufomem)" = "$VERSION" ] || fail "pkg-config names another version"
    # shellcheck disable=SC2046,SC2086  # the flags are words
    $CC -std=c99 -pedantic -Wall -Wextra -Werror -o "$WORK/consumer" "$here/consumer/main.c" $1 \
        $(pkg-config $2 --cflags --libs ufomem)
}

build_with_cmake() {
    "$CMAKE" -S "$here/consumer" -B "$WORK/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_PREFIX_PATH="$1"
    "$CMAKE" --build "$WORK/build"
    "$WORK/build/consumer"
    "$WORK/build/consumer_static"
}

rm -rf "$WORK"
mkdir -p "$WORK"
case $1 in
    files)
        install_to_prefix
        expect_files "$prefix"
        ;;
    destdir)
        # A package is made in a staging directory, and must not remember it.
        DESTDIR=$WORK/stage "$CMAKE" --install "$BUILD" --prefix /opt/somewhere >/dev/null
        expect_files "$WORK/stage/opt/somewhere"
        grep -q '^prefix=/opt/somewhere$' "$WORK/stage/opt/somewhere/$LIBDIR/pkgconfig/ufomem.pc" || fail "wrong prefix in ufomem.pc"
        ! grep -rIl -F -e "$WORK" -e "$BUILD" "$WORK/stage" || fail "the files above name the staging or the build directory"
        ;;
    absolute-libdir)
        # Some distributions give libdir as an absolute path: it stands for itself, not below the prefix.
        DESTDIR=$WORK/stage "$CMAKE" -DCMAKE_INSTALL_PREFIX=/opt/a -Dlibdir=/opt/b/lib -Dincludedir=include \
            -Dsource_dir="$source_dir/pkgconfig" -Dbinary_dir="$WORK" -Dversion="$VERSION" -Ddescription=test \
            -P "$source_dir/pkgconfig/install.cmake" >/dev/null
        grep -q '^libdir=/opt/b/lib$' "$WORK/stage/opt/b/lib/pkgconfig/ufomem.pc" || fail "libdir is not /opt/b/lib"
        grep -q '^includedir=${prefix}/include$' "$WORK/stage/opt/b/lib/pkgconfig/ufomem.pc" || fail "includedir has changed too"
        ;;
    pkg-config)
        install_to_prefix
        build_with_pkg_config "" ""
        LD_LIBRARY_PATH=$prefix/$LIBDIR "$WORK/consumer"
        ;;
    pkg-config-static)
        install_to_prefix
        build_with_pkg_config -static --static
        "$WORK/consumer"
        ;;
    cmake)
        install_to_prefix
        build_with_cmake "$prefix"
        ;;
    cmake-moved)
        install_to_prefix
        mv "$prefix" "$WORK/moved"
        build_with_cmake "$WORK/moved"
        ;;
    umap-pkg-config)
        # UMap's names for headers and libraries, found with these flags and not without.
        install_to_prefix
        command -v pkg-config >/dev/null || { echo "SKIP: pkg-config is not installed"; exit 77; }
        export PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig
        for program in churn_program.cpp:umap mp_server_program.cpp:mpumapd mp_diff_program.cpp:mpumapclient; do
            name=ufomem-${program#*:}
            [ "$(pkg-config --modversion "$name")" = "$VERSION" ] || fail "pkg-config names another version of $name"
            # shellcheck disable=SC2046  # the flags are words
            $CXX -std=c++11 -Wall -Wextra -Werror -o "$WORK/${program%.cpp:*}" "$here/../umap/${program%:*}" $(pkg-config --cflags --libs "$name") -pthread
        done
        LD_LIBRARY_PATH=$prefix/$LIBDIR "$WORK/churn_program"
        ! $CXX -I"$prefix/include" -fsyntax-only "$here/../umap/churn_program.cpp" 2>/dev/null || fail "umap/umap.h is in the way of a real UMap"
        ;;
    umap-cmake)
        install_to_prefix
        "$CMAKE" -S "$here/consumer-umap" -B "$WORK/build" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_PREFIX_PATH="$prefix"
        "$CMAKE" --build "$WORK/build"
        LD_LIBRARY_PATH=$prefix/$LIBDIR "$WORK/build/churn_program"
        ;;
    *) fail "no check called $1" ;;
esac
