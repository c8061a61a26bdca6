"""Writing ONNX graphs node by node."""

import itertools
from typing import Any, Iterator, List, Optional, Sequence, Union

import numpy as np
import torch

from skd_plugin.serving.requirements import required

OPSET = 17
IR_VERSION = 8  # the one of that opset: newer ones are refused by runtimes of their time
"""What onnxruntime 1.12 and newer read."""

FLOAT, INT32, INT64, DOUBLE = 1, 6, 7, 11
"""Types, as ONNX numbers them."""

Dims = Sequence[Union[int, str]]


class Graph:
    """
    A graph that grows. Its values are known by their names, which its methods return.

    # Parameters

    outer : `Graph`, optional (default = `None`)
        The graph in which this one is the body of a loop; its values can be used here.
    """

    def __init__(self, outer: Optional["Graph"] = None) -> None:
        self._onnx = required("onnx")
        self._numbers: Iterator[int] = outer._numbers if outer else itertools.count()
        self._nodes: List[Any] = []
        self._constants: List[Any] = []
        self._inputs: List[Any] = []
        self._outputs: List[Any] = []

    def input(self, name: str, dtype: Any, dims: Dims) -> str:
        """A value from outside; dims are sizes, or names of sizes that differ from batch to batch."""
        self._inputs.append(self._described(name, dtype, dims))
        return name

    def output(self, name: str, value: str, dtype: Any, dims: Dims) -> None:
        """Gives a value to the outside, under a name."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(self._described(name, dtype, dims))

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Numbers: a tensor, an array, or whatever makes one; with float64 only if the `dtype` says so."""
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        array = np.array(value, dtype=dtype, order="C")
        if dtype is None and array.dtype == np.float64:
            array = array.astype(np.float32)
        name = self._new("constant")
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The (first) output of an operator; an input that is left out is an empty name."""
        name = self._new(kind)
        self._nodes.append(
            self._onnx.helper.make_node(kind, inputs, [name], name=name, **attributes)
        )
        return name

    def scan(
        self, body: "Graph", states: Sequence[str], inputs: Sequence[str], **attributes: Any
    ) -> List[str]:
        """
        A loop over the second dimension of some inputs, at least one step.

        # Parameters

        body : `Graph`
            Its inputs are the states and then the inputs of a step; its outputs, likewise.
        states : `Sequence[str]`
            Before the first step.
        inputs : `Sequence[str]`
            Shape (batch_size, num_steps, ...).

        # Returns

        `List[str]`: the last states; and the outputs of all steps, shape (batch_size, num_steps, ...).
        """
        num_outputs = len(body._outputs) - len(states)
        names = [self._new("Scan") for _ in body._outputs]
        node = self._onnx.helper.make_node(
            "Scan",
            [*states, *inputs],
            names,
            body=body._made("body"),
            num_scan_inputs=len(inputs),
            scan_input_axes=[1] * len(inputs),
            scan_output_axes=[1] * num_outputs,
            **attributes,
        )
        self._nodes.append(node)
        return names

    def model(self) -> Any:
        """The `onnx.ModelProto`, checked."""
        model = self._onnx.helper.make_model(
            self._made("tagger"),
            opset_imports=[self._onnx.helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="skd_plugin",
        )
        self._onnx.checker.check_model(model)
        return model

    def _made(self, name: str) -> Any:
        return self._onnx.helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, self._constants
        )

    def _new(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    def _described(self, name: str, dtype: Any, dims: Dims) -> Any:
        zero = self._onnx.numpy_helper.from_array(np.zeros((), dtype))
        return self._onnx.helper.make_tensor_value_info(name, zero.data_type, list(dims))
