"""A dozen architectures, written once: for our `nn`, and word for word for PyTorch's.

`build(nn, cat)` takes either library's layers and its function that joins arrays along an axis.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["build"]


def build(nn: Any, cat: Callable[..., Any]) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Models by name, each with the inputs of an example."""
    functional = nn.functional
    rng = np.random.default_rng(0)

    def images(*shape: int) -> Any:
        return rng.normal(size=shape).astype(np.float32)

    class Residual(nn.Module):
        def __init__(self, channels, stride=1):
            super().__init__()
            out = channels * stride
            self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            self.shortcut = nn.Sequential()
            if stride > 1:
                self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

        def forward(self, x):
            y = functional.relu(self.bn1(self.conv1(x)))
            return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
            self.blocks = nn.Sequential(Residual(8), Residual(8, 2), Residual(16, 2))
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(32, 10)

        def forward(self, x):
            x = self.pool(self.blocks(self.stem(x)))
            return self.fc(x.view(x.size(0), -1))

    class Inception(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Conv2d(3, 4, 1)
            self.three = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 6, 3, padding=1))
            self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(3, 4, 1))
            self.fc = nn.Linear(14, 5)

        def forward(self, x):
            x = cat([self.one(x), self.three(x), self.pool(x)], 1)
            return functional.log_softmax(self.fc(functional.relu(x).mean((2, 3))), dim=1)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Conv2d(1, 4, 3, padding=1)
            self.middle = nn.Conv2d(4, 8, 3, padding=1)
            self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
            self.out = nn.Conv2d(8, 1, 1)

        def forward(self, x):
            a = functional.relu(self.down(x))
            b = functional.relu(self.middle(functional.max_pool2d(a, 2)))
            return self.out(cat([a, self.up(b)], 1))

    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(50, 12)
            self.lstm = nn.LSTM(12, 16, num_layers=2, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(32, 3)

        def forward(self, ids):
            out, _ = self.lstm(self.embedding(ids))
            return self.fc(out[:, -1])

    class Series(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(3, 20, batch_first=True)
            self.head = nn.Linear(20, 1)

        def forward(self, x):
            _, last = self.gru(x)
            return self.head(last[-1])

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(40, 16)
            self.place = nn.Parameter(nn.Embedding(9, 16).weight.detach())
            layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu")
            self.encoder = nn.TransformerEncoder(layer, 2)
            self.fc = nn.Linear(16, 4)

        def forward(self, ids):
            return self.fc(self.encoder(self.embedding(ids) + self.place).mean(1))

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Linear(20, 6)
            self.decoder = nn.Linear(6, 20)
            self.again = self.encoder

        def forward(self, x):
            code = functional.gelu(self.encoder(x))
            return self.again(functional.softplus(self.decoder(code))), self.decoder(code)

    mlp = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Dropout(0.3), nn.Linear(32, 10), nn.Softmax(dim=1)
    )
    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 120),
        nn.ReLU(),
        nn.Linear(120, 10),
    )
    vgg = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same"),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2, 2, 1),
        nn.Flatten(1),
        nn.Linear(16 * 25, 10),
    )
    autoencoder = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.ELU(),
        nn.Conv2d(4, 8, 3, stride=2, padding=1),
        nn.SiLU(),
        nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1),
        nn.Hardtanh(),
        nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1),
        nn.Sigmoid(),
    )
    signal = nn.Sequential(
        nn.Conv1d(2, 8, 5, padding=2),
        nn.GroupNorm(2, 8),
        nn.GELU(),
        nn.MaxPool1d(2),
        nn.Conv1d(8, 8, 3, dilation=2, groups=4),
        nn.InstanceNorm1d(8, affine=True, track_running_stats=True),
        nn.PReLU(8),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.LayerNorm(8),
        nn.Linear(8, 2),
    )
    return {
        "mlp": (mlp, (images(4, 1, 8, 8),)),
        "lenet": (lenet, (images(3, 1, 28, 28),)),
        "vgg": (vgg, (images(3, 3, 16, 16),)),
        "resnet": (ResNet(), (images(3, 3, 16, 16),)),
        "inception": (Inception(), (images(3, 3, 8, 8),)),
        "autoencoder": (autoencoder, (images(2, 1, 16, 16),)),
        "unet": (UNet(), (images(2, 1, 12, 12),)),
        "signal": (signal, (images(3, 2, 24),)),
        "tied": (Tied(), (images(5, 20),)),
        "words": (Words(), (rng.integers(0, 50, (3, 7)),)),
        "series": (Series(), (images(3, 6, 3),)),
        "transformer": (Transformer(), (rng.integers(0, 40, (3, 9)),)),
    }
