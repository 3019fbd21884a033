#!/bin/sh
# Builds a wheel as a user would, against an installed library, installs it into an empty folder, and tests what came out.
# Needs CMAKE, PYTHON, BUILD (the build tree), LIBDIR and WORK (a folder of its own) in the environment.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
bindings=$tests/../../../bindings

"$PYTHON" -c 'import setuptools, wheel' 2>/dev/null || {
    echo "skipped: $PYTHON lacks setuptools or wheel (Debian: python3-setuptools, python3-wheel)"
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
# (Users say `pip wheel`, which does the same; here pip need not be there.  A wheel is an archive of what goes into site-packages.)
PKG_CONFIG_PATH=$WORK/prefix/$LIBDIR/pkgconfig "$PYTHON" setup.py --quiet bdist_wheel --dist-dir "$WORK"
"$PYTHON" -m zipfile -e "$WORK"/ufomem-*.whl "$WORK/site"

cd "$WORK"
export PYTHONPATH="$WORK/site" PYTHONDONTWRITEBYTECODE=1
"$PYTHON" -c 'import os, sys, ufomem; sys.exit(not os.path.realpath(ufomem.__file__).startswith(os.path.realpath("site")))'
"$PYTHON" "$tests/test_010_load.py"
"$PYTHON" "$tests/test_030_callback.py"
