"""Fetching weights from a server that behaves as a model hub does, and as it should not."""

import asyncio
import hashlib
import io
import json
import tarfile
from collections import Counter

import pytest
from aiohttp import web

from hub.engine.personaplex.setup import fetch as fetching
from hub.engine.personaplex.setup.download import Checksum, Download, FetchError, file_checksum
from hub.engine.personaplex.setup.fetch import REPOSITORY, Source, fetch
from hub.engine.personaplex.setup.weights import MIMI, MODEL, TOKENIZER, VOICES_ARCHIVE

TOKEN = "hf_right"


def archive(**files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"voices/{name}.pt")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


class ModelHub:
    """One repository, and a second address that its files are redirected to. A test changes what it does."""

    def __init__(self):
        self.files = {
            MODEL: bytes(range(256)) * 4000,
            MIMI: b"mimi" * 1000,
            TOKENIZER: b"pieces" * 50,
            VOICES_ARCHIVE: archive(NATF0=b"one", NATM0=b"two"),
            "README.md": b"The model card.",
        }
        self.token = TOKEN
        self.status = {}
        self.break_off = []
        self.ranges = True
        self.wrong_bytes = set()
        self.etags = True
        self.more = 0
        self.asked = Counter()
        self.sent_bytes = Counter()
        self.tokens_at_store = []
        self.url = ""

    async def resolve(self, request):
        name = request.match_info["name"]
        self.asked[request.method, name] += 1
        if name in self.status:
            return web.Response(status=self.status[name], headers={"Retry-After": "30"})
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        if name not in self.files:
            return web.Response(status=404)
        digest = hashlib.sha256(self.files[name]).hexdigest()
        headers = {"Location": f"{self.store}/blob/{name}", "X-Linked-Size": str(len(self.files[name]))}
        if self.etags:
            headers["X-Linked-Etag"] = f'"{digest}"'
        return web.Response(status=302, headers=headers)

    async def blob(self, request):
        name = request.match_info["name"]
        if "Authorization" in request.headers:
            self.tokens_at_store.append(request.headers["Authorization"])
        data = self.files[name]
        if name in self.wrong_bytes:
            data = b"x" * len(data)
        data += b"more" * self.more
        start = 0
        if self.ranges and "Range" in request.headers:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        size = len(data) - start
        headers = {"Content-Length": str(size), "ETag": '"opaque"'}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        answer = web.StreamResponse(status=206 if start else 200, headers=headers)
        await answer.prepare(request)
        if request.method == "HEAD":
            return answer
        end = start + self.break_off.pop(0) if self.break_off and name == MODEL else len(data)
        await answer.write(data[start:end])
        self.sent_bytes[name] += min(end, len(data)) - start
        if end < len(data):
            request.transport.abort()
        return answer


@pytest.fixture
async def hub(monkeypatch):
    monkeypatch.setattr(fetching, "_SPARE_BYTES", 0)
    it = ModelHub()
    runners = []
    for route, handler in (
        (f"/{REPOSITORY}/resolve/main/{{name}}", it.resolve),
        ("/blob/{name}", it.blob),
    ):
        app = web.Application()
        app.router.add_route("*", route, handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
    it.url, it.store = (f"http://127.0.0.1:{runner.addresses[0][1]}" for runner in runners)
    yield it
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    async def at_once(_seconds):
        await asyncio.sleep(0)

    init = Download.__init__
    monkeypatch.setattr(Download, "__init__", lambda self, *a, **kw: init(self, *a, **kw, sleep=at_once))


def source(hub, token=TOKEN):
    return Source(endpoint=hub.url, token=token)


async def refusal(hub, folder, token=TOKEN):
    with pytest.raises(FetchError) as caught:
        await fetch(source(hub, token), folder, lambda *_news: None)
    return caught.value.sentence


async def test_everything_is_fetched_proved_and_unpacked(hub, tmp_path):
    news = []
    result = await fetch(source(hub), tmp_path / "w", lambda *one: news.append(one))
    for name, data in hub.files.items():
        assert (tmp_path / "w" / name).read_bytes() == data
    assert (tmp_path / "w" / "voices" / "NATF0.pt").read_bytes() == b"one"
    assert result.voices == ("NATF0.pt", "NATM0.pt")
    assert set(result.verified) == set(hub.files)
    assert (MODEL, len(hub.files[MODEL]), len(hub.files[MODEL])) in news
    assert [path.name for path in (tmp_path / "w").iterdir() if path.name.startswith(".")] == []


async def test_a_second_fetch_downloads_nothing(hub, tmp_path):
    await fetch(source(hub), tmp_path, lambda *_news: None)
    before = hub.sent_bytes.copy()
    result = await fetch(source(hub), tmp_path, lambda *_news: None)
    assert result.downloaded == ()
    assert hub.sent_bytes == before


async def test_a_file_that_was_changed_on_disk_is_fetched_again_once_its_record_is_gone(hub, tmp_path):
    await fetch(source(hub), tmp_path, lambda *_news: None)
    (tmp_path / TOKENIZER).write_bytes(b"broken" * 50)
    (tmp_path / "fetched.json").unlink()
    result = await fetch(source(hub), tmp_path, lambda *_news: None)
    assert result.downloaded == (TOKENIZER,)
    assert (tmp_path / TOKENIZER).read_bytes() == hub.files[TOKENIZER]


async def test_a_connection_that_breaks_off_goes_on_where_it_was(hub, tmp_path):
    hub.break_off = [300_000, 1, 200_000]
    await fetch(source(hub), tmp_path, lambda *_news: None)
    assert (tmp_path / MODEL).read_bytes() == hub.files[MODEL]
    assert hub.sent_bytes[MODEL] == len(hub.files[MODEL])


async def test_a_server_without_ranges_starts_over_and_still_gives_the_right_file(hub, tmp_path):
    hub.ranges = False
    hub.break_off = [300_000]
    await fetch(source(hub), tmp_path, lambda *_news: None)
    assert (tmp_path / MODEL).read_bytes() == hub.files[MODEL]
    assert hub.sent_bytes[MODEL] == 300_000 + len(hub.files[MODEL])


async def test_a_later_fetch_goes_on_from_an_earlier_one(hub, tmp_path):
    hub.break_off = [300_000, *[0] * 20]
    sentence = await refusal(hub, tmp_path)
    assert "the same command goes on" in sentence
    hub.break_off = []
    await fetch(source(hub), tmp_path, lambda *_news: None)
    assert (tmp_path / MODEL).read_bytes() == hub.files[MODEL]
    assert hub.sent_bytes[MODEL] == len(hub.files[MODEL])


async def test_a_new_release_does_not_go_on_from_the_bytes_of_the_old(hub, tmp_path):
    hub.break_off = [300_000, *[0] * 20]
    await refusal(hub, tmp_path)
    hub.break_off, hub.files[MODEL] = [], bytes(reversed(hub.files[MODEL]))
    await fetch(source(hub), tmp_path, lambda *_news: None)
    assert (tmp_path / MODEL).read_bytes() == hub.files[MODEL]


async def test_wrong_bytes_are_thrown_away(hub, tmp_path):
    hub.wrong_bytes = {TOKENIZER}
    assert "other bytes than the server promised" in await refusal(hub, tmp_path)
    assert not (tmp_path / TOKENIZER).exists()
    assert list(tmp_path.glob(".*.part")) == []


async def test_more_bytes_than_promised_are_not_written(hub, tmp_path):
    hub.more = 1000
    assert "more of" in await refusal(hub, tmp_path)
    assert not (tmp_path / TOKENIZER).exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "HF_TOKEN"),
        (403, "accept the licence there"),
        (404, "correct the endpoint or the revision"),
        (429, "try again in 30 s"),
        (500, "try again later"),
    ],
)
async def test_a_refusal_says_what_to_do(hub, tmp_path, status, words):
    hub.status = {TOKENIZER: status}
    sentence = await refusal(hub, tmp_path)
    assert words in sentence
    assert TOKEN not in sentence


async def test_without_a_token_the_first_thing_asked_for_is_refused_before_gigabytes(hub, tmp_path):
    assert "HF_TOKEN" in await refusal(hub, tmp_path, token=None)
    assert not hub.sent_bytes


async def test_the_token_stays_with_the_endpoint(hub, tmp_path):
    await fetch(source(hub), tmp_path, lambda *_news: None)
    assert hub.tokens_at_store == []


def test_the_token_is_not_sent_in_the_clear_over_a_network():
    plain = Source(endpoint="http://mirror.lan", token=TOKEN)
    assert "Authorization" not in plain.headers(plain.url(MODEL))
    sealed = Source(endpoint="https://mirror.lan", token=TOKEN)
    assert sealed.headers(sealed.url(MODEL))["Authorization"] == f"Bearer {TOKEN}"


async def test_a_server_that_names_no_checksum_is_used_and_nothing_is_called_proved(hub, tmp_path):
    hub.etags = False
    result = await fetch(source(hub), tmp_path, lambda *_news: None)
    assert result.verified == ()
    recorded = json.loads((tmp_path / "fetched.json").read_text())
    assert recorded[MODEL] == f"sha256:{hashlib.sha256(hub.files[MODEL]).hexdigest()}"


async def test_the_model_card_may_be_missing(hub, tmp_path):
    del hub.files["README.md"]
    result = await fetch(source(hub), tmp_path, lambda *_news: None)
    assert "README.md" not in result.downloaded
    assert result.voices


async def test_too_small_a_disk_is_told_before_anything_is_downloaded(hub, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _path: usage)
    assert "of disk are needed" in await refusal(hub, tmp_path)
    assert not hub.sent_bytes


async def test_two_fetches_into_one_folder_do_not_mix(hub, tmp_path):
    with fetching._own(tmp_path):
        assert "Another fetch" in await refusal(hub, tmp_path)


async def test_nobody_there(tmp_path):
    with pytest.raises(FetchError, match="cannot be reached"):
        await fetch(Source(endpoint="http://127.0.0.1:9"), tmp_path, lambda *_news: None)


@pytest.mark.parametrize("endpoint", ["", "mirror", "ftp://mirror", "http://"])
async def test_an_endpoint_that_is_none(tmp_path, endpoint):
    with pytest.raises(FetchError, match="no address"):
        await fetch(Source(endpoint=endpoint), tmp_path, lambda *_news: None)


async def test_redirects_without_end(hub, tmp_path):
    async def around(request):
        return web.Response(status=302, headers={"Location": request.path})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", around)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with pytest.raises(FetchError, match="from one address to the next"):
            await fetch(Source(endpoint=f"http://127.0.0.1:{runner.addresses[0][1]}"), tmp_path, lambda *_news: None)
    finally:
        await runner.cleanup()


def test_a_small_file_is_proved_as_git_names_it(tmp_path):
    (tmp_path / "a").write_bytes(b"hello\n")
    # What `git hash-object` prints for this content.
    assert file_checksum(tmp_path / "a", "git", lambda _done: None).hex == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize(
    ("etag", "kind"),
    [(f'"{"a" * 64}"', "sha256"), (f'W/"{"b" * 40}"', "git"), ('"5f-61"', None), ("", None), (None, None)],
)
def test_an_etag_is_a_checksum_only_if_it_looks_like_one(etag, kind):
    checksum = Checksum.parse(etag)
    assert (checksum.kind if checksum else None) == kind
