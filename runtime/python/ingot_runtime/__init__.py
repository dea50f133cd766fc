# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs neural networks that `ingot compile --emit=shared` made. Model opens a library, Session runs it; README.md has an example."""

from .abi import Error, Status
from .model import Dim, Memory, Model, Tensor
from .session import Session

__all__ = ["Dim", "Error", "Memory", "Model", "Session", "Status", "Tensor"]
