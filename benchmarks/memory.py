"""The memory that a call takes on top of its inputs, at its peak."""

import gc
import json
import math
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.libraries import Ours
from benchmarks.problems import Problem, Shape, make_problem
from benchmarks.timing import Call, Setting


class Memory(NamedTuple):
    """
    Measured against stated.

    # Parameters

    quantity : `str`
    shape : `Shape`
    peak : `int`
        Bytes that were allocated at once by the call, its result included, its inputs not.
    formula : `str`
        In B, T, C and K; what it gives is at least `peak` if the statement holds.
    stated : `int`
        What the formula gives, in bytes.
    """

    quantity: str
    shape: Shape
    peak: int
    formula: str
    stated: int


# Bytes a product of sizes, as the docs state them; LinearChain takes this at most.
STATED: Dict[str, Dict[str, int]] = {
    "log_partition": {"B T C": 56, "C C": 48, "B T": 32},
    "marginals": {"B T C": 64, "C C": 48, "B T": 32},
    "top_k": {"B T C": 24, "B T K": 48, "B K C": 64, "B C C": 8, "C C": 24},
    "NLL forward + backward": {"B T C": 80, "C C": 56, "B T": 32},
}


def measure_memory(shape: Shape, k: int, setting: Setting) -> List[Memory]:
    """What `STATED` names, at one size."""
    problem = make_problem(shape, torch.device(setting.device))
    sizes = {"B": shape.batch_size, "T": shape.num_tokens, "C": shape.num_tags, "K": k}
    peak = _peak_on_gpu if setting.device == "cuda" else _peak_on_cpu
    memories = []
    for quantity, call in _calls(problem, k).items():
        terms = STATED[quantity].items()
        formula = " + ".join(f"{factor} {product}" for product, factor in terms)
        stated = sum(
            factor * math.prod(sizes[name] for name in product.split()) for product, factor in terms
        )
        memories.append(Memory(quantity, shape, peak(call), formula, stated))
    return memories


def _calls(problem: Problem, k: int) -> Dict[str, Call]:
    ours, no_grad = Ours(problem), torch.no_grad()
    return {
        "log_partition": no_grad(lambda: ours.chain().log_partition),
        "marginals": no_grad(lambda: ours.chain().marginals),
        "top_k": no_grad(lambda: ours.chain().top_k(k)),
        "NLL forward + backward": ours.nll,
    }


def _peak_on_gpu(call: Call) -> int:
    call()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _peak_on_cpu(call: Call) -> int:
    """The allocator reports each allocation and release to torch's profiler; their running sum has a largest value."""
    call()
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    changes = [event for event in events if event["name"] == "[memory]"]
    if not changes:
        raise RuntimeError("the profiler of this torch reports no allocations")
    total = peak = 0
    for event in sorted(changes, key=lambda event: event["ts"]):
        total += event["args"]["Bytes"]
        peak = max(peak, total)
    return peak
