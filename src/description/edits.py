"""Edits of a YAML's text that leave every other character, comments and order as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from src.description.document import flow
from src.support.errors import UserError

Path = Sequence[str]  # of keys, from the outermost


class Edits:
    """Edits of one text, collected by their places in it and applied at once by `text`.

    Every path is of the text as it was; two edits of the same value are a mistake of the caller.
    """

    def __init__(self, text: str) -> None:
        """Read the text; raise UserError where it is no mapping."""
        self._before = text if text.endswith("\n") else f"{text}\n"
        root = yaml.compose(self._before, Loader=yaml.SafeLoader)
        if not isinstance(root, MappingNode):
            raise UserError("The YAML has no keys.", given=text[:100])
        self._root = root
        self._made: list[tuple[int, int, str]] = []

    @property
    def text(self) -> str:
        """The text with all edits."""
        parts, at = [], 0
        for start, stop, new in sorted(self._made, key=lambda one: one[0]):
            parts += [self._before[at:start], new]
            at = stop
        return "".join([*parts, self._before[at:]])

    def has(self, path: Path) -> bool:
        """Tell whether this text has a value there, and not another one that it refers to."""
        return self._pair(path) is not None

    def put(self, path: Path, value: Any) -> None:
        """Set the value of a key, which is added as the last one where it is not there."""
        pair = self._pair(path)
        if pair is None:
            self._add(path, value)
        else:
            self._made.append((pair[1].start_mark.index, _end(pair[1], self._before), flow(value)))

    def rename(self, path: Path, key: str, value: Any) -> None:
        """Put another key with its value in a key's place."""
        old, node = self._found(path)
        after = _end(node, self._before)
        self._made.append((old.start_mark.index, after, f"{flow(key)}: {flow(value)}"))

    def extend(self, path: Path, items: Sequence[Any]) -> None:
        """Add items at the end of a list."""
        _, node = self._found(path)
        assert isinstance(node, SequenceNode)
        if not node.value:
            self._made.append((node.start_mark.index, node.end_mark.index, flow(list(items))))
        elif node.flow_style:
            last = _end(node.value[-1], self._before)
            self._made.append((last, last, "".join(f", {flow(item)}" for item in items)))
        else:
            indent = " " * node.start_mark.column
            self._insert_below(node, [f"{indent}- {flow(item)}" for item in items])

    def append(self, path: Path, items: Sequence[Any], otherwise: Sequence[Any]) -> None:
        """Add items to a list; where there is none yet, `otherwise` come before them."""
        pair = self._pair(path)
        if pair is not None and isinstance(pair[1], SequenceNode):
            self.extend(path, items)
        else:
            self.put(path, [*otherwise, *items])

    def recast(self, path: Path, kept: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Give a mapping new keys beside those that are kept, and take out all others."""
        _, node = self._found(path)
        assert isinstance(node, MappingNode)
        if node.flow_style:
            self.put(path, {**new, **kept})
            return
        for key, _ in node.value:
            if key.value not in {*kept, *new}:
                self.comment_out([*path, key.value])
        for key, value in new.items():
            self.put([*path, key], value)

    def can_comment_out(self, path: Path) -> bool:
        """Tell whether a key has lines of its own."""
        mapping = self._mapping(path[:-1])
        return self.has(path) and mapping is not None and not mapping.flow_style

    def comment_out(self, path: Path, says: str = "") -> None:
        """Make a comment of a key and its value, and say why."""
        key, node = self._found(path)
        start = key.start_mark.index - key.start_mark.column
        stop = self._line_end(_end(node, self._before))
        lines = self._before[start:stop].split("\n")
        indent = key.start_mark.column
        marked = [f"{line[:indent]}# {line[indent:]}" if line.strip() else line for line in lines]
        marked[0] += f"  # {says}" if says else ""
        self._made.append((start, stop, "\n".join(marked)))

    def add_lines(self, path: Path, lines: Sequence[str]) -> None:
        """Add lines below the last key of a mapping whose keys have lines of their own."""
        mapping = self._mapping(path)
        assert mapping is not None
        indent = " " * mapping.value[0][0].start_mark.column
        self._insert_below(mapping, [f"{indent}{line}" for line in lines])

    def is_block(self, path: Path) -> bool:
        """Tell whether the keys of a mapping have lines of their own."""
        mapping = self._mapping(path)
        return mapping is not None and not mapping.flow_style and bool(mapping.value)

    def _add(self, path: Path, value: Any) -> None:
        mapping = self._mapping(path[:-1])
        if mapping is None:
            raise UserError("The YAML has no such key.", given=".".join(path))
        pair = f"{flow(path[-1])}: {flow(value)}"
        if not mapping.flow_style:
            self._insert_below(mapping, [f"{' ' * mapping.start_mark.column}{pair}"])
        elif mapping.value:
            last = _end(mapping.value[-1][1], self._before)
            self._made.append((last, last, f", {pair}"))
        else:
            inside = mapping.start_mark.index + 1
            self._made.append((inside, inside, pair))

    def _insert_below(self, node: Node, lines: Sequence[str]) -> None:
        at = self._line_end(_end(node, self._before))
        self._made.append((at, at, "".join(f"\n{line}" for line in lines)))

    def _line_end(self, at: int) -> int:
        return self._before.index("\n", at)

    def _found(self, path: Path) -> tuple[Node, Node]:
        pair = self._pair(path)
        if pair is None:
            raise UserError("The YAML has no such key.", given=".".join(path))
        return pair

    def _mapping(self, path: Path) -> MappingNode | None:
        if not path:
            return self._root
        pair = self._pair(path)
        return pair[1] if pair is not None and isinstance(pair[1], MappingNode) else None

    def _pair(self, path: Path) -> tuple[Node, Node] | None:
        """Return a key and its value; None of an alias, whose value stands elsewhere."""
        mapping = self._mapping(path[:-1])
        for key, value in mapping.value if mapping is not None else ():
            is_here = value.start_mark.index >= key.end_mark.index
            if isinstance(key, ScalarNode) and key.value == path[-1] and is_here:
                return key, value
        return None


def _end(node: Node, text: str) -> int:
    """Return where a value ends, without the comments and blank lines that PyYAML counts to it."""
    is_block = isinstance(node, MappingNode | SequenceNode) and not node.flow_style
    if is_block and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    end: int = node.end_mark.index
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        end -= len(re.search(r"\s*\Z", text[: node.end_mark.index])[0])  # type: ignore[index]
    return end
