"""Students as ONNX graphs that tag by themselves."""

from skd_plugin.serving.onnx_export import export
from skd_plugin.serving.onnx_tagger import OnnxTagger

__all__ = ["OnnxTagger", "export"]
