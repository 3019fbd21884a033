#!/bin/sh
# Builds a wheel as a user would, against an installed library, installs it into an empty folder, and tests what came out.
# Needs CMAKE, PYTHON, BUILD (the build tree), LIBDIR and WORK (a folder of its own) in the environment.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
bindings=$tests/../../../bindings

"$PYTHON" -c 'import pip, setuptools, wheel' 2>/dev/null || {
    echo "skipped: $PYTHON lacks pip, setuptools or wheel (Debian: python3-pip, python3-setuptools, python3-wheel)"
    exit 77
}
command -v pkg-config >/dev/null || {
    echo "skipped: no pkg-config"
    exit 77
}

rm -rf "$WORK"
mkdir -p "$WORK/source/python"
"$CMAKE" --install "$BUILD" --prefix "$WORK/prefix" >"$WORK/install.log"
# A copy, because building leaves files beside the sources.
cp -r "$bindings/ufo.i" "$WORK/source/"
cp -r "$bindings/python/." "$WORK/source/python/"

cd "$WORK/source/python"
PKG_CONFIG_PATH=$WORK/prefix/$LIBDIR/pkgconfig "$PYTHON" -m pip wheel --no-build-isolation --no-deps --no-index --quiet --wheel-dir "$WORK" .
"$PYTHON" -m pip install --no-deps --no-index --no-compile --quiet --target "$WORK/site" "$WORK"/ufomem-*.whl

cd "$WORK"
export PYTHONPATH="$WORK/site" PYTHONDONTWRITEBYTECODE=1
"$PYTHON" -c 'import os, sys, ufomem; sys.exit(not os.path.realpath(ufomem.__file__).startswith(os.path.realpath("site")))'
"$PYTHON" "$tests/test_010_load.py"
"$PYTHON" "$tests/test_030_callback.py"
