"""Programs written the way PyTorch's users write them run here: whole loops, not single functions."""

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.functional as F
from nn import optim, torch
from nn.data import DataLoader, Dataset


class Circle(Dataset):
    """Points in the plane, and whether they lie within a circle."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.points = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
        self.labels = (np.hypot(*self.points.T) < 0.7).astype(np.int64)

    def __len__(self):
        return len(self.points)

    def __getitem__(self, index):
        return torch.from_numpy(self.points[index]), int(self.labels[index])


class Net(nn.Module):
    """Two layers, written out."""

    def __init__(self, hidden):
        super(Net, self).__init__()  # noqa: UP008 (as many scripts have it)
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, 2)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.seen += x.size(0)
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.scale * self.fc2(x), dim=1)


@pytest.fixture
def seeded():
    torch.manual_seed(0)
    yield
    torch.manual_seed(None)


@pytest.mark.usefixtures("seeded")
def test_a_classifier_is_trained_tested_saved_and_loaded(tmp_path):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_loader = DataLoader(Circle(400, 0), batch_size=32, shuffle=True, num_workers=0)
    test_loader = DataLoader(Circle(300, 1), batch_size=150)
    model = Net(16).to(device)
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    criterion = nn.NLLLoss()

    def accuracy():
        model.eval()
        correct = total = 0
        with torch.no_grad():
            for data, target in test_loader:
                data, target = data.to(device), target.to(device)
                output = model(data)
                _, predicted = torch.max(output.data, 1)
                pred = output.argmax(dim=1, keepdim=True)
                total += target.size(0)
                correct += (predicted == target).sum().item()
                assert pred.eq(target.view_as(pred)).sum().item() == predicted.eq(target).float().sum().item()
        return correct / total

    for _ in range(15):
        model.train()
        running_loss = 0.0
        for data, target in train_loader:
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * data.size(0)
    assert running_loss / len(train_loader.dataset) < 0.2
    trained = accuracy()
    assert trained > 0.9

    path = tmp_path / "circle.pt"
    torch.save({"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}, path)
    fresh = Net(16)
    checkpoint = torch.load(path)
    fresh.load_state_dict(checkpoint["model_state_dict"])
    optim.Adam(fresh.parameters(), lr=0.1).load_state_dict(checkpoint["optimizer_state_dict"])
    model = fresh
    assert accuracy() == trained
    assert model.seen.item() > 0


def test_weights_are_updated_by_hand():
    # the line y = 3 x + 2, by gradient descent as the first tutorials have it
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.uniform(-1, 1, (50, 1)), dtype=torch.float32)
    y = 3 * x + 2
    w = torch.zeros(1, 1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for _ in range(300):
        loss = (x.mm(w) + b - y).pow(2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            b.sub_(0.1 * b.grad)
            w.grad.zero_()
            b.grad = None
    assert w.item() == pytest.approx(3, abs=1e-3)  # (1 - 0.1 * 2 / 3) ** 300 of the way are left
    assert b.item() == pytest.approx(2, abs=1e-3)
    before = w.detach().clone()
    w.data -= 0.5
    np.testing.assert_array_equal(w.detach().numpy(), before.numpy() - np.float32(0.5))


def test_values_leave_the_graph_in_the_usual_ways():
    x = torch.tensor([[1.0, -2.0], [3.0, 4.0]], requires_grad=True)
    y = (x * x).sum(dim=1)
    assert y.detach().numpy().tolist() == [5.0, 25.0]
    assert y.detach().cpu().tolist() == [5.0, 25.0]
    assert y.data.tolist() == [5.0, 25.0]
    assert y.sum().item() == 30.0
    assert float(y.mean()) == 15.0
    assert f"{y.max().item():.2f}" == "25.00"
    assert len(y) == 2
    assert [v.item() for v in y] == [5.0, 25.0]
    with pytest.raises(ag.GraphError, match=r"detach\(\)\.numpy\(\)"):
        y.numpy()


def test_a_recurrent_loop_carries_its_state_on():
    # backpropagation through time, cut between chunks: the state is detached, and the graphs stay short
    rnn = nn.RNNCell(3, 4, rng=0)
    head = nn.Linear(4, 1, rng=1)
    optimizer = optim.SGD(
        [{"params": rnn.parameters()}, {"params": head.parameters(), "lr": 0.05}], lr=0.1, momentum=0.9
    )
    inputs = torch.randn(12, 5, 3, rng=2)
    hidden = torch.zeros(5, 4)
    losses = []
    for _ in range(30):
        for chunk in inputs.split(4):
            hidden = hidden.detach()
            outputs = []
            for step in chunk.unbind(0):
                hidden = rnn(step, hidden)
                outputs += [head(hidden)]
            loss = F.mse_loss(torch.cat(outputs, dim=1), chunk.sum(dim=2).transpose(1, 0))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def test_attention_is_written_out():
    # the way every transformer's author has it: views, transposes, masked_fill and a softmax
    batch, length, heads, width = 2, 5, 2, 4
    q, k, v = (torch.randn(batch, length, heads * width, rng=seed, dtype=torch.float64) for seed in range(3))
    q.requires_grad_()
    parts = [t.view(batch, length, heads, width).transpose(1, 2) for t in (q, k, v)]
    scores = (parts[0] @ parts[1].transpose(-2, -1)) * (1.0 / parts[1].size(-1) ** 0.5)
    mask = torch.tril(torch.ones(length, length)).view(1, 1, length, length)
    weights = F.softmax(scores.masked_fill(mask == 0, float("-inf")), dim=-1)
    out = (weights @ parts[2]).transpose(1, 2).contiguous().view(batch, length, heads * width)
    assert out.shape == (batch, length, heads * width)
    np.testing.assert_allclose(weights.sum(dim=-1).detach().numpy(), 1, rtol=1e-14)
    np.testing.assert_allclose(out[:, 0].detach().numpy(), v[:, 0].numpy(), rtol=1e-14)  # the first sees itself alone
    out.pow(2).sum().backward()
    assert q.grad.size() == q.size()
    assert not q.grad[:, 0].any()
