"""A plugin of pytest that imports a mutant, the source in ``MUTANT_FILE``, as the module ``MUTANT_MODULE``."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any


class MutantFinder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if name != os.environ["MUTANT_MODULE"]:
            return None
        found = PathFinder.find_spec(name, path, target)
        assert found is not None
        found.loader = self
        return found

    def exec_module(self, module: ModuleType) -> None:
        source = Path(os.environ["MUTANT_FILE"]).read_text()
        exec(compile(source, str(module.__file__), "exec", dont_inherit=True), module.__dict__)  # noqa: S102


if "MUTANT_MODULE" in os.environ:
    sys.meta_path.insert(0, MutantFinder())
