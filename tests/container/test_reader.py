"""A Dockerfile is read as Docker reads it, or refused."""

from __future__ import annotations

import pytest

from tests.container.reader import DockerfileError, needed, read

TEXT = """
# syntax of ours
FROM debian:bookworm-slim AS base
RUN one \\
    # between the lines
    && two "a b"
FROM base AS other
FROM base
COPY --link --from=other /a /b
HEALTHCHECK --interval=1s --retries=2 CMD ["ask", "it"]
CMD ["run", "me"]
CMD ["run", "me", "now"]
"""


def test_stages_and_instructions() -> None:
    base, other, last = read(TEXT)
    assert [stage.name for stage in (base, other, last)] == ["base", "other", "2"]
    assert [base.base, last.base] == ["debian:bookworm-slim", "base"]
    [run] = base.instructions
    assert (run.name, run.is_exec) == ("RUN", False)
    assert run.text.split() == ["one", "&&", "two", '"a', 'b"']
    copy, check, *_ = last.instructions
    assert (copy.flags, copy.words) == ({"link": "", "from": "other"}, ["/a", "/b"])
    assert (check.flags, check.words) == ({"interval": "1s", "retries": "2"}, ["ask", "it"])
    command = last.last("CMD")
    assert command is not None
    assert (command.is_exec, command.words) == (True, ["run", "me", "now"])
    assert last.last("USER") is None
    assert other.instructions == []


@pytest.mark.parametrize(
    ("target", "names"), [("base", ["base"]), ("other", ["base", "other"]), ("2", None)]
)
def test_what_a_target_is_made_from(target: str, names: list[str] | None) -> None:
    found = [stage.name for stage in needed(read(TEXT), target)]
    assert found == (names or ["base", "other", "2"])


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    with pytest.raises(DockerfileError, match=r"there are: base, other, 2"):
        needed(read(TEXT), "nothing")


@pytest.mark.parametrize(
    "line",
    [
        "ADD a b",
        "ENTRYPOINT a",
        "run a",
        "COPY --chown=1 a b",
        "COPY --from=a --from=b a b",
        "HEALTHCHECK NONE",
        'CMD ["a", b]',
        'CMD ["a", 1]',
        "FROM a AS",
        "FROM --platform=x a",
    ],
)
def test_what_cannot_be_played_is_refused(line: str) -> None:
    with pytest.raises(DockerfileError):
        read(f"FROM a\n{line}\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", "RUN a\n"])
def test_without_a_stage_it_is_none(text: str) -> None:
    with pytest.raises(DockerfileError):
        read(text)
