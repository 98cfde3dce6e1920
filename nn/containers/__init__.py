"""Modules that hold others: in a row, in a list, in a dict; and lists and dicts of parameters."""

from .module_dict import ModuleDict
from .module_list import ModuleList
from .parameter_dict import ParameterDict
from .parameter_list import ParameterList
from .sequential import Sequential

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
