"""Flattens a model's graph, its control-flow bodies and its functions into one list.

Names become indices here: a body sees the names around it, and a name that it defines again is a
new tensor. Operators are sorted topologically if the file does not list them in such an order.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

import onnx

from gallery.errors import LoadError
from gallery.loading.flat import BodyEntry, Flat, FlatNode, Scope
from gallery.loading.looked_up import numbers_behind
from gallery.loading.topological_order import order
from gallery.loading.values import attribute_value, constant_value, tensor_value, text_of, with_type
from gallery.loading.wire import DEEPEST, nested_too_deep
from gallery.model import Body

MOST_OPERATORS = 1_000_000
"""How many operators a model may have after inlining."""

_GRAPHS = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def flatten(model: onnx.ModelProto) -> Flat:
    """Flatten a model.

    Raises:
        LoadError: Its operators form a cycle, a function calls itself, or there are too many
            operators after inlining.
    """
    flat = Flat({key(function): function for function in model.functions})
    flat.reserved = frozenset(text_of(value.name) for value in model.graph.output)
    opsets = {domain(opset.domain): opset.version for opset in model.opset_import}
    scope = Scope(ChainMap(), opsets)
    held = initializers(flat, model.graph, scope)
    flat.inputs = tuple(
        declare(flat, scope, value) for value in model.graph.input if value.name not in held
    )
    graph(flat, model.graph, scope)
    flat.outputs = tuple(flat.see(value.name, scope) for value in model.graph.output)
    return flat


def key(function: onnx.FunctionProto) -> tuple[str, str, str]:
    """What identifies a function: domain, name and overload."""
    return domain(function.domain), function.name, getattr(function, "overload", "")


def domain(name: str) -> str:
    """Name of an operator set; "" for both names of ONNX's own."""
    return "" if name == "ai.onnx" else text_of(name)


def initializers(flat: Flat, source: onnx.GraphProto, scope: Scope) -> set[str]:
    """Add the initializers of a graph and return their names."""
    dense = [(tensor.name, tensor, tensor.dims, None) for tensor in source.initializer]
    sparse = [(t.values.name, t.values, t.dims, t) for t in source.sparse_initializer]
    for name, tensor, dims, thin in dense + sparse:
        index = scope.names[name] = flat.new(name, inner=scope.inner)
        value = flat.values[index]
        value.is_parameter = True
        value.kind = onnx.TypeProto()
        value.kind.tensor_type.elem_type = tensor.data_type
        value.kind.tensor_type.shape.SetInParent()
        for size in dims:
            dim = value.kind.tensor_type.shape.dim.add()
            if size >= 0:
                dim.dim_value = size
        value.source = thin or tensor
        value.value = tensor_value(tensor) if thin is None else None
        value.behind = numbers_behind(tensor) if thin is None else None
    return {name for name, *_ in dense + sparse}


def declare(flat: Flat, scope: Scope, source: onnx.ValueInfoProto) -> int:
    """Add a graph input with the type that the file declares."""
    index = scope.names[source.name] = flat.new(source.name, inner=scope.inner)
    flat.values[index].kind = flat.values[index].declared = source.type
    return index


def graph(flat: Flat, source: onnx.GraphProto, scope: Scope) -> None:
    """Add the operators of a graph whose inputs and initializers are already in the scope."""
    if scope.depth > DEEPEST:
        raise nested_too_deep()
    declared = {value.name: value.type for value in (*source.value_info, *source.output)}
    nodes(flat, source.node, scope, declared)


def nodes(
    flat: Flat,
    source: Iterable[onnx.NodeProto],
    scope: Scope,
    declared: Mapping[str, onnx.TypeProto],
) -> None:
    """Add operators in topological order."""
    for node in order(list(source)):
        call = flat.functions.get(
            (domain(node.domain), node.op_type, getattr(node, "overload", ""))
        )
        if call is not None:
            inline(flat, node, call, scope)
        else:
            add(flat, node, scope)
        for name in node.output:
            if name in declared and name in scope.names:
                flat.values[scope.names[name]].declared = declared[name]


def add(flat: Flat, node: onnx.NodeProto, scope: Scope) -> None:
    """Add one operator, after the operators of its bodies."""
    inputs = tuple(flat.see(name, scope) for name in node.input)
    plain, graphs = resolved(node, scope)
    attributes = {text_of(attribute.name): attribute_value(attribute) for attribute in plain}
    version = scope.opsets.get(domain(node.domain), 1)
    start = len(flat.steps)
    bodies = tuple(
        body(flat, BodyEntry(node, name, version, inputs, attributes), source, scope)
        for name, source in graphs
    )
    outputs = tuple(flat.make(name, scope) for name in node.output)
    where = len(flat.steps)
    check_size(where)
    for step in flat.steps[start:]:
        step.owner = where if step.owner == -1 else step.owner
    if node.op_type == "Constant" and not node.domain and outputs:
        flat.values[outputs[0]].value = constant_value(attributes)
    kind, name = text_of(node.op_type), text_of(node.name)
    if name:
        name = "/".join([*(call for call, _ in scope.calls), name])
    flat.steps.append(
        FlatNode(
            node=node,
            type=kind,
            name=name or f"{kind}_{where}",
            domain=domain(node.domain),
            version=version,
            inputs=inputs,
            outputs=outputs,
            plain=plain,
            attributes=attributes,
            calls=scope.calls,
            bodies=bodies,
        )
    )


def check_size(count: int) -> None:
    """Refuse a model with too many operators.

    Raises:
        LoadError: There are too many.
    """
    if count >= MOST_OPERATORS:
        found = f"there are more than {MOST_OPERATORS:,} operators after inlining the functions"
        raise LoadError(found, hint="split the model")


def body(flat: Flat, entry: BodyEntry, source: onnx.GraphProto, scope: Scope) -> Body:
    """Add the operators of a control-flow body."""
    start = len(flat.steps)
    inner = Scope(
        scope.names.new_child(),
        scope.opsets,
        scope.given,
        scope.calls,
        scope.stack,
        scope.depth + 1,
    )
    held = initializers(flat, source, inner)
    entry.inputs = tuple(
        declare(flat, inner, value) for value in source.input if value.name not in held
    )
    flat.entries.setdefault(start, []).append(entry)
    graph(flat, source, inner)
    outputs = tuple(flat.see(value.name, inner) for value in source.output)
    where = range(start, len(flat.steps))
    return Body(name=entry.name, operators=where, inputs=entry.inputs, outputs=outputs)


def inline(flat: Flat, node: onnx.NodeProto, function: onnx.FunctionProto, scope: Scope) -> None:
    """Add the operators of a function in place of a call."""
    called = key(function)
    if called in scope.stack or len(scope.stack) > 2 * DEEPEST:
        found = f"the function {text_of(function.name)!r} calls itself or is nested too deeply"
        raise LoadError(found, hint="export the model again, without recursive functions")
    flat.inlined.add(called)
    flat.expanded += 1
    check_size(flat.expanded)
    plain, graphs = resolved(node, scope)
    given = {attribute.name: attribute for attribute in function.attribute_proto}
    given.update({attribute.name: attribute for attribute in plain})
    given.update({a.name: with_type(a) for a in node.attribute if a.name in dict(graphs)})
    kind = text_of(function.name)
    calls = (*scope.calls, (text_of(node.name) or kind, kind))
    opsets = {domain(opset.domain): opset.version for opset in function.opset_import}
    names: ChainMap[str, int] = ChainMap(
        {
            inner: flat.see(outer, scope)
            for inner, outer in zip(function.input, node.input, strict=False)
            if outer
        }
    )
    absent = set(function.input) - names.keys()
    inner = Scope(
        names, {**scope.opsets, **opsets}, given, calls, (*scope.stack, called), scope.depth
    )
    if absent:
        inner.names.update(dict.fromkeys(absent, -1))
    declared = {value.name: value.type for value in getattr(function, "value_info", ())}
    first = len(flat.values)
    nodes(flat, function.node, inner, declared)
    for outer, name in zip(node.output, function.output, strict=False):
        if outer:
            index = scope.names[outer] = flat.see(name, inner)
            if index >= first:
                flat.rename(index, outer, scope)


def resolved(
    node: onnx.NodeProto, scope: Scope
) -> tuple[list[onnx.AttributeProto], Sequence[tuple[str, onnx.GraphProto]]]:
    """The attributes of a node that are not graphs, and the graphs by name."""
    plain: list[onnx.AttributeProto] = []
    graphs: list[tuple[str, onnx.GraphProto]] = []
    for attribute in map(with_type, node.attribute):
        if attribute.ref_attr_name:
            given = scope.given.get(attribute.ref_attr_name)
            if given is None:
                continue
            source = onnx.AttributeProto()
            source.CopyFrom(given)
            source.name = text_of(attribute.name)
        else:
            source = attribute
        if source.type == _GRAPHS[0]:
            graphs.append((source.name, source.g))
        elif source.type == _GRAPHS[1]:
            graphs.extend((source.name, inner) for inner in source.graphs)
        else:
            plain.append(source)
    return plain, graphs
