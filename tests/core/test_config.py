"""What `ag.config` and `ag.show_config` say: facts that others confirm, and advice only where it is true."""

import copy
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import autograd_core as ag
from autograd_core import advising
from autograd_core.config import described

WELL = {
    "autograd_core": "0.1.0",
    "numpy": "2.4.0",
    "numpy_simd": ["X86_V2", "X86_V4"],
    "python": "3.12.0",
    "platform": "Linux-6.1-x86_64-with-glibc2.36",
    "processor": {"name": "Some processor", "features": ["AVX-512", "AVX2"], "vector_bits": 512},
    "cores": 4,
    "quota": None,
    "threads": 4,
    "blas_threads": 4,
    "blas": [{"library": "openblas", "version": "0.3.31", "kernels": "SkylakeX", "threads": 4}],
    "machine_code": {"on": True, "why": "llvmlite 0.50.0", "folder": "/home/me/code", "files": 2, "bytes": 3 << 20},
    "keeps_freed_memory": True,
    "settings": {},
}


def changed(**changes):
    """Facts of a machine that is set up well, but for these; `blas_kernels` and `code_...` stand for what is inside."""
    facts = copy.deepcopy(WELL)
    for name, value in changes.items():
        if name == "blas_kernels":
            facts["blas"][0]["kernels"] = value
        elif name.startswith("code_"):
            facts["machine_code"][name.removeprefix("code_")] = value
        else:
            facts[name] = value
    return facts


@pytest.fixture
def speeds(monkeypatch):
    """Let the product take so many seconds here, and so many with other kernels."""

    def are(here, there):
        monkeypatch.setattr(advising, "product_seconds", lambda: here)
        monkeypatch.setattr(advising, "_seconds_elsewhere", lambda **settings: there)

    return are


# --- facts ------------------------------------------------------------------------------------------------------------


def test_facts_are_plain_data_and_agree_with_those_who_know():
    facts = ag.config()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["autograd_core"] == ag.__version__
    assert facts["numpy"] == np.__version__
    assert facts["threads"] == ag.get_num_threads()
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert [blas["threads"] for blas in facts["blas"]] == [pool["num_threads"] for pool in pools]
    assert facts["processor"]["vector_bits"] in (128, 256, 512)
    assert facts["processor"]["features"]


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="there is no /proc/cpuinfo to compare with")
def test_the_processor_is_the_one_that_linux_names():
    text = Path("/proc/cpuinfo").read_text()
    processor = ag.config()["processor"]
    if "model name" in text:
        assert processor["name"] in text
    flags = next((line.split() for line in text.splitlines() if line.startswith("flags")), [])
    if flags:
        assert ("AVX-512" in processor["features"]) == ("avx512f" in flags)
        assert ("AVX2" in processor["features"]) == ("avx2" in flags)


def test_a_number_of_threads_that_was_set_is_a_fact():
    with ag.set_num_threads(1):
        facts = ag.config()
        assert facts["threads"] == 1
        assert facts["blas_threads"] in (1, None)


def in_a_new_process(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


_FACTS = "import json, autograd_core as ag; print(json.dumps(ag.config()))"


@pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed: no machine code")
def test_machine_code_names_its_maker_and_counts_what_it_keeps(tmp_path):
    (tmp_path / "a.o").write_bytes(b"12345")
    (tmp_path / "b.o").write_bytes(b"67")
    code = in_a_new_process(_FACTS, AUTOGRAD_CORE_CACHE=str(tmp_path), AUTOGRAD_CORE_NATIVE="1")["machine_code"]
    assert code["on"]
    assert code["why"].startswith("llvmlite ")
    assert (code["folder"], code["files"], code["bytes"]) == (str(tmp_path), 2, 7)


def test_machine_code_that_is_switched_off_says_why():
    facts = in_a_new_process(_FACTS, AUTOGRAD_CORE_NATIVE="0")
    assert not facts["machine_code"]["on"]
    assert facts["machine_code"]["why"].startswith("off: ")
    assert facts["settings"]["AUTOGRAD_CORE_NATIVE"] == "0"


def test_settings_of_the_memory_are_seen():
    facts = in_a_new_process(_FACTS, AUTOGRAD_CORE_KEEP_MEMORY="0", MALLOC_ARENA_MAX="2")
    assert not facts["keeps_freed_memory"]
    assert facts["settings"]["AUTOGRAD_CORE_KEEP_MEMORY"] == "0"
    assert facts["settings"]["MALLOC_ARENA_MAX"] == "2"


# --- words ------------------------------------------------------------------------------------------------------------


def test_facts_in_words():
    assert described(changed(settings={"OMP_NUM_THREADS": "4"})).splitlines() == [
        "autograd-core 0.1.0  NumPy 2.4.0, Python 3.12.0, Linux-6.1-x86_64-with-glibc2.36",
        "processor            Some processor, 4 cores; AVX-512, AVX2: vectors of 512 bits",
        "NumPy uses           X86_V2, X86_V4",
        "matrix products      openblas 0.3.31, SkylakeX kernels, 4 threads",
        "threads              4 at work at a time, at most",
        "machine code         on (llvmlite 0.50.0); 2 files, 3.0 MiB, in /home/me/code",
        "freed memory         up to 256 MiB are kept for the next step",
        "set outside          OMP_NUM_THREADS=4",
    ]


def test_facts_that_are_missing_in_words():
    facts = changed(
        cores=1, quota=0.5, numpy_simd=[], blas=[], code_on=False, code_why="off: llvmlite is not installed"
    )
    text = described({**facts, "keeps_freed_memory": False})
    assert "1 core, of which a container allows 0.5;" in text
    assert "NumPy's own BLAS, of which nothing is known" in text
    assert "machine code         off: llvmlite is not installed\n" in text
    assert "goes back to the system" in text


def test_show_config_prints_facts_and_advice(capsys):
    ag.show_config(measure=False)
    printed = capsys.readouterr().out
    assert described(ag.config()) in printed
    assert "Nothing to advise" in printed or "\n- " in printed


def test_python_m_autograd_core_prints_it():
    done = subprocess.run(
        [sys.executable, "-m", "autograd_core"], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.startswith(f"autograd-core {ag.__version__}")


# --- advice -----------------------------------------------------------------------------------------------------------


def test_a_machine_that_is_set_up_well_gets_no_advice(speeds):
    speeds(here=1.0, there=0.1)
    assert advising.advice(WELL) == []


def test_narrow_kernels_on_a_wide_processor_are_named_with_what_they_cost(speeds):
    speeds(here=0.02, there=0.01)
    (line,) = advising.advice(changed(blas_kernels="Haswell", code_on=True))
    assert "has AVX-512, but OpenBLAS took its AVX2 kernels" in line
    assert "OPENBLAS_CORETYPE=SkylakeX before Python starts" in line
    assert "takes 10.0 ms in place of 20.0, measured just now" in line
    assert "do not need it" in line


def test_kernels_that_were_asked_for_are_named_as_such(speeds):
    speeds(here=0.02, there=0.01)
    (line,) = advising.advice(changed(blas_kernels="Haswell", settings={"OPENBLAS_CORETYPE": "Haswell"}))
    assert "OPENBLAS_CORETYPE=Haswell makes OpenBLAS take its AVX2 kernels" in line


def test_kernels_that_cost_nothing_are_not_named(speeds):
    speeds(here=0.0105, there=0.01)
    assert advising.advice(changed(blas_kernels="Haswell")) == []


def test_kernels_that_could_not_be_tried_are_not_named(speeds):
    speeds(here=0.0105, there=None)
    assert advising.advice(changed(blas_kernels="Haswell")) == []


def test_without_measuring_nothing_is_said_in_numbers(speeds):
    (line,) = advising.advice(changed(blas_kernels="Zen"), measure=False)
    assert "may take half the time" in line
    assert " ms " not in line


def test_narrow_kernels_are_right_for_a_narrow_processor(speeds):
    speeds(here=0.02, there=0.01)
    narrow = {"name": "", "features": ["AVX2"], "vector_bits": 256}
    assert advising.advice(changed(blas_kernels="Haswell", processor=narrow)) == []


def test_missing_llvmlite_is_named_with_the_line_that_installs_it():
    (line,) = advising.advice(changed(code_on=False, code_why="off: llvmlite is not installed", code_folder=None))
    assert line.startswith("pip install 'autograd-core[fast]'")


def test_machine_code_that_is_switched_off_is_named():
    (line,) = advising.advice(changed(code_on=False, code_folder=None, settings={"AUTOGRAD_CORE_NATIVE": "0"}))
    assert line.startswith("AUTOGRAD_CORE_NATIVE=0 switches machine code off.")


def test_code_that_is_not_kept_is_named():
    (line,) = advising.advice(changed(code_folder=None))
    assert line.startswith("No folder for machine code can be written to")
    (line,) = advising.advice(changed(code_folder=None, settings={"AUTOGRAD_CORE_CACHE": "/not/mine"}))
    assert line.startswith("No folder for machine code can be written to")
    (line,) = advising.advice(changed(code_folder=None, settings={"AUTOGRAD_CORE_CACHE": "0"}))
    assert line.startswith("AUTOGRAD_CORE_CACHE=0: machine code is compiled anew")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"threads": 8}, "8 threads share the work, but there are 4 cores: they wait for each other"),
        ({"blas_threads": 6}, "6 threads share the work, but there are 4 cores"),
        ({"quota": 1.5}, "4 threads share the work, but a container allows 1.5 cores"),
    ],
    ids=["ours", "the BLAS's", "in a container"],
)
def test_more_threads_than_cores_are_named(changes, words):
    (line,) = advising.advice(changed(**changes))
    assert words in line
    assert f"ag.set_num_threads({1 if 'quota' in changes else 4})" in line


def test_as_many_threads_as_whole_cores_that_are_allowed_are_right():
    assert advising.advice(changed(quota=0.5, threads=1, blas_threads=1)) == []


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"])
def test_cores_that_a_setting_leaves_unused_are_named(name):
    (line,) = advising.advice(changed(threads=1, blas_threads=1, settings={name: "1"}))
    assert line.startswith(f"{name}=1 leaves 3 of 4 cores unused.")
    assert "ag.set_num_threads(4)" in line


def test_a_number_of_threads_that_was_set_for_us_is_meant():
    assert advising.advice(changed(threads=1, blas_threads=1)) == []
    settings = {"AUTOGRAD_CORE_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    assert advising.advice(changed(threads=1, blas_threads=1, settings=settings)) == []


def test_a_blas_that_cannot_be_held_is_named():
    (line,) = advising.advice(changed(blas_threads=None))
    assert "kernels work on one thread" in line


@pytest.mark.parametrize("name", ["AUTOGRAD_CORE_KEEP_MEMORY", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_memory_that_goes_back_is_named_with_the_setting_that_does_it(name):
    (line,) = advising.advice(changed(keeps_freed_memory=False, settings={name: "0"}))
    assert line.startswith(f"{name}=0: freed memory goes back to the system")


def test_where_memory_cannot_be_kept_nothing_is_said_of_it():
    assert advising.advice(changed(keeps_freed_memory=False, platform="macOS-14-arm64")) == []


def test_trying_kernels_runs_this_file_in_a_process_with_the_settings():
    seconds = advising._seconds_elsewhere(OPENBLAS_CORETYPE="SkylakeX")
    assert seconds is None or seconds > 0
    assert advising._seconds_elsewhere(PYTHONHOME="/nowhere") is None
