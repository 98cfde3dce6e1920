"""``python -m autograd_core``: what the library runs on, and what would make it faster."""

from .config import show_config

show_config()
