"""
Installs the plugin. Two stacks are supported, chosen by the Python version:

* classic (3.8 to 3.10): AllenNLP 2.10.1 as released, with its own pins; `pip install .` does it all.
* modern (3.11 and newer): AllenNLP 2.10.1 forbids every torch that exists for these versions, though it runs on one, so
  it is installed beside its requirements; ``make test` does it, or the three lines of the README.
"""

from setuptools import find_packages, setup

CLASSIC = 'python_version < "3.11"'
MODERN = 'python_version >= "3.11"'

# What AllenNLP itself imports; on the modern stack it cannot say so itself.
MODERN_REQUIREMENTS = [
    "torch>=2.4,<2.12",
    "torchvision",
    "transformers>=4.46,<4.47",
    "huggingface-hub<0.27",
    "cached-path>=1.1.3",
    "base58",
    "dill",
    "filelock",
    "h5py",
    "jsonnet>=0.20",
    "more-itertools",
    "nltk",
    "protobuf",
    "requests",
    "sacremoses",
    "scikit-learn",
    "scipy",
    "sentencepiece",
    "spacy",
    "tensorboardX",
    "termcolor",
    "traitlets",
    "typer",
    # what allennlp-models imports
    "datasets",
    "ftfy",
    "py-rouge",
    "word2number",
]

# What `allennlp export` and its exports need.
SERVE = ["onnx>=1.12", "onnxruntime>=1.12"]

setup(
    name="skd_plugin",
    version="0.1.0",
    description="Structure-level knowledge distillation for multilingual sequence labeling, as an AllenNLP plugin",
    long_description=open("README.md", encoding="utf-8").read(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["skd_plugin", "skd_plugin.*"]),
    package_data={"skd_plugin": ["py.typed", "experiments/report/page.html.jinja"]},
    python_requires=">=3.8",
    install_requires=[
        "conllu>=4.4.2",
        "jinja2",
        "lmdb>=1.2.1",
        "matplotlib",
        "packaging",
        "numpy",
        "seqeval>=1.2.2",
        "setuptools<81",  # py-rouge, of allennlp-models, wants pkg_resources
        "tqdm",
        f"allennlp==2.10.1; {CLASSIC}",
        f"allennlp-models==2.10.1; {CLASSIC}",
        f"numpy<2; {CLASSIC}",
        f"typing-extensions<4.6; {CLASSIC}",  # for the pydantic of the spacy that AllenNLP pins
        'lmdb<2; python_version < "3.9"',
        f"boto3>=1.26; {CLASSIC}",  # keeps pip from trying every older one for the sake of urllib3
        *(f"{requirement}; {MODERN}" for requirement in MODERN_REQUIREMENTS),
    ],
    extras_require={
        "bench": ["pytorch-crf", "torch-struct"],
        "dev": [
            "black",
            "html5lib",
            "hypothesis",
            "mypy",
            "pytest",
            "pytest-xdist",
            "ruff",
            *SERVE,
        ],
        "ray": ["ray>=2"],
        "serve": SERVE,
    },
)
