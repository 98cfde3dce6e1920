"""Data sets, samplers, mini-batches and splits.

Knows how samples are picked, shuffled and stacked into Tensors. Does not know where they come from (`nn.datasets`), nor
what is learned from them.
"""

from .collation import collate, convert as default_convert, default_collate
from .combining import ChainDataset, ConcatDataset, StackDataset, Subset
from .dataset import Dataset, IterableDataset, Samples as Samples, TensorDataset, fetch as fetch
from .labels import check_labels as check_labels, one_hot
from .loader import DataLoader, get_worker_info
from .resuming import Stateful as Stateful
from .samplers import (
    BatchSampler,
    MixedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StratifiedSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .splitting import random_split, stratified_split

__all__ = [
    # data sets
    "Dataset",
    "IterableDataset",
    "TensorDataset",
    "Subset",
    "ConcatDataset",
    "StackDataset",
    "ChainDataset",
    # splits
    "random_split",
    "stratified_split",
    # batches
    "DataLoader",
    "collate",
    "default_collate",
    "default_convert",
    "get_worker_info",
    # samplers
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "StratifiedSampler",
    "MixedSampler",
    "BatchSampler",
    # labels
    "one_hot",
]
