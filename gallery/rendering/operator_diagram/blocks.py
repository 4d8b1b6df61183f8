"""What a diagram shows: operators, or whole layers if there are too many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gallery.model import Model, Shape
from gallery.rendering.operator_diagram.fold import fold
from gallery.rendering.operator_diagram.join import join
from gallery.text import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A box of the diagram.

    Attributes:
        title: Operator type, or name of a layer or of an input or output of the model.
        notes: Smaller lines below the title.
        type: Operator type for the colour; that of a layer is its most frequent one.
        layer: Layer whose frame contains it.
        members: The operators that it stands for, ascending; none for an input or output.
    """

    title: str
    notes: tuple[str, ...]
    type: str
    layer: int
    members: tuple[int, ...]

    @property
    def operators(self) -> int:
        """Number of operators that it stands for."""
        return len(self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An arrow: data that flows from one block to another.

    Attributes:
        source: Index of a block.
        reader: Index of a block.
        label: Shape of the tensor, or of each of several, or their number if their shapes differ.
    """

    source: int
    reader: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Blocks and links, in the order of the model.

    Attributes:
        blocks: The boxes.
        links: The arrows.
        hidden: Number of operators inside blocks of whole layers.
    """

    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    hidden: int


def shape_text(shape: Shape) -> str:
    """A shape as text.

    >>> shape_text((1, 64, "height", None))
    '1×64×height×?'
    """
    if shape is None:
        return ""
    return "×".join("?" if size is None else str(size)[:12] for size in shape) or "scalar"


def drawing_of(model: Model, limit: int) -> Drawing:
    """Choose blocks so that there are at most about `limit` of them.

    Of sibling layers with the same operators in the same order, such as the blocks of a
    transformer, only the first is opened; if that is not enough, the deepest layers are closed.
    Many blocks alike, side by side, are folded into one, and neighbours are joined if there are
    still several times as many.
    """
    closed = _closed_layers(model, limit)
    owner = [_outermost(model, operator.layer, closed) for operator in model.operators]
    # A frame around a single box would only waste space: its name goes into the box.
    crowd = Counter(operator.layer for operator in model.operators)
    forks = {record.parent for record in model.layers}
    alone = [crowd[o.layer] == 1 and o.layer not in forks for o in model.operators]
    members: dict[int, list[int]] = {}
    number: dict[tuple[str, int], int] = {}
    block_of: list[int] = []
    blocks: list[Block] = []
    for tensor in model.inputs:
        number["input", tensor] = len(blocks)
        blocks.append(_end(model, tensor, "Input"))
    for index, layer in enumerate(owner):
        if layer >= 0:
            members.setdefault(layer, []).append(index)
    for index, layer in enumerate(owner):
        key = ("operator", index) if layer < 0 else ("layer", layer)
        if key not in number:
            number[key] = len(blocks)
            blocks.append(
                _operator_block(model, index, alone[index])
                if layer < 0
                else _layer_block(model, layer, members[layer])
            )
        block_of.append(number[key])
    for tensor in model.outputs:
        number["output", tensor] = len(blocks)
        blocks.append(_end(model, tensor, "Output"))
    hidden = sum(len(inside) for inside in members.values())
    passed = _passed(model, number, block_of)
    folded, fold_of = fold(blocks, passed, model.layers)
    boxes, box_of = join(folded, model.layers, limit)
    place = [box_of[at] for at in fold_of]
    return Drawing(blocks=tuple(boxes), links=_links(model, passed, place), hidden=hidden)


def _passed(
    model: Model, number: dict[tuple[str, int], int], block_of: list[int]
) -> dict[tuple[int, int], set[int]]:
    """The tensors that pass from one block to another, by their numbers."""
    made: dict[int, int] = {tensor: number["input", tensor] for tensor in model.inputs}
    for index, operator in enumerate(model.operators):
        for tensor in operator.outputs:
            made[tensor] = block_of[index]
    found: dict[tuple[int, int], set[int]] = {}
    for index, operator in enumerate(model.operators):
        read = set(operator.inputs)
        for body in operator.bodies:
            read.update(body.outputs)
        for tensor in sorted(read):
            if tensor in made and made[tensor] != block_of[index]:
                found.setdefault((made[tensor], block_of[index]), set()).add(tensor)
    for tensor in model.outputs:
        if tensor in made:
            found.setdefault((made[tensor], number["output", tensor]), set()).add(tensor)
    return found


def _links(
    model: Model, passed: dict[tuple[int, int], set[int]], place: list[int]
) -> tuple[Link, ...]:
    """The arrows between what remains of the blocks."""
    arrows: Counter[tuple[int, int]] = Counter()
    found: dict[tuple[int, int], set[int]] = {}
    for (source, reader), tensors in passed.items():
        ends = place[source], place[reader]
        if ends[0] != ends[1]:
            arrows[ends] += 1
            found.setdefault(ends, set()).update(tensors)
    links = []
    for (source, reader), tensors in sorted(found.items()):
        shapes = sorted({shape_text(model.tensors[tensor].shape) for tensor in tensors})
        label = shapes[0] if len(shapes) == 1 else f"{len(tensors)} tensors"
        if arrows[source, reader] > 1 and len(tensors) > 1 and len(shapes) == 1 and label:
            label += " each"
        links.append(Link(source=source, reader=reader, label=label))
    return tuple(links)


def _outermost(model: Model, layer: int, closed: set[int]) -> int:
    found = -1
    while layer >= 0:
        if layer in closed:
            found = layer
        layer = model.layers[layer].parent
    return found


def _closed_layers(model: Model, limit: int) -> set[int]:
    if len(model.operators) <= limit:
        return set()
    closed = _repeats(model)
    depth = [0] * len(model.layers)
    for layer, record in enumerate(model.layers):
        depth[layer] = depth[record.parent] + 1 if record.parent >= 0 else 0
    deepest = max(depth, default=0)
    while _count(model, closed) > limit and deepest > 0:
        closed |= {layer for layer, at in enumerate(depth) if at == deepest}
        deepest -= 1
    return closed


def _count(model: Model, closed: set[int]) -> int:
    owners = [_outermost(model, operator.layer, closed) for operator in model.operators]
    return sum(owner < 0 for owner in owners) + len({owner for owner in owners if owner >= 0})


def _repeats(model: Model) -> set[int]:
    # Layers with the same operator types in the same order as an earlier sibling.
    types: dict[int, list[str]] = {}
    for operator in model.operators:
        layer = operator.layer
        while layer > 0:
            types.setdefault(layer, []).append(operator.type)
            layer = model.layers[layer].parent
    seen: set[tuple[int, tuple[str, ...]]] = set()
    repeats = set()
    for layer in sorted(types):
        signature = (model.layers[layer].parent, tuple(types[layer]))
        if len(types[layer]) < 4:
            continue
        if signature in seen:
            repeats.add(layer)
        seen.add(signature)
    return repeats


def _end(model: Model, tensor: int, kind: str) -> Block:
    value = model.tensors[tensor]
    notes = tuple(note for note in (shape_text(value.shape), value.dtype) if note)
    return Block(title=value.name, notes=notes, type=kind, layer=0, members=())


def _operator_block(model: Model, index: int, alone: bool) -> Block:
    operator = model.operators[index]
    notes = []
    words = []
    record = model.layers[operator.layer]
    if alone and record.name:
        notes.append(record.name)
    kernel = operator.attributes.get("kernel_shape")
    if isinstance(kernel, tuple):
        words.append(shape_text(kernel))
    strides = operator.attributes.get("strides")
    if isinstance(strides, tuple) and any(step != 1 for step in strides):
        words.append("stride " + shape_text(strides))
    group = operator.attributes.get("group")
    if isinstance(group, int) and group > 1:
        words.append(f"{group} groups")
    if words:
        notes.append(", ".join(words))
    weights = [
        shape_text(model.tensors[tensor].shape)
        for tensor in operator.inputs
        if tensor >= 0
        and model.tensors[tensor].is_parameter
        and len(model.tensors[tensor].shape or ()) > 1
    ]
    if weights:
        notes.append("weight " + weights[0])
    return Block(
        title=operator.type,
        notes=tuple(notes),
        type=operator.type,
        layer=max(record.parent, 0) if alone else operator.layer,
        members=(index,),
    )


def _layer_block(model: Model, layer: int, members: list[int]) -> Block:
    types = Counter(model.operators[index].type for index in members)
    common = min(types.items(), key=lambda item: (-item[1], item[0]))[0]
    record = model.layers[layer]
    notes = [counted(len(members), "operator")]
    if record.type:
        notes.insert(0, record.type.rsplit(".", 1)[-1])
    return Block(
        title=record.path or record.name,
        notes=tuple(notes),
        type=common,
        layer=max(record.parent, 0),
        members=tuple(members),
    )
