from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from src.data import sources
from src.data.sources import addresses, parquet, text
from src.support.errors import UserError

SAMPLE = b"a,b\n1,2\n3,4\n"


def read(path: Path | str, columns: str = "ab", separator: str = ",", encoding: str = "utf-8"):
    return sources.read(
        str(path),
        separator=separator,
        encoding=encoding,
        columns=dict(zip(columns, columns, strict=True)),
    )


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def cells(path: Path, data: bytes | str, **options: str) -> list[list[str]]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read(path, **options).frame.to_numpy().tolist()


def refused(path: Path, data: bytes | str, **options: str) -> str:
    with pytest.raises(UserError) as caught:
        cells(path, data, **options)
    return str(caught.value)


def test_every_cell_is_text_exactly_as_it_stands(csv: Path) -> None:
    data = 'a,b\n01,NA\n1.0,\n null ,"x, y"\nNaN,1e5\n'
    assert cells(csv, data) == [["01", "NA"], ["1.0", ""], [" null ", "x, y"], ["NaN", "1e5"]]


def test_columns_come_in_the_order_asked(csv: Path) -> None:
    csv.write_bytes(SAMPLE)
    raw = read(csv, columns="ba")
    assert list(raw.frame.columns) == ["b", "a"]
    assert raw.frame.to_numpy().tolist() == [["2", "1"], ["4", "3"]]


def test_the_md5_is_that_of_the_bytes(csv: Path) -> None:
    csv.write_bytes(b"\xef\xbb\xbf" + SAMPLE)
    assert read(csv).md5 == hashlib.md5(csv.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "data",
    [
        SAMPLE.replace(b"\n", b"\r\n"),
        SAMPLE.replace(b"\n", b"\r"),
        SAMPLE.rstrip(),
        SAMPLE + b"\n\n",
        SAMPLE.replace(b"3", b"\n3"),
        b"\xef\xbb\xbf" + SAMPLE,
        b'"a","b"\n"1","2"\n3,4\n',
        b" a , b \n1,2\n3,4\n",
    ],
    ids=["crlf", "cr", "no end", "blank end", "blank line", "bom", "quoted", "spaced header"],
)
def test_the_same_table_is_read_however_it_was_saved(csv: Path, data: bytes) -> None:
    assert cells(csv, data) == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf_8", "utf-16", "latin-1", "cp1252"])
def test_letters_are_read_in_the_encoding_that_is_named(csv: Path, encoding: str) -> None:
    data = "a,b\né,ß\n".encode(encoding)
    assert cells(csv, data, encoding=encoding) == [["é", "ß"]]


@pytest.mark.parametrize("separator", [";", "\t", "|", ".", " ", "^"])
def test_any_character_can_separate(csv: Path, separator: str) -> None:
    data = "a,b\n1,2\n".replace(",", separator)
    assert cells(csv, data, separator=separator) == [["1", "2"]]


def test_a_cell_may_hold_lines_and_quotes(csv: Path) -> None:
    assert cells(csv, 'a,b\n"1\n2","say ""x"""\n') == [["1\n2", 'say "x"']]


def test_a_missing_file_is_named_with_a_suggestion(csv: Path) -> None:
    csv.write_bytes(SAMPLE)
    with pytest.raises(UserError) as caught:
        read(csv.with_name("row.csv"))
    assert "does not exist" in caught.value.what
    assert caught.value.given == str(csv.with_name("row.csv"))
    assert caught.value.fix == f"did you mean '{csv}'?"


def test_a_missing_file_with_nothing_near_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist") as caught:
        read(tmp_path / "nowhere" / "rows.csv")
    assert "check the path" in str(caught.value)


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read") as caught:
        read(tmp_path)
    assert f"{tmp_path} (Is a directory)" in str(caught.value)


@pytest.mark.parametrize("source", ["ftp://example.com/a.csv", "mysql://host/a", "file:///a.csv"])
def test_an_unsupported_scheme_lists_what_can_be_read(source: str) -> None:
    with pytest.raises(UserError) as caught:
        read(source)
    assert "cannot be read" in caught.value.what
    assert caught.value.given == source
    assert caught.value.choices is not None
    assert caught.value.choices[:3] == ["a path", "http://...", "https://..."]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  \r\n"])
def test_an_empty_source_is_told(csv: Path, data: bytes) -> None:
    message = refused(csv, data)
    assert "The source is empty" in message
    assert str(csv) in message
    assert "give a CSV with a header line" in message


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\n\n"])
def test_a_byte_order_mark_alone_is_empty(csv: Path, data: bytes) -> None:
    assert "The source is empty" in refused(csv, data)


@pytest.mark.parametrize("data", ["a,b", "a,b\n", "a,b\n\n\n"])
def test_a_header_without_rows_is_told(csv: Path, data: str) -> None:
    message = refused(csv, data)
    assert "a header but no rows" in message
    assert str(csv) in message


@pytest.mark.parametrize(
    ("found", "word"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar"), (",", "comma")]
)
def test_a_wrong_separator_is_told_with_the_right_one(csv: Path, found: str, word: str) -> None:
    asked = ";" if found == "," else ","
    message = refused(csv, f"a{found}b\n1{found}2\n", separator=asked)
    assert f"not separated by {'semicolons' if asked == ';' else 'commas'}" in message
    assert repr(f"a{found}b") in message
    assert f"seems to be a {word}" in message
    assert f'dataset.separator="{found}"' in message


def test_a_wrong_separator_is_told_where_cells_hold_the_one_asked_for(csv: Path) -> None:
    message = refused(csv, "a;b\n1,5;2\n3;4\n")
    assert "seems to be a semicolon" in message


def test_a_missing_column_is_named_with_those_found_and_those_needed(csv: Path) -> None:
    message = refused(csv, "a,be\n1,2\n", columns="ab")
    assert "lacks the column 'b'" in message
    assert f"{csv} with a, be" in message
    assert "allowed: a, b" in message
    assert "did you mean 'be'?" in message


def test_all_missing_columns_are_named(csv: Path) -> None:
    assert "lacks columns 'c', 'd'" in refused(csv, SAMPLE, columns="acd")


def test_a_missing_only_column_is_no_question_of_separators(csv: Path) -> None:
    message = refused(csv, "a\n1\n")
    assert "lacks the column 'b'" in message


def test_an_extra_column_is_ignored_with_a_warning(csv: Path) -> None:
    csv.write_bytes(b"c,a,d,b\n9,1,8,2\n")
    with pytest.warns(UserWarning, match=r"ignoring the extra column\(s\) c, d") as warned:
        frame = read(csv).frame
    assert str(csv) in str(warned[0].message)
    assert frame.to_dict("list") == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    "header",
    [
        "a,b,a",
        "a,b,b,a",
        '"a",b,a',
        "a,b, a",
        "\na,b,a",
    ],
    ids=repr,
)
def test_a_column_that_stands_twice_is_named(csv: Path, header: str) -> None:
    message = refused(csv, f"{header}\n{'1,' * header.count(',')}1\n")
    assert "Duplicate column in the header" in message
    assert "'a'" in message


def test_a_column_that_stands_twice_is_found_between_other_separators(csv: Path) -> None:
    assert "Duplicate column" in refused(csv, "a;b;a\n1;2;3\n", separator=";")


def faults(path: Path, data: bytes | str, **options: str) -> dict[object, str]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return {line: f"{one.rule}: {one.words}" for line, one in read(path, **options).faults.items()}


def test_bytes_of_another_encoding_are_a_fault_of_their_row(csv: Path) -> None:
    data = b"a,b\n1,2\n3,caf\xe9\n5,6\n"
    (line, words), *others = faults(csv, data).items()
    assert (line, others) == (3, [])
    assert words == (
        "undecodable: not utf-8: it has the byte 0xe9 (perhaps dataset.encoding=latin-1)"
    )
    assert cells(csv, data) == [["1", "2"], ["3", "caf\\xe9"], ["5", "6"]]


def test_a_header_of_another_encoding_is_told(csv: Path) -> None:
    message = refused(csv, b"a,caf\xe9\n1,2\n")
    assert "not utf-8: it has the byte 0xe9" in message
    assert "dataset.encoding=latin-1" in message


def test_an_unknown_encoding_lists_some_that_are_known(csv: Path) -> None:
    message = refused(csv, SAMPLE, encoding="klingon")
    assert "Unknown encoding" in message
    assert "given:   klingon" in message
    assert "utf-8, latin-1" in message


def test_nul_bytes_are_no_text(csv: Path) -> None:
    message = refused(csv, b"a,b\n1,\0002\n")
    assert "NUL bytes" in message
    assert str(csv) in message


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("a,b\n1,2\n3,4,5\n", [3]),
        ("a,b\n1,2,3\n4,5\n", [2]),
        ("a,b\n1,2,3\n4,5,6\n", [2, 3]),
        ("a,b\n1,2,\n3,4,,\n", []),
        ("a,b\n1\n2,3\n", [2]),
        ('a,b\n\n"1\n2",3\n4,5,6\n', [5]),
    ],
    ids=["later", "first", "all", "empty", "few", "lines"],
)
def test_a_row_with_other_cells_than_the_header_is_a_fault(
    csv: Path, data: str, lines: list[int]
) -> None:
    told = faults(csv, data)
    assert list(told) == lines
    assert all(words.startswith("ragged: the row has ") for words in told.values())


def test_a_ragged_row_is_told_with_its_cells(csv: Path) -> None:
    words = "ragged: the row has 3 cells where the header has 2: '5,6,7'"
    assert faults(csv, "a,b\n1,2\n5,6,7\n") == {3: words}


def test_a_ragged_row_keeps_the_cells_that_have_a_column(csv: Path) -> None:
    assert cells(csv, "a,b\n1,2,3\n4\n") == [["1", "2"], ["4", ""]]


def test_a_quote_that_never_ends_is_told(csv: Path) -> None:
    message = refused(csv, 'a,b\n1,2\n1,"2\n3,4\n')
    assert "not a table" in message
    assert "on line 3 a quote is opened and never closed" in message
    assert str(csv) in message


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/rows.csv")
            self.end_headers()
        elif self.path == "/ftp.csv":
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/rows.csv")
            self.end_headers()
        elif self.path in ("/rows.csv", "/cut.csv", "/empty.csv"):
            body = b"" if self.path == "/empty.csv" else SAMPLE
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + 5 * (self.path == "/cut.csv")))
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_error(500 if self.path == "/broken.csv" else 404)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["rows.csv", "moved.csv"])
def test_a_url_is_read_as_a_file_is(server: str, path: str) -> None:
    raw = read(f"{server}/{path}")
    assert raw.frame.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}
    assert raw.md5 == hashlib.md5(SAMPLE).hexdigest()


def test_a_scheme_may_be_spelt_in_capitals(server: str) -> None:
    assert sources.fetch(f"{server}/rows.csv".replace("http", "HTTP")) == SAMPLE


@pytest.mark.parametrize(
    ("path", "reason"), [("none.csv", "Not Found"), ("broken.csv", "Internal Server Error")]
)
def test_what_the_server_refuses_is_told_with_its_reason(
    server: str, path: str, reason: str
) -> None:
    with pytest.raises(UserError) as caught:
        read(f"{server}/{path}")
    assert "cannot be reached" in caught.value.what
    assert caught.value.given == f"{server}/{path} ({reason})"
    assert "give its path" in str(caught.value)


def test_an_empty_answer_is_empty(server: str) -> None:
    with pytest.raises(UserError, match="The source is empty"):
        read(f"{server}/empty.csv")


def test_an_answer_that_is_cut_short_is_told(server: str) -> None:
    with pytest.raises(UserError, match="cannot be reached"):
        read(f"{server}/cut.csv")


def test_a_redirect_to_another_kind_of_address_is_not_followed(server: str) -> None:
    with pytest.raises(UserError, match="cannot be reached") as caught:
        read(f"{server}/ftp.csv")
    assert "another kind of address, ftp://127.0.0.1/rows.csv" in str(caught.value.given)


def test_an_answer_is_not_read_beyond_a_limit(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MOST_BYTES", len(SAMPLE))
    assert sources.fetch(f"{server}/rows.csv") == SAMPLE
    monkeypatch.setattr(addresses, "MOST_BYTES", len(SAMPLE) - 1)
    with pytest.raises(UserError, match="larger than what is read") as caught:
        read(f"{server}/rows.csv")
    assert "give its path" in str(caught.value)


def test_an_unreachable_url_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/rows.csv"
        with pytest.raises(UserError) as caught:
            read(url)
    assert "cannot be reached" in caught.value.what
    assert url in str(caught.value.given)
    assert "check the address and the network" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://127.0.0.1:x/rows.csv",
        "http://127.0.0.1:1/two words.csv",
    ],
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(UserError) as caught:
        read(url)
    assert url in str(caught.value)


def test_a_cell_may_be_a_book(csv: Path) -> None:
    csv.write_text(f'a,b\n"{"x" * 200_000}",1\n')
    assert len(read(csv).frame["a"].iloc[0]) == 200_000


def test_a_header_of_separators_alone_is_told(csv: Path) -> None:
    assert "has no header" in refused(csv, ",,,\n,,,\n")


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.csv.gz"])
@pytest.mark.parametrize("rows", [1, 3, 100_000])
@pytest.mark.filterwarnings("ignore:.*whatever its name says")
def test_a_stream_has_the_rows_that_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rows: int
) -> None:
    monkeypatch.setattr(text, "BLOCK", 16)
    monkeypatch.setattr(parquet, "BATCH", 2)
    table = pd.DataFrame({"a": [f"{at}" for at in range(20)], "b": 'x\ny "z"'}, dtype="str")
    path = tmp_path / name
    table.to_parquet(path) if "parquet" in name else table.to_csv(path, index=False)
    stream = sources.Stream(str(path), columns=["b", "a"], rows=rows)
    parts, whole = list(stream), sources.read(str(path), columns=["b", "a"])
    assert (len(parts) > 1) == (rows < 20)
    pd.testing.assert_frame_equal(pd.concat([part.frame for part in parts]), whole.frame)
    assert stream.md5 == whole.md5


def test_a_stream_has_the_faults_of_each_batch(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK", 8)
    csv.write_bytes(b"a,b\n1,2\n3,4\n5\n6,7\n8,9,0\n1,2\n")
    parts = list(sources.Stream(str(csv), columns=["a", "b"], rows=1))
    assert [list(part.faults) for part in parts if part.faults] == [[4], [6]]
    assert sum(len(part.frame) for part in parts) == 6


def test_extra_columns_are_told_once_for_all_batches(
    csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK", 8)
    csv.write_bytes(b"a,b,c\n" + b"1,2,3\n" * 20)
    with pytest.warns(UserWarning, match="extra column") as told:
        parts = list(sources.Stream(str(csv), columns=["a", "b"], rows=1))
    assert len(parts) > 1
    assert len(told) == 1


def test_a_stream_without_rows_is_refused_as_a_table_is(csv: Path) -> None:
    csv.write_bytes(b"a,b\n")
    with pytest.raises(UserError, match="no rows"):
        list(sources.Stream(str(csv), columns=["a", "b"]))
