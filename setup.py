"""The extension modules. All metadata is in pyproject.toml.

Switches, for development: THREADMILL_DEBUG=1 (no optimisation, assertions), THREADMILL_WERROR=1
(warnings are errors), THREADMILL_SANITIZE=thread (or address,undefined), THREADMILL_OS_WAIT=pthread
(the portable back end where the system has a better one).
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

csrc = Path("csrc/src")
package = Path("src/threadmill")
# os_wait.c includes the back end of the system.
core_sources = sorted(str(path) for path in csrc.glob("*.c") if not path.stem.startswith("os_wait_"))
headers = [*sorted(str(path) for path in csrc.glob("*.[ch]")), "src/threadmill/_python.h"]

windows = sys.platform == "win32"
flags = ["/std:c11", "/experimental:c11atomics"] if windows else ["-std=c11", "-fvisibility=hidden"]
link_flags = []
if os.environ.get("THREADMILL_DEBUG"):
    flags += ["/Od"] if windows else ["-O0", "-g3", "-UNDEBUG"]
if os.environ.get("THREADMILL_WERROR"):
    # Which flags Python was built with is not ours to say.
    flags += ["/WX"] if windows else ["-Wall", "-Wextra", "-Werror", "-Wno-unused-command-line-argument"]
if sanitizer := os.environ.get("THREADMILL_SANITIZE"):
    flags += [f"-fsanitize={sanitizer}", "-fno-omit-frame-pointer", "-g"]
    link_flags += [f"-fsanitize={sanitizer}"]
macros = [("THREADMILL_OS_WAIT_PTHREAD", "1")] if os.environ.get("THREADMILL_OS_WAIT") == "pthread" else []


def extension(name: str, sources: list[str]) -> Extension:
    return Extension(
        f"threadmill.{name}",
        [f"src/threadmill/{name}.pyx", *sources],
        depends=headers,
        include_dirs=[str(csrc), "src/threadmill"],
        define_macros=macros,
        extra_compile_args=flags,
        extra_link_args=link_flags,
        libraries=["synchronization"] if windows and sources else [],
    )


# Only _core is linked with the C core; the others reach it through _core's classes.
extensions = [
    extension("_core", core_sources),
    *(extension(path.stem, []) for path in sorted(package.glob("*.pyx")) if path.stem != "_core"),
]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython",
        include_path=["src"],
        compiler_directives={
            "language_level": 3,
            "freethreading_compatible": True,
            "embedsignature": True,
            "embedsignature.format": "python",
        },
    )
)
