"""Weights in files: what goes in comes out, and what was damaged is refused by name."""

import errno
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

import autograd_core as ag
from nn import Conv2d, Flatten, Linear, Parameter, Sequential
from nn.files import append_line, write_whole
from nn.saving import load_checkpoint, load_tree, load_weights, read_weights, save_tree, save_weights


def network(seed):
    return Sequential(Conv2d(1, 2, 3, rng=seed), Flatten(), Linear(8, 3, rng=seed))


@pytest.fixture
def path(tmp_path):
    return save_weights(network(0), tmp_path / "weights.safetensors")


def test_a_network_comes_back_bit_for_bit(path):
    model = network(1)
    load_weights(model, path)
    for (name, one), (_, other) in zip(model.named_parameters(), network(0).named_parameters(), strict=True):
        assert np.array_equal(one.data, other.data), name


@pytest.mark.parametrize("view", [np.transpose, lambda a: a[::-1, ::2], lambda a: a.T[:, None]])
def test_parameters_that_lie_otherwise_in_memory_are_saved_as_they_read(tmp_path, view):
    layer = Linear(2, 2)
    values = view(np.arange(12, dtype=np.float32).reshape(3, 4))
    layer.weight = Parameter(np.zeros(values.shape, np.float32))
    layer.weight.data = values
    saved = read_weights(save_weights(layer, tmp_path / "w.safetensors"))
    assert np.array_equal(saved["weight"], values)


def test_numbers_without_axes_keep_their_shape(tmp_path):
    layer = Linear(2, 2)
    layer.scale = Parameter(2.0)
    assert read_weights(save_weights(layer, tmp_path / "w.safetensors"))["scale"].shape == ()


def test_every_flipped_bit_is_found(path):
    content = path.read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(ag.DataError, match=r"weights\.safetensors"):
            read_weights(path)


@pytest.mark.parametrize("kept", [0, 4, 8, 100, -1])
def test_a_truncated_file_is_refused(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ag.DataError, match=r"weights\.safetensors: .*(truncated|checksum)"):
        read_weights(path)


def test_a_pickle_is_refused_with_what_to_do_instead(path):
    path.write_bytes(b"PK\x03\x04 what torch.save writes")
    with pytest.raises(ag.DataError, match="save as safetensors"):
        read_weights(path)


def test_weights_of_another_network_change_nothing(path):
    model = Linear(2, 2, rng=0)
    before = model.state_dict()
    with pytest.raises(ag.DataError, match=r"weights\.safetensors: .*missing"):
        load_weights(model, path)
    assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())


def test_what_pickle_writes_is_refused_and_nothing_of_it_runs(path, tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "it ran"), "w")

    for content in (pickle.dumps(Trap()), pickle.dumps(Trap(), 0), b"\x08" + bytes(7) + pickle.dumps(Trap())):
        path.write_bytes(content)
        for read in (read_weights, load_tree, load_checkpoint):
            with pytest.raises(ag.DataError, match=r"weights\.safetensors"):
                read(path)
    # as an array of bytes in a file that is whole, it stays an array of bytes
    save_tree({"model": np.frombuffer(pickle.dumps(Trap()), np.uint8)}, path)
    assert load_tree(path)["model"].dtype == np.uint8
    assert not (tmp_path / "it ran").exists()


def foreign(kind, data):
    """A file as others write it, with one array of a type that NumPy does not have."""
    count = 3
    header = f'{{"w":{{"dtype":"{kind}","shape":[{count}],"data_offsets":[0,{len(data)}]}}}}'.encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data


def test_bfloat16_becomes_float32(path):
    # 1.5, -2 and 0.0078125 are exact in bfloat16: these are the upper 16 bits of their float32
    path.write_bytes(foreign("BF16", np.array([0x3FC0, 0xC000, 0x3C00], "<u2").tobytes()))
    values = read_weights(path)["w"]
    assert values.dtype == np.float32
    assert values.tolist() == [1.5, -2.0, 0.0078125]


def test_types_that_numpy_does_not_have_are_named(path):
    path.write_bytes(foreign("F8_E4M3", bytes(3)))
    with pytest.raises(ag.DataError, match="w holds numbers of type F8_E4M3, which NumPy does not have"):
        read_weights(path)


def test_files_from_elsewhere_without_a_checksum_are_read(path):
    safetensors.numpy.save_file(network(2).state_dict(), path)
    assert set(read_weights(path)) == set(network(2).state_dict())


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "folder" / "file", b"old")

    def full(_):
        raise OSError("no space left on device")

    monkeypatch.setattr("nn.files.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("writing", [lambda path: write_whole(path, b"new"), lambda path: append_line(path, "new")])
def test_errors_of_the_file_system_name_the_file_that_was_asked_for(tmp_path, writing, monkeypatch):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match=r"/folder'$"):
        writing(tmp_path / "folder")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nn.files.os.fsync", full)
    monkeypatch.setattr("nn.files.os.write", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/file'$"):
        writing(tmp_path / "file")


def test_what_a_killed_process_left_half_written_is_removed_after_a_minute(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    old, young, alive = (tmp_path / f".file.{n}.part" for n in (f"{dead.pid}.0", f"{dead.pid}.1", f"{os.getpid()}.0"))
    for part in (old, young, alive):
        part.write_bytes(b"half")
    for part in (old, alive):
        os.utime(part, (0, 0))
    write_whole(tmp_path / "file", b"whole")
    assert not old.exists()
    assert young.exists()
    assert alive.exists()


def test_a_link_is_written_through(tmp_path):
    target = write_whole(tmp_path / "elsewhere" / "file", b"old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_half_a_line_at_the_end_is_cut_off_before_the_next(tmp_path):
    path = tmp_path / "folder" / "log"
    append_line(path, "one")
    with path.open("ab") as file:
        file.write(b"tw")
    append_line(path, "three")
    assert path.read_text() == "one\nthree\n"
