"""A model server on loopback: speaks both protocols, reads the sheets, answers from a truth, or misbehaves."""

from __future__ import annotations

import base64
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from rapidfuzz import fuzz

from engine.adapters.cv import cv2
from engine.adapters.detection import TextDetector
from engine.adapters.model_sets import detector_model, reader_model
from engine.adapters.ocr import TextReader
from engine.crops import rectified
from engine.escalation.sheets import CELL, GUTTER, HEADER, cell_corner
from engine.textfold import fold_compact

INVENTED = ("Zyphora", "Quarnel", "Blentivo", "Morvexa", "Talderon", "Ostrique", "Vekkari", "Lumbrex")


@dataclass(frozen=True)
class Asked:
    """One question as it came in. `cells` counts the sheet's cells, `texts` is what could be read in them."""

    protocol: str
    model: str
    cells: int
    texts: tuple[str, ...]
    schema: bool
    when: float


@dataclass
class Behaviour:
    """How the server answers. `only` limits a fault to the first so many questions (None: all); it waits `wait`
    seconds, or until it closes, before each answer once it has given `after` of them."""

    fault: str = ""
    only: int | None = None
    wait: float = 0.0
    after: int = 0
    retry_after: str = ""
    usage: tuple[Any, Any] | None = None


@dataclass
class ModelServer:
    """`signs` is the truth: (text on the sign, brand or None where it is none). `key` '' wants none."""

    signs: list[tuple[str, str | None]]
    key: str = ""
    model: str = "truth-vl"
    behaviour: Behaviour = field(default_factory=Behaviour)
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, int]] = field(default_factory=list)
    """(input, output) tokens of each answer as reported."""
    broken_off: int = 0
    """Answers that the asker no longer waited for."""
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    on_question: Callable[[], None] = lambda: None
    """Called while a question is under way, before it is answered."""
    seed: int = 0
    """Of what is made up: the same question gets the same lies, in whatever order questions come."""
    _faults: int = 0

    @property
    def openai(self) -> str:
        return f"{self.url}/v1"

    def faulty(self) -> bool:
        with self.lock:
            if not self.behaviour.fault:
                return False
            self._faults += 1
            return self.behaviour.only is None or self._faults <= self.behaviour.only

    # Seeing ----------------------------------------------------------------------------------------

    def read_cells(self, jpeg: bytes) -> list[str]:
        """The text of every cell of a sheet, '' where none can be read."""
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None, "the picture can't be decoded"
        columns = (picture.shape[1] - GUTTER) // (CELL + GUTTER)
        rows = (picture.shape[0] - GUTTER) // (HEADER + CELL + GUTTER)
        with self.lock:
            detector, reader = eyes()
            found = []
            for number in range(1, columns * rows + 1):
                x, y = cell_corner(number, columns)
                cell = np.ascontiguousarray(picture[y : y + CELL, x : x + CELL])
                if np.all(picture[y - HEADER + 4 : y - 2, x + 4 : x + 60] > 200):
                    break  # no number above it: the sheet ends here
                found.append(_text_of(cell, detector, reader))
        return found

    def judge(self, text: str) -> tuple[str | None, str]:
        """(brand or None, text on the sign) of the truth's sign that a reading shows; ('', '') where none does."""
        read = fold_compact(text)
        best, score = ("", ""), 0.0
        for sign, brand in self.signs:
            written = fold_compact(sign)
            if not written or not read:
                continue
            likeness = max(
                fuzz.ratio(read, written), fuzz.partial_ratio(read, written) * min(1, len(read) / 5)
            )
            if likeness > score:
                best, score = (brand, sign), likeness  # type: ignore[assignment]
        return best if score >= 72 else ("", "")

    def answer(self, texts: list[str], faulty: bool) -> str:
        """What the model writes about a sheet."""
        fault = self.behaviour.fault if faulty else ""
        rng = random.Random(f"{self.seed} {texts}")
        cells = []
        for number, text in enumerate(texts, start=1):
            brand, sign = self.judge(text)
            blank = not text
            cell = {
                "cell": number,
                "visible_text": text,
                "brand": "OTHER" if brand else "UNREADABLE" if brand == "" else "NOT_A_BRAND",
                "other_name": brand or "",
                "evidence": "text" if sign else "none",
                "confidence": 0.93 if sign else 0.2,
            }
            if fault in ("lies", "misnames") and not blank:
                name = rng.choice(INVENTED)
                cell |= {"brand": "OTHER", "other_name": name, "confidence": 0.99}
                cell |= {"evidence": rng.choice(["text", "symbol", "both"])}
                if fault == "lies":
                    cell["visible_text"] = name.upper()
            if fault == "canary" or (fault == "lies_all" and blank):
                cell |= {"visible_text": "Zyphora", "brand": "OTHER", "other_name": "Zyphora"}
                cell |= {"evidence": "text", "confidence": 0.99}
            if fault == "wrong_cells":
                cell["cell"] = number + len(texts)
            cells.append(cell)
        body = json.dumps({"cells": cells})
        if fault == "prose":
            return f"Gladly! Here is {{what}} I see:\n```json\n{body}\n```\nAnything else?"
        if fault == "cut":
            return body[: len(body) * 2 // 3]
        if fault == "echo":
            return f"{body} {self.key}"
        return body


@lru_cache(maxsize=1)
def eyes() -> tuple[TextDetector, TextReader]:
    """What the servers of a session read sheets with, one at a time."""
    return TextDetector(detector_model("ppocr-v6-small")), TextReader(reader_model("ppocr-v6-small"))


def _text_of(cell: Any, detector: TextDetector, reader: TextReader) -> str:
    lines = detector.find(cell)
    lines.sort(key=lambda line: (round(float(line.quad[:, 1].mean()) / 24), float(line.quad[:, 0].min())))
    crops = [rectified(cell, line.quad) for line in lines]
    read = reader.read(crops) if crops else []
    return " ".join(r.text for r in read if r.score > 0.5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        own = self.server.own
        if not self._allowed():
            return
        if self.path.partition("?")[0] == "/v1/models":
            if self.headers.get("anthropic-version"):
                data = {"id": own.model, "type": "model", "display_name": own.model}
                data["created_at"] = "2026-01-01T00:00:00Z"
                self._send(
                    200, {"data": [data], "has_more": False, "first_id": own.model, "last_id": own.model}
                )
            else:
                one = {"id": own.model, "object": "model", "created": 1, "owned_by": "tests"}
                self._send(200, {"object": "list", "data": [one]})
        else:
            self._send(404, {"error": {"message": "no such path"}})

    def do_POST(self) -> None:
        own = self.server.own
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._allowed():
            return
        if self.path == "/v1/chat/completions":
            protocol = "openai"
        elif self.path == "/v1/messages":
            protocol = "anthropic"
        else:
            self._send(404, {"error": {"message": f"no such path {self.path}"}})
            return
        wrong = self._wrong(protocol, body)
        if wrong:
            self._send(400, {"error": {"type": "invalid_request_error", "message": wrong}})
            return
        if body["model"] != own.model:
            self._send(404, {"error": {"message": f"model {body['model']!r} not found"}})
            return
        images, text = self._content(protocol, body)
        texts = own.read_cells(images[0])
        schema = "response_format" in body or "output_config" in body
        with own.lock:
            own.asked.append(
                Asked(protocol, body["model"], len(texts), tuple(texts), schema, time.monotonic())
            )
        assert f"sheet of {len(texts)} numbered cells" in text or len(texts) == 1, text[:80]
        own.on_question()
        faulty = own.faulty()
        fault = own.behaviour.fault if faulty else ""
        if own.behaviour.wait and len(own.answers) >= own.behaviour.after:
            own.closing.wait(own.behaviour.wait)
        if fault == "drop":
            self.close_connection = True
            self.connection.close()
        elif fault == "busy":
            self._send(
                429,
                {"error": {"message": f"slow down {own.key}"}},
                {"Retry-After": own.behaviour.retry_after},
            )
        elif fault == "error":
            self._send(500, {"error": {"message": f"it broke {own.key}"}})
        elif fault == "denied":
            self._send(401, {"error": {"message": f"Incorrect API key provided: {own.key}"}})
        elif fault == "no_schema" and schema:
            self._send(400, {"error": {"message": "response_format is not supported"}})
        else:
            self._answer(protocol, own.answer(texts, faulty), images, text, fault)

    def _allowed(self) -> bool:
        own = self.server.own
        if not own.key:
            return True
        given = self.headers.get("x-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        if given == own.key:
            return True
        self._send(401, {"error": {"message": f"Incorrect API key provided: {given}"}})
        return False

    def _wrong(self, protocol: str, body: dict[str, Any]) -> str:
        """What a strict server would refuse."""
        if "temperature" in body or "tool_choice" in body:
            return "temperature and tool_choice are not accepted by this model"
        if protocol == "anthropic":
            if not self.headers.get("anthropic-version"):
                return "anthropic-version is missing"
            if not isinstance(body.get("max_tokens"), int):
                return "max_tokens is required"
            if any(m["role"] == "system" for m in body["messages"]):
                return "system goes beside the messages"
        elif "max_tokens" in body and "max_completion_tokens" in body:
            return "give one limit"
        return ""

    @staticmethod
    def _content(protocol: str, body: dict[str, Any]) -> tuple[list[bytes], str]:
        """Images and text of the person's message."""
        images, texts = [], []
        for block in body["messages"][-1]["content"]:
            if block["type"] == "text":
                texts.append(block["text"])
            elif protocol == "openai":
                head, _, data = block["image_url"]["url"].partition(",")
                assert head == "data:image/jpeg;base64"
                images.append(base64.b64decode(data, validate=True))
            else:
                assert block["source"]["media_type"] == "image/jpeg"
                images.append(base64.b64decode(block["source"]["data"], validate=True))
        return images, "".join(texts)

    def _answer(self, protocol: str, answer: str, images: list[bytes], text: str, fault: str) -> None:
        own = self.server.own
        picture: Any = cv2.imdecode(np.frombuffer(images[0], np.uint8), cv2.IMREAD_COLOR)
        height, width = picture.shape[:2]
        tokens: tuple[Any, Any] = (len(text) // 4 + width * height // 750, max(1, len(answer) // 4))
        if fault == "usage":
            assert own.behaviour.usage is not None
            tokens = own.behaviour.usage
        refused = fault == "refusal"
        if protocol == "openai":
            message = {"role": "assistant", "content": None if refused else answer}
            if refused:
                message["refusal"] = "I can't help with that."
            body = {
                "id": "c1",
                "object": "chat.completion",
                "created": 1,
                "model": own.model,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
                "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": 0},
            }
        else:
            body = {
                "id": "m1",
                "type": "message",
                "role": "assistant",
                "model": own.model,
                "content": [] if refused else [{"type": "text", "text": answer}],
                "stop_reason": "refusal" if refused else "end_turn",
                "stop_sequence": None,
                "usage": {"input_tokens": tokens[0], "output_tokens": tokens[1]},
            }
        with own.lock:
            own.answers.append(tokens)
        self._send(200, body, cut=fault == "cut_body")

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None, cut: bool = False) -> None:
        data = json.dumps(body).encode()
        if cut:
            data = data[: len(data) // 2]
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True
            with self.server.own.lock:
                self.server.own.broken_off += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    own: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)


@contextmanager
def model_server(signs: Iterable[tuple[str, str | None]], **values: Any) -> Iterator[ModelServer]:
    """A server that runs while the context is open."""
    own = ModelServer(list(signs), **values)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.own = own
    own.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="model-server"
    )
    thread.start()
    try:
        yield own
    finally:
        own.closing.set()
        with suppress(OSError):
            server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a port that is taken, so that no other process answers there, but refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def signs_of(truth: Any) -> list[tuple[str, str | None]]:
    """The truth of a rendered demo as a model server wants it."""
    return list(dict.fromkeys((sign.text, sign.brand) for sign in truth.signs if sign.text))
