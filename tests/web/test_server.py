"""The page's files, as they are built, served and written; no browser is needed."""

import gzip
import http.client
import json
import lzma
import re
import runpy
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from physiocam.errors import PhysiocamError
from physiocam.web import site
from physiocam.web.server import PageServer
from physiocam.web.site import PAGE, SiteFile, site_files, site_headers, write_site
from physiocam.weights.bundle import load_bundle

# Names of formats and links in messages, to which nothing is sent.
_NO_HOSTS = {"http://www.w3.org/2000/svg", "https://web.dev/cross-origin-isolation-guide/"}
_MOST_BYTES = 8_000_000
_TEXT = (".html", ".js", ".mjs", ".css", ".json", ".svg", ".txt")
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files() -> dict[str, SiteFile]:
    return site_files(load_bundle())


@pytest.fixture(scope="module")
def server(files: dict[str, SiteFile]) -> Iterator[PageServer]:
    with PageServer(files, port=0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(server: PageServer, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=30)  # type: ignore[arg-type]
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def test_every_file_is_served_as_it_is(server: PageServer, files: dict[str, SiteFile]) -> None:
    for address, file in files.items():
        answer, content = ask(server, f"/{address}?0123456789abcdef")
        assert answer.status == 200
        assert answer.getheader("Content-Type") == file.media_type
        assert content == file.path.read_bytes()


@pytest.mark.parametrize("path", ["/", "/page.js", "/nothing"])
def test_every_answer_forbids_other_hosts_and_is_isolated(server: PageServer, path: str) -> None:
    answer, _ = ask(server, path)
    policy = answer.getheader("Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none';")
    # Nothing but the page's own address, what the page makes itself, and compiled WebAssembly.
    allowed = {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:"}
    assert {source for part in policy.split(";") for source in part.split()[1:]} <= allowed
    assert answer.getheader("Cross-Origin-Opener-Policy") == "same-origin"
    assert answer.getheader("Cross-Origin-Embedder-Policy") == "require-corp"


@pytest.mark.parametrize(
    "path",
    [
        "/headers.json",
        "/../site.py",
        "/%2e%2e/site.py",
        "/bundle/",
        "/bundle/../../bundle.py",
        "/etc/passwd",
        "//etc/passwd",
    ],
)
def test_nothing_else_is_served(server: PageServer, path: str) -> None:
    answer, content = ask(server, path)
    assert answer.status == 404
    assert b"import" not in content


def test_it_answers_to_the_name_of_this_computer_only(server: PageServer) -> None:
    assert ask(server, "/", Host="attacker.example")[0].status == 421
    assert ask(server, "/", Host=f"localhost:{server.server_address[1]}")[0].status == 200


def test_head_has_no_content_and_other_methods_are_refused(server: PageServer) -> None:
    answer, content = ask(server, "/", "HEAD")
    assert (answer.status, content) == (200, b"")
    assert int(answer.getheader("Content-Length") or 0) > 0
    assert ask(server, "/", "POST")[0].status == 501


def test_a_port_in_use_is_one_line(server: PageServer, files: dict[str, SiteFile]) -> None:
    port = int(server.server_address[1])
    with pytest.raises(PhysiocamError, match=f"^port {port} is used by another program; give another one: --port"):
        PageServer(files, port)


def test_the_page_names_no_other_host() -> None:
    for path in PAGE.iterdir():
        if path.suffix not in (".xz", ".txt"):
            assert set(re.findall(r"https?://[^\s\"'`)<>\\]+", path.read_text("utf-8"))) <= _NO_HOSTS, path.name


def test_the_page_states_its_policy_itself_for_hosts_that_set_no_headers() -> None:
    page = (PAGE / "index.html").read_text("utf-8")
    assert f'content="{site_headers()["Content-Security-Policy"]}"' in page


def test_the_page_names_every_part_of_its_source() -> None:
    """Each package that is bundled is named with its version and its licence."""
    package = json.loads((_ROOT / "web" / "package.json").read_text("utf-8"))
    licences = (PAGE / "LICENSES.txt").read_text("utf-8")
    for name, version in package["dependencies"].items():
        assert f"{name} {version}, " in licences


def test_it_is_written_for_any_host_and_small_on_all(tmp_path: Path, files: dict[str, SiteFile]) -> None:
    """Nothing has to be compressed on the way but text, which every host does, with the bundle in it."""
    written = write_site(load_bundle(), tmp_path / "site")
    found = {
        path.relative_to(tmp_path / "site").as_posix(): path.read_bytes()
        for path in (tmp_path / "site").rglob("*")
        if path.is_file()
    }
    assert set(found) == set(files)
    assert sum(map(len, found.values())) == written
    text = sum(len(content) - len(gzip.compress(content)) for name, content in found.items() if name.endswith(_TEXT))
    assert written - text < _MOST_BYTES
    assert lzma.decompress(found["ort-wasm-simd-threaded.wasm.xz"])[:4] == b"\0asm"
    graphs = [name for name in found if name.endswith(".onnx")]
    # The default bundle's form in 8 bits where it has one, and not its graphs and weights in half precision as well.
    names = ("bigsmall.int8", "breathing", "expression.int8", "pulse")
    assert sorted(graphs) == [f"bundle/{name}.onnx" for name in names]
    for name in graphs:
        assert lzma.decompress(found[name]) == files[name].path.read_bytes()


def test_the_page_has_the_detector_of_the_package_in_half_precision() -> None:
    made = runpy.run_path(str(_ROOT / "scripts" / "web" / "detector.py"))["detector_content"]()
    kept = (_ROOT / "web" / "static" / "rfb_320.onnx").read_bytes()
    assert kept == made, "run: python scripts/web/detector.py, then npm run build in web/"
    assert lzma.decompress((PAGE / "rfb_320.onnx.xz").read_bytes()) == kept


def test_a_page_that_was_not_built_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "PAGE", tmp_path)
    with pytest.raises(PhysiocamError, match="holds no page; install physiocam again, or build it"):
        site_files(load_bundle())
