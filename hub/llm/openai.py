"""A chat model behind the OpenAI-compatible HTTP API: OpenAI itself, Ollama, llama.cpp, vLLM and many others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from hub.llm.completion import Completion
from hub.llm.port import (
    Message,
    ModelBusyError,
    ModelError,
    ModelEvent,
    ModelKeyError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelTooLongError,
    ModelUnreachableError,
    ToolSpec,
)
from hub.llm.server_sent_events import EventStream
from hub.secret_file import SecretFile, SecretFileError

MAX_RESPONSE_BYTES: Final = 4 * 1024 * 1024
_MAX_ERROR_BYTES: Final = 4096
_MAX_HINT_CHARACTERS: Final = 200
_ERROR_BODY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Where a model is and how it is asked.

    Attributes:
        url: the API's base, such as http://localhost:11434/v1.
        api_key: None sends none.
        connect_timeout_s: for the connection alone.
        first_token_timeout_s: from the question to the first sign of an answer; later no pause may be longer either.
        timeout_s: from the question to the end of the answer.
    """

    url: str
    model: str
    api_key: SecretFile | None = None
    temperature: float = 0.3
    max_tokens: int = 400
    connect_timeout_s: float = 3.0
    first_token_timeout_s: float = 15.0
    timeout_s: float = 60.0

    @property
    def completions_url(self) -> str:
        """The address of chat completions."""
        return f"{self.url.rstrip('/').removesuffix('/chat/completions')}/chat/completions"


class OpenAiModel:
    """Implements `ChatModel`."""

    def __init__(self, options: ModelOptions) -> None:
        self._options = options
        self._http: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """The model's own."""
        return self._options.model

    async def close(self) -> None:
        """Give back the connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ModelEvent, None]:
        """See `ChatModel.answer`."""
        clock = _Deadlines(self._options)
        response = await self._ask(self._request(messages, tools), clock)
        try:
            if response.status != 200:
                raise await self._refusal(response, with_tools=bool(tools))
            async with aclosing(_events(response, clock)) as events:
                async for event in events:
                    yield event
            if response.content.at_eof():
                response.release()  # the connection serves the next question
        finally:
            response.close()

    def _request(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, Any]:
        options = self._options
        request: dict[str, Any] = {
            "model": options.model,
            "messages": [_wire(message) for message in messages],
            "temperature": options.temperature,
            "max_tokens": options.max_tokens,
            "stream": True,
        }
        return {**request, "tools": list(tools)} if tools else request

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"}
        if self._options.api_key is None:
            return headers
        try:
            return {**headers, "Authorization": f"Bearer {self._options.api_key.read()}"}
        except SecretFileError as error:
            raise ModelKeyError(f"{error.sentence} Put the key of expert.url into it.") from error

    async def _ask(self, request: dict[str, Any], clock: _Deadlines) -> aiohttp.ClientResponse:
        headers = self._headers()
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=None, connect=self._options.connect_timeout_s)
            self._http = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        url = self._options.completions_url
        try:
            async with asyncio.timeout_at(clock.next_s):
                try:
                    return await self._http.post(url, json=request, headers=headers, allow_redirects=False)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError):
                    # A connection kept from the question before may have been closed by the server in the meantime.
                    return await self._http.post(url, json=request, headers=headers, allow_redirects=False)
        except aiohttp.ConnectionTimeoutError:
            raise ModelUnreachableError(
                f"No connection to {url} within {self._options.connect_timeout_s:g} s; is the server there?"
            ) from None
        except TimeoutError:
            raise clock.fault() from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ModelUnreachableError(
                f"The expert's server at {url} does not answer ({type(error).__name__}); is it running?"
            ) from error

    async def _refusal(self, response: aiohttp.ClientResponse, *, with_tools: bool) -> ModelError:
        status, url, hint = response.status, self._options.completions_url, await _hint(response)
        error: ModelError = ModelRefusedError(
            f"{url} does not accept the question (status {status}); its log says why."
        )
        if status in (401, 403):
            error = ModelKeyError(f"{url} does not accept the key (status {status}); look at expert.api_key_file.")
        elif status in (429, 503):
            error = ModelBusyError(f"{url} is busy (status {status}); it may take the next question.")
        elif status >= 500:
            error = ModelError(f"{url} failed (status {status}); its log says why.")
        elif status == 404:
            error = ModelRefusedError(
                f"{url} does not know the address or the model “{self._options.model}”; look at expert.url and"
                f" expert.model.{f' It says: {hint}' if hint else ''}"
            )
        elif 300 <= status < 400:
            error = ModelRefusedError(
                f"{url} sends elsewhere (status {status}); write the final address in expert.url."
            )
        elif with_tools and "tool" in hint.lower():
            error = ModelRefusedError(f"The model “{self._options.model}” knows no tools; set expert.tools to false.")
        return error


class _Deadlines:
    """When a request must have shown its next sign of life."""

    def __init__(self, options: ModelOptions) -> None:
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._asked_s = self._alive_s = self._loop.time()

    @property
    def next_s(self) -> float:
        """The event loop's time of the nearest deadline."""
        return min(self._alive_s + self._options.first_token_timeout_s, self._asked_s + self._options.timeout_s)

    def alive(self) -> None:
        """The model has made something."""
        self._alive_s = self._loop.time()

    def fault(self) -> ModelTimeoutError:
        """What to say when a deadline has passed."""
        if self._loop.time() >= self._asked_s + self._options.timeout_s:
            return ModelTimeoutError(f"The expert's answer was not complete after {self._options.timeout_s:g} s.")
        return ModelTimeoutError(f"The expert was silent for {self._options.first_token_timeout_s:g} s.")


async def _events(response: aiohttp.ClientResponse, clock: _Deadlines) -> AsyncGenerator[ModelEvent, None]:
    completion, stream = Completion(), EventStream()
    streamed = response.content_type != "application/json"  # some servers answer in one piece, whatever was asked
    whole = bytearray()
    async with aclosing(_chunks(response, clock)) as chunks:
        async for chunk in chunks:
            if not streamed:
                whole += chunk
                continue
            for data in stream.feed(chunk):
                for piece in completion.take(data):
                    clock.alive()
                    yield piece
            if completion.ended is not None:
                yield completion.ended
                return
    for data in stream.close() if streamed else [bytes(whole)]:
        for piece in completion.take(data):
            yield piece
    completion.close()
    if completion.ended is not None:
        yield completion.ended


async def _chunks(response: aiohttp.ClientResponse, clock: _Deadlines) -> AsyncGenerator[bytes, None]:
    read_bytes = 0
    while True:
        try:
            async with asyncio.timeout_at(clock.next_s):
                chunk = await response.content.readany()
        except TimeoutError:
            raise clock.fault() from None
        except (aiohttp.ClientError, OSError) as error:
            raise ModelUnreachableError("The connection to the expert broke in the middle of its answer.") from error
        if not chunk:
            return
        read_bytes += len(chunk)
        if read_bytes > MAX_RESPONSE_BYTES:
            raise ModelTooLongError(f"The expert sent more than {MAX_RESPONSE_BYTES} bytes for one answer.")
        yield chunk


async def _hint(response: aiohttp.ClientResponse) -> str:
    """What the server says about its refusal, if it can be had quickly."""
    try:
        async with asyncio.timeout(_ERROR_BODY_S):
            body = await response.content.read(_MAX_ERROR_BYTES)
        error = json.loads(body)["error"]
        text = error["message"] if isinstance(error, dict) else error
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
        return ""
    return " ".join(str(text).split())[:_MAX_HINT_CHARACTERS]


def _wire(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.call_id:
        wire["tool_call_id"] = message.call_id
    return wire
