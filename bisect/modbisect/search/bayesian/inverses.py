"""Inverses of many small symmetric matrices at once: of up to three rows written out, which is much quicker."""

from __future__ import annotations

import numpy as np

from modbisect.search.bayesian.rows import Array

_WRITTEN_OUT = 3


def inverse(matrices: Array) -> tuple[Array, Array]:
    """The inverse of each, (..., n, n), and the log of its determinant, (...). They are positive definite."""
    size = matrices.shape[-1]
    if size > _WRITTEN_OUT:
        inverses = np.linalg.inv(matrices).astype(np.float64, copy=False)
        return inverses, np.linalg.slogdet(inverses)[1]
    result = np.empty_like(matrices)
    if size == 1:
        determinant = matrices[..., 0, 0]
        result[..., 0, 0] = 1.0
    elif size == 2:  # noqa: PLR2004
        a, b, d = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 1]
        determinant = a * d - b * b
        result[..., 0, 0], result[..., 1, 1] = d, a
        result[..., 0, 1] = result[..., 1, 0] = -b
    else:
        a, b, c = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 0, 2]
        d, e, f = matrices[..., 1, 1], matrices[..., 1, 2], matrices[..., 2, 2]
        result[..., 0, 0] = d * f - e * e
        result[..., 0, 1] = result[..., 1, 0] = c * e - b * f
        result[..., 0, 2] = result[..., 2, 0] = b * e - c * d
        result[..., 1, 1] = a * f - c * c
        result[..., 1, 2] = result[..., 2, 1] = b * c - a * e
        result[..., 2, 2] = a * d - b * b
        determinant = a * result[..., 0, 0] + b * result[..., 0, 1] + c * result[..., 0, 2]
    result /= determinant[..., None, None]
    return result, -np.log(determinant)
