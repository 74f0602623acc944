"""Builds libcofiber with the project's Makefile and puts it into the package.

The sources are those of the repository that this folder stands in, or those that a source distribution brought along
in `source/`. COFIBER_BUILD names the folder of the build (default: `build` beside the Makefile), so that what is built
already is not built again.
"""
import os
import pathlib
import re
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE / "source" if (HERE / "source").is_dir() else HERE.parent
VERSION = re.search(r"^VERSION := (\S+)$", (SOURCE / "Makefile").read_text(), re.M).group(1)
ROOMS = re.search(r"^ROOMS := (.+)$", (SOURCE / "Makefile").read_text(), re.M).group(1).split()


def build_library():
    """The library, built."""
    build = pathlib.Path(os.environ.get("COFIBER_BUILD", SOURCE / "build")).resolve()
    target = build / "libcofiber.so"
    command = ["make", "-C", str(SOURCE), "--no-print-directory", "SETUP=no", f"-j{os.cpu_count() or 1}"]
    subprocess.run([*command, f"BUILD={build}", str(target)], check=True)
    return target


class BuildWithLibrary(build_py):
    """Puts the library beside the modules."""

    def _target(self):
        editable = getattr(self, "editable_mode", False)
        return (HERE if editable else pathlib.Path(self.build_lib)) / "cofiber" / "libcofiber.so"

    def run(self):
        super().run()
        target = self._target()
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(build_library(), target)

    def get_outputs(self, include_bytecode=True):
        return [*super().get_outputs(include_bytecode), str(self._target())]


class SourceWithLibrary(sdist):
    """Brings along all that the library is built from."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        place = pathlib.Path(base_dir) / "source"
        wanted = [SOURCE / "Makefile", SOURCE / "LICENSE", SOURCE / "proof" / "proof.mk"]
        for room in [*ROOMS, "include"]:  # pages and Verilog, too, are built in
            wanted += [path for path in sorted((SOURCE / room).rglob("*")) if path.is_file()]
        for path in wanted:
            copy = place / path.relative_to(SOURCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


class PlatformWheel(bdist_wheel):
    """For any Python 3, and for the machine that the library was built on."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


class WithLibrary(Distribution):
    """The wheel is not for every machine, although no module is compiled against Python."""

    def has_ext_modules(self):
        return True


setup(
    version=VERSION,
    distclass=WithLibrary,
    cmdclass={"build_py": BuildWithLibrary, "sdist": SourceWithLibrary, "bdist_wheel": PlatformWheel},
)
