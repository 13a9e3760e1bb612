"""Files to upload: generated, read by libcurl from disk, so that their size costs no memory."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

_CHUNK = 1 << 20


class Files:
    """Generated files, one for each size asked for, removed at the end of the ``with`` block."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def of_size(self, size: int) -> Path:
        """A file of ``size`` bytes, the same ones every time, which do not compress.

        Raises:
            OSError: There is no room for it.
        """
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="modbisect-probe-"))
        path = self._folder / f"{size}.bin"
        if not path.exists():
            noise = random.Random(size)  # noqa: S311 - repeatable noise, not a secret
            with path.open("wb") as file:
                for start in range(0, size, _CHUNK):
                    file.write(noise.randbytes(min(_CHUNK, size - start)))
        return path
