"""The core stays in the shape that mypyc compiles: what it takes, and then breaks at, is found without compiling."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def compiled() -> Iterator[Path]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]
    return (path for folder in hook["include"] for path in sorted((ROOT / folder.lstrip("/")).rglob("*.py")))


def faults(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    lines = {node.name: node.lineno for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(bases=[ast.Name(id="NamedTuple"), *_]):
                names = {
                    name for field in node.body if isinstance(field, ast.AnnAssign) for name in named(field)
                }
                for name in sorted(name for name in names if lines.get(name, 0) > node.lineno):
                    yield f"{node.lineno}: {node.name} speaks of {name}, a class below it"
            case ast.Compare(
                ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple() | ast.List() | ast.Set() as display]
            ):
                if any(isinstance(element, ast.Starred) for element in display.elts):
                    yield f"{node.lineno}: membership in a display with a star"


def named(field: ast.AnnAssign) -> Iterator[str]:
    """The names in an annotation, quoted ones too."""
    for node in ast.walk(field.annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (inner.id for inner in ast.walk(ast.parse(node.value)) if isinstance(inner, ast.Name))


def test_nothing_breaks_the_compiled_core():
    found = [
        f"{path.relative_to(ROOT)}:{fault}"
        for path in compiled()
        for fault in faults(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "class A(NamedTuple):\n    b: B | None\nclass B: ...",
        "class A(NamedTuple):\n    b: 'list[B]'\nclass B: ...",
        "x in (1, *y)",
    ],
)
def test_faults_are_found(source: str):
    assert list(faults(source))
