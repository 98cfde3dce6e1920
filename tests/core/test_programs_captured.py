"""Programs: what `ag.trace` writes down of a function, how it reads, and that it runs as the function does."""

import re
import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
import nn


def shown(program):
    """The text, without the names of files and the numbers of lines."""
    return re.sub(r"# [^\n]*?\.py:\d+: ", "# ", str(program))


def network():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Sigmoid(), nn.Linear(3, 2, rng=1))
    x, y = rng.random((5, 4), np.float32), rng.random((5, 2), np.float32)
    return model, ag.tensor(x), ag.tensor(y)


def training_step(model, rate=0.5):
    loss_of = nn.MSELoss()

    def step(x, y):
        for p in model.parameters():
            p.grad = None
        loss = loss_of(model(x), y)
        loss.backward()
        with ag.no_grad():
            for p in model.parameters():
                p -= rate * p.grad
        return {"loss": loss}

    return step


# --- text -------------------------------------------------------------------------------------------------------------


def test_a_function_of_arrays_reads_as_its_operations():
    def f(x, y, *, scale):
        return ag.sum(ag.tanh(x) * y, axis=0) + scale

    program = ag.trace(f)(np.zeros((2, 3)), np.ones(3), scale=np.float64(2))
    assert (
        shown(program)
        == """\
program f(%x, %y, scale=%scale)
# 4 operations
%x: float64[2,3] = input
%y: float64[3] = input
%scale: float64[] = input
# return ag.sum(ag.tanh(x) * y, axis=0) + scale
%3: float64[2,3] = tanh(%x)
%4: float64[2,3] = multiply(%3, %y)
%5: float64[3] = sum(%4, axis=0)
%6: float64[3] = add(%5, %scale)
return %6"""
    )


def test_a_training_step_reads_as_forward_sweep_update_and_gradients():
    model, x, y = network()
    program = ag.trace(training_step(model))(x, y)
    assert (
        shown(program)
        == """\
program step(%x, %y)
# 12 operations, 7 steps of a sweep, 4 reads, 8 effects, 1 constant
%x: float32[5,4] = input
%y: float32[5,2] = input
%10: float32[] = const 1.0
# loss = loss_of(model(x), y)
%2: float32[3,4] = read 0.weight                                          # 0
%3: float32[3] = read 0.bias                                              # 0
%4: float32[5,3] = linear(%x, %2, %3)                                     # 0
%5: float32[5,3] = sigmoid(%4)                                            # 1
%6: float32[2,3] = read 2.weight                                          # 2
%7: float32[2] = read 2.bias                                              # 2
%8: float32[5,2] = linear(%5, %6, %7)                                     # 2
%9: float32[] = squared_error(%8, %y)
# loss.backward()
%11: float32[5,2] = squared_error.vjp.x(g=%10, x=%8, y=%y)
%12: float32[5,3] = linear.vjp.x(g=%11, x=%5, weight=%6)                  # 2
%13: float32[2,3] = linear.vjp.weight(g=%11, x=%5)                        # 2
%14: float32[2] = linear.vjp.bias(g=%11)                                  # 2
%15: float32[5,3] = sigmoid.vjp.x(g=%12, out=%5)                          # 1
%16: float32[3,4] = linear.vjp.weight(g=%15, x=%x)                        # 0
%17: float32[3] = linear.vjp.bias(g=%15)                                  # 0
# p -= rate * p.grad
%18: float32[3,4] = multiply(%16, 0.5)
%19: float32[3,4] = subtract(%2, %18)
store 0.weight = %19
%20: float32[3] = multiply(%17, 0.5)
%21: float32[3] = subtract(%3, %20)
store 0.bias = %21
%22: float32[2,3] = multiply(%13, 0.5)
%23: float32[2,3] = subtract(%6, %22)
store 2.weight = %23
%24: float32[2] = multiply(%14, 0.5)
%25: float32[2] = subtract(%7, %24)
store 2.bias = %25
store_grad 0.weight = %16
store_grad 0.bias = %17
store_grad 2.weight = %13
store_grad 2.bias = %14
return {"loss": %9}"""
    )


def test_indices_sequences_and_sums_of_cotangents_read_as_they_are_written():
    def f(x):
        return ag.sum(x[1:, ::2, None] * 2) + ag.max(ag.concatenate([x, x], axis=1))

    program = ag.trace(ag.grad(f))(np.arange(6.0).reshape(2, 3))
    assert (
        shown(program)
        == """\
program f(%x)
# 6 operations, 10 steps of a sweep, 1 constant
%x: float64[2,3] = input
%7: float64[] = const 1.0
# return ag.sum(x[1:, ::2, None] * 2) + ag.max(ag.concatenate([x, x], axis=1))
%1: float64[1,2,1] = getitem(%x, index=(1:, ::2, None))
%2: float64[1,2,1] = multiply(%1, 2)
%3: float64[] = sum(%2)
%4: float64[2,6] = concatenate((%x, %x), axis=1)
%5: float64[] = max(%4)
%6: float64[] = add(%3, %5)
# program = ag.trace(ag.grad(f))(np.arange(6.0).reshape(2, 3))
%8: float64[] = add.vjp.a(g=%7)
%9: float64[] = add.vjp.b(g=%7)
%10: float64[2,6] = max.vjp.x(g=%9, x=%4, out=%5)
%11: float64[2,3] = concatenate.vjp.arrays[0](g=%10, arrays_aval=(float64[2,3], float64[2,3]), axis=1)
%12: float64[2,3] = concatenate.vjp.arrays[1](g=%10, arrays_aval=(float64[2,3], float64[2,3]), axis=1)
%13: float64[2,3] = %11 + %12
%14: float64[1,2,1] = sum.vjp.x(g=%8)
%15: float64[1,2,1] = multiply.vjp.a(g=%14, b=2)
%16: float64[2,3] = getitem.vjp.x(g=%15, index=(1:, ::2, None))
%17: float64[2,3] = %13 + %16
return %17"""
    )


def test_large_constants_are_summed_up_and_small_ones_written_out():
    small, large = np.array([0.1, -0.0, np.inf]), np.arange(300.0)
    text = str(ag.trace(lambda x: ag.sum(x * small) + ag.sum(x[0] * large))(np.ones(3)))
    assert "= const [0.1, -0.0, inf]\n" in text
    assert re.search(r"= const <300 numbers, 0.0 to 299.0, crc32 [0-9a-f]{8}>\n", text)


def test_long_programs_are_cut_in_the_middle_and_say_so():
    def f(x):
        for _ in range(1000):
            x = ag.sin(x)
        return x

    program = ag.trace(f)(np.ones(2))
    lines = program.text(limit=6).splitlines()
    assert sum("= sin(" in line for line in lines) == 6
    assert "... 994 instructions; text(limit=None) shows all" in lines
    assert str(program).count("= sin(") == 500
    assert program.text(limit=None).count("= sin(") == 1000
    assert repr(program) == "<Program of 1,000 operations on 1 input>"


def test_what_is_performed_is_named():
    rng = np.random.default_rng(0)

    def drawn():
        return rng.random(3)

    program = ag.trace(lambda x: x * ag.perform(drawn))(np.ones(3))
    assert "%1: float64[3] = perform test_what_is_performed_is_named.drawn()" in str(program)
    assert repr(program) == "<Program of 1 operation on 1 input, with 1 effect>"


# --- names ------------------------------------------------------------------------------------------------------------


def test_inputs_are_called_as_arguments_and_their_entries():
    def f(a, pair, *rest, params):
        return a + pair[0] + pair[1] + rest[0] + params["w 1"]

    one = np.ones(2)
    program = ag.trace(f)(one, (one, one), one, params={"w 1": one})
    assert list(program.names.values()) == ["a", "pair.0", "pair.1", "rest.0", "params.w_1"]
    assert str(program).startswith('program f(%a, (%pair.0, %pair.1), %rest.0, params={"w 1": %params.w_1})\n')


def test_tensors_from_outside_are_called_as_variables_and_modules_call_them():
    model, x, _ = network()
    norm = nn.BatchNorm1d(2)
    weights = [ag.tensor(np.ones(2, np.float32))]
    program = ag.trace(lambda x: norm(model(x)) * weights[0])(x)
    names = list(program.tensors)
    assert names[:4] == ["model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"]
    assert "norm.weight" in names
    assert "weights[0]" in names


def test_a_method_and_a_module_are_traced_like_functions():
    model, x, _ = network()
    assert str(ag.trace(model)(x)).startswith("program")
    assert list(ag.trace(model)(x).names.values()) == ["input"]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_what_depends_on_numbers_is_refused_with_the_users_line():
    def f(x):
        if ag.sum(x) > 0:
            return x
        return -x

    with pytest.raises(ag.GraphError, match=r"(?s)bool.*if ag\.sum\(x\) > 0:"):
        ag.trace(f)(np.ones(2))


def test_trace_of_a_matrix_is_the_sum_of_its_diagonal():
    assert ag.trace(np.eye(3)) == 3
    assert ag.trace(ag.tensor(np.arange(9.0).reshape(3, 3)), offset=1).item() == 6
    assert ag.trace.op is ag.REGISTRY["trace"]


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_training_step_runs_as_the_function_does_bit_for_bit():
    model, x, y = network()
    twin, _, _ = network()
    program = ag.trace(training_step(model))(x, y)
    eager = training_step(twin)
    eager(x, y)
    for _ in range(4):
        loss, expected = program(x, y), eager(x, y)
        assert loss["loss"] == expected["loss"].item()
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            assert np.array_equal(p.data, q.data)
            assert np.array_equal(p.grad.data, q.grad.data)


def test_a_program_keeps_the_value_it_read_though_it_is_written_over():
    w = ag.tensor(np.ones(2))

    def f(x):
        old = w * 1
        with ag.no_grad():
            w.add_(x)
        return old + w

    program = ag.trace(f)(np.ones(2))
    assert program(np.full(2, 3.0)).tolist() == [7, 7]  # 2 + 5
    assert w.tolist() == [5, 5]


def test_what_a_sweep_reads_of_a_tensor_is_what_it_was_before_it_was_written_over():
    w, v = ag.asarray(np.ones(2)), ag.tensor(np.ones(2), requires_grad=True)

    def f(x):
        product = v * w * x
        with ag.no_grad():
            w.add_(x)
        ag.sum(product).backward()

    program = ag.trace(f)(np.ones(2))
    v.grad = None
    assert program(np.full(2, 3.0)) is None
    assert v.grad.tolist() == [6, 6]  # w was 2
    assert w.tolist() == [5, 5]


def test_gradients_share_no_memory():
    a, b = (ag.tensor(np.ones(2), requires_grad=True) for _ in range(2))
    program = ag.trace(lambda: ag.sum(a + b).backward())()
    program()
    assert not np.shares_memory(a.grad._array, b.grad._array)


def test_what_nobody_needs_any_more_is_freed():
    def f(x):
        for _ in range(50):
            x = ag.sin(x)
        return x

    x = np.ones(100_000)
    program = ag.trace(f)(x)
    tracemalloc.start()
    program(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * x.nbytes  # an argument, a result, and what comes back; of 50


def test_a_sweep_reads_parameters_though_something_was_performed_in_between():
    norm, twin = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    twin.weight.data[...] = [1, 2, 3]

    def step(norm):
        def run(x):
            loss = ag.sum(norm(x) ** 3)
            loss.backward()
            return loss

        return run

    x = ag.tensor(np.random.default_rng(0).random((5, 3), np.float32), requires_grad=False)
    program = ag.trace(step(norm))(x).bind(twin)
    loss = program(x)
    found = twin.weight.grad.numpy().copy()
    twin.weight.grad = None
    assert loss == step(twin)(x).item()
    assert np.array_equal(found, twin.weight.grad.numpy())


def test_what_is_compiled_is_seen_where_it_is_called():
    compiled = ag.compile(lambda x: ag.sin(x) * 2)
    for _ in range(3):
        compiled(np.ones(2))
    program = ag.trace(lambda x: compiled(x) + 1)(np.ones(2))
    assert [i.label for i in program.instructions] == ["sin", "multiply", "add"]
    assert [i.label for i in ag.trace(compiled)(np.ones(2)).instructions] == ["sin", "multiply"]


def test_what_is_performed_is_performed_in_each_run():
    def f(rng):
        return lambda x: x + ag.perform(lambda: rng.random(3))

    program = ag.trace(f(np.random.default_rng(7)))(np.zeros(3))
    rng = np.random.default_rng(7)
    rng.random(3)
    assert np.array_equal(program(np.zeros(3)), rng.random(3))


def test_results_have_the_containers_of_the_function():
    program = ag.trace(lambda x: {"a": (x + 1, [x * 2]), "b": 3, "c": None})(np.ones(2))
    assert repr(program(np.zeros(2))) == repr({"a": (np.ones(2), [np.zeros(2)]), "b": 3, "c": None})


def test_inputs_that_come_back_are_copies():
    program = ag.trace(lambda x: x)(np.ones(2))
    x = np.zeros(2)
    out = program(x)
    out += 1
    assert x.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        ((np.ones(3), 2), ag.ShapeError, r"f: x is float64\[2\], got shape \(3,\)"),
        ((np.ones(2, np.float32), 2), ag.DTypeError, r"f: x is float64\[2\], got float32"),
        ((np.ones(2), 3), ag.OptionError, "f: captured with 2, which cannot change; got 3"),
        ((np.ones(2), 2.0), ag.OptionError, "captured with 2"),
        ((np.ones(2),), ag.OptionError, r"f: call it as it was captured: f\(%x, 2\)"),
        ((ag.tensor(np.ones(2), requires_grad=True), 2), ag.GraphError, r"x: a program records nothing.*\.detach\(\)"),
    ],
)
def test_arguments_of_another_kind_are_refused(args, error, words):
    def f(x, n):
        return x**n

    with pytest.raises(error, match=words):
        ag.trace(f)(np.ones(2), 2)(*args)


def test_a_program_is_not_run_inside_what_is_traced():
    program = ag.trace(ag.sin)(np.ones(2))
    with pytest.raises(ag.GraphError, match="while another is traced; call the function itself"):
        ag.trace(lambda x: program(x))(np.ones(2))


# --- other Tensors ----------------------------------------------------------------------------------------------------


def test_a_program_runs_on_another_model_of_the_same_kind():
    model, x, y = network()
    twin, _, _ = network()
    before = [p.data.copy() for p in model.parameters()]
    program = ag.trace(training_step(model, 0.0))(x, y).bind(twin)
    twin[0].bias.data += 1
    loss = program(x, y)["loss"]
    assert loss == training_step(twin, 0.0)(x, y)["loss"].item()
    assert all(np.array_equal(p.data, b) for p, b in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize(
    ("tensors", "error", "words"),
    [
        ({"v": ag.tensor(1.0)}, ag.OptionError, "f has no Tensor called 'v'; it has w"),
        ({"w": ag.tensor(np.ones(3))}, ag.ShapeError, r"w is float64\[2\] in the program, got shape \(3,\)"),
        ({"w": ag.tensor(np.ones(2), "float32")}, ag.DTypeError, r"w is float64\[2\] in the program, got float32"),
        ({"w": np.ones(2)}, ag.DTypeError, "w must be a Tensor, got ndarray"),
        (3, ag.OptionError, "a mapping of names to Tensors, or a module, is needed, got int"),
    ],
)
def test_other_tensors_must_fit(tensors, error, words):
    w = ag.tensor(np.ones(2))

    def f(x):
        return x * w

    with pytest.raises(error, match=words):
        ag.trace(f)(np.ones(2)).bind(tensors)
