"""Decides whether the values of a shell script's expressions are always data and never code."""

from models.shell.pieces import Piece, PieceKind
from models.shell.scanner import SHELLS, unsafe_places
from models.shell.variables import is_evaluated

__all__ = ["SHELLS", "Piece", "PieceKind", "is_evaluated", "unsafe_places"]
