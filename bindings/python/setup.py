# SPDX-License-Identifier: MIT
"""Builds the package, against the ufomem library that pkg-config finds (PKG_CONFIG_PATH for one in an unusual place).

Needs SWIG 4 and a C++20 compiler.  Everything else stands in pyproject.toml.
"""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


def pkg_config(*what):
    try:
        return shlex.split(subprocess.check_output(["pkg-config", *what, "ufomem"], text=True))
    except (OSError, subprocess.CalledProcessError):
        sys.exit("setup.py: pkg-config does not find the ufomem library; install it, or set PKG_CONFIG_PATH to the folder of its ufomem.pc")


def variable(name):
    return pkg_config("--variable", name)[0]


class BuildExtensions(build_ext):
    """Has SWIG write the flat layer first: C for the compiler, flat.py for the package."""

    def build_extension(self, extension):
        if extension.name == "ufomem._ufo":
            extension.sources = [self.generate_flat_layer()]
        super().build_extension(extension)

    def generate_flat_layer(self):
        wrapper = Path(self.build_temp).resolve() / "flat_wrap.c"
        package = Path(self.get_ext_fullpath("ufomem._ufo")).resolve().parent
        for folder in (wrapper.parent, package):
            folder.mkdir(parents=True, exist_ok=True)
        # Relative paths, and a folder of its own: SWIG writes the path into what it generates.
        subprocess.check_call(
            ["swig", "-python", "-threads", "-doxygen", "-module", "flat", "-interface", "_ufo", "-I.", f"-I{variable('includedir')}",
             "-outdir", str(package), "-o", str(wrapper), "ufo.i"],
            cwd=HERE.parent,
        )  # fmt: skip
        return str(wrapper)


class BuildPython(build_py):
    """After the extensions, which bring a Python file with them."""

    def run(self):
        self.run_command("build_ext")
        super().run()


libraries = pkg_config("--libs")
# A library outside of the system's folders is found at run time where it was found now.
folder = variable("libdir")
if folder not in ("/usr/lib", "/lib") and not folder.startswith(("/usr/lib/", "/lib/")):
    libraries.append(f"-Wl,-rpath,{folder}")

setup(
    ext_modules=[
        Extension("ufomem._ufo", [], extra_compile_args=pkg_config("--cflags"), extra_link_args=libraries),
        Extension(
            "ufomem._array",
            sorted(str(source.relative_to(HERE)) for source in HERE.glob("src/*.cpp")),
            depends=sorted(str(header.relative_to(HERE)) for header in HERE.glob("src/*.hpp")),
            include_dirs=[numpy.get_include()],
            extra_compile_args=["-std=c++20", "-fvisibility=hidden", *pkg_config("--cflags")],
            extra_link_args=libraries,
            language="c++",
        ),
    ],
    cmdclass={"build_ext": BuildExtensions, "build_py": BuildPython},
)
