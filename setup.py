"""Puts measured results into the wheel; all else is in pyproject.toml.

The trained bank of ``results/bank`` is `encoders._bank` there, and the table of
``results/transfers`` is in `taskgraph._default`. A checkout that is installed in place
(``pip install -e``) uses the folders where they stand, and one without them gives a wheel without.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = {
    Path("encoders", "_bank"): ("results/bank/*.safetensors", "results/bank/*.json"),
    Path("taskgraph", "_default"): ("results/transfers/transfers.csv",),
}
"""What each folder of the wheel is made of; losses of each image and pictures stay behind."""


class WithResults(build_py):
    """`build_py`, which also copies results."""

    def run(self) -> None:
        """Build as ever; then the results, of which an earlier build leaves nothing behind."""
        super().run()
        if self.editable_mode:
            return
        for folder in SHIPPED:
            shutil.rmtree(Path(self.build_lib, folder), ignore_errors=True)
        for made, source in self._copies().items():
            self.mkpath(str(Path(made).parent))
            self.copy_file(source, made)

    def get_source_files(self) -> list[str]:
        """Return the files that a source distribution must hold."""
        return [*super().get_source_files(), *self._copies().values()]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files that a build makes."""
        copies = [] if self.editable_mode else list(self._copies())
        return [*super().get_outputs(include_bytecode), *copies]

    def _copies(self) -> dict[str, str]:
        """Return the source of each file by the place that a build copies it to."""
        return {
            str(Path(self.build_lib, folder, path.name)): path.as_posix()
            for folder, patterns in SHIPPED.items()
            for pattern in patterns
            for path in sorted(Path().glob(pattern))
        }


setup(cmdclass={"build_py": WithResults})
