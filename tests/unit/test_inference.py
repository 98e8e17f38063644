"""Where models run: onnxruntime and OpenVINO answer alike, share what they load, and stand in for each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, save_model

from engine.adapters import onnx, openvino
from engine.adapters.cv import cv2
from engine.adapters.detection import TextDetector
from engine.adapters.inference import CPU, CUDA, OPENVINO, choose_provider, open_session
from engine.adapters.model_sets import SET_NAMES, model_set
from engine.adapters.ocr import TextReader
from engine.domain.errors import EnvironmentProblem, UserFixable
from engine.textfold import fold_compact

needs_openvino = pytest.mark.skipif(
    not openvino.works(model_set("ppocr-v6-tiny").reader.path), reason="no OpenVINO for this machine"
)

BOARDS = ("HANKOOK", "EMIRATES", "SANTANDER")


def street(texts: tuple[str, ...]) -> np.ndarray:
    """A green picture of 640 x 360 with one white board a text."""
    image = np.full((360, 640, 3), (40, 120, 40), np.uint8)
    for row, text in enumerate(texts):
        top = 40 + 100 * row
        cv2.rectangle(image, (60, top), (580, top + 60), (245, 245, 245), -1)
        cv2.putText(image, text, (80, top + 44), cv2.FONT_HERSHEY_DUPLEX, 1.2, (120, 30, 10), 2, cv2.LINE_AA)
    return image


def test_the_provider_is_one_that_runs_a_model() -> None:
    provider = choose_provider()
    session = open_session(model_set("ppocr-v6-tiny").reader.path, provider)
    assert isinstance(session, openvino.OpenVinoSession if provider == OPENVINO else onnx.OnnxSession)
    (answer,) = session.run({session.inputs[0].name: np.zeros((1, 3, 48, 160), np.float32)})
    assert answer.shape == (1, 20, session.outputs[0].shape[-1])


@needs_openvino
@pytest.mark.parametrize("name", SET_NAMES)
def test_openvino_finds_what_onnxruntime_finds(name: str) -> None:
    model, image = model_set(name), street(BOARDS)
    found = {p: TextDetector(model.detector, p).find(image) for p in (CPU, OPENVINO)}
    for ours, theirs in zip(found[OPENVINO], found[CPU], strict=True):
        assert np.abs(ours.quad - theirs.quad).max() < 6


@needs_openvino
def test_openvino_reads_what_onnxruntime_reads() -> None:
    model, image = model_set("ppocr-v6-small"), street(BOARDS)
    boards = [image[40 + 100 * row : 100 + 100 * row, 60:580] for row in range(len(BOARDS))]
    read = {p: TextReader(model.reader, p).read(boards) for p in (CPU, OPENVINO)}
    assert [fold_compact(t.text) for t in read[OPENVINO]] == [name.lower() for name in BOARDS]
    for ours, theirs in zip(read[OPENVINO], read[CPU], strict=True):
        assert fold_compact(ours.text) == fold_compact(theirs.text)
        assert ours.score == pytest.approx(theirs.score, abs=0.05)


@needs_openvino
@pytest.mark.parametrize("name", ["ppocr-v6-small", "ppocr-v6-tiny"])
def test_crops_read_together_read_as_they_do_alone(name: str) -> None:
    reader, image = TextReader(model_set(name).reader, OPENVINO), street(BOARDS)
    boards = [image[40 + 100 * row : 100 + 100 * row, 60:580] for row in range(len(BOARDS))]
    crops = [*boards, *(board[:, :260] for board in boards), *(board[:, :120] for board in boards)]
    assert reader.read(crops) == [reader.read([crop])[0] for crop in crops]


@needs_openvino
def test_openvino_tells_what_onnxruntime_tells_about_a_model() -> None:
    path = model_set("ppocr-v6-small").reader.path
    ours, theirs = open_session(path, OPENVINO), open_session(path, CPU)
    assert (ours.inputs, ours.outputs) == (theirs.inputs, theirs.outputs)
    assert ours.metadata["character"] == theirs.metadata["character"]


@needs_openvino
def test_a_few_sizes_and_any_size_answer_alike() -> None:
    path = model_set("ppocr-v6-tiny").reader.path
    any_size, few_sizes = open_session(path, OPENVINO), open_session(path, OPENVINO, few_sizes=True)
    name = any_size.inputs[0].name
    noise = np.random.default_rng(1)
    for width in (160, 240, 320, 400, 160, 240, 240):
        tensor = noise.random((1, 3, 48, width), np.float32)
        (one,), (other,) = any_size.run({name: tensor}), few_sizes.run({name: tensor})
        assert one.shape == other.shape == (1, width // 8, few_sizes.outputs[0].shape[-1])
        assert np.abs(one - other).max() < 0.02


@needs_openvino
def test_sessions_of_one_model_share_it_and_the_last_one_lets_it_go() -> None:
    path = model_set("ppocr-v4").reader.path
    first, second = openvino.OpenVinoSession(path), openvino.OpenVinoSession(path)
    assert first._model is second._model
    held = [key for key in openvino._loaded if key[0] == str(path)]
    assert len(held) == 1
    del first, second
    assert not [key for key in openvino._loaded if key[0] == str(path)]


@needs_openvino
def test_first_answers_in_many_threads_at_once_all_come() -> None:
    code = """
import os, threading
import numpy as np
from engine.adapters.inference import OPENVINO, open_session
from engine.adapters.model_sets import model_set
path = model_set("ppocr-v6-tiny").reader.path
ready = threading.Barrier(4)
def first():
    session = open_session(path, OPENVINO)
    ready.wait()
    session.run({session.inputs[0].name: np.zeros((1, 3, 48, 160), np.float32)})
threads = [threading.Thread(target=first, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(30)
print(sum(thread.is_alive() for thread in threads), flush=True)
os._exit(0)
"""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=150)
        assert done.stdout.strip() == "0", done.stdout + done.stderr


@needs_openvino
def test_what_openvino_cannot_load_is_left_to_onnxruntime(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_text("not a model")
    with pytest.raises(openvino.CannotRun):
        openvino.OpenVinoSession(broken)
    with pytest.raises(UserFixable, match="can't be loaded"):
        open_session(broken, OPENVINO)


@needs_openvino
def test_a_model_of_another_size_is_told_plainly(tmp_path: Path) -> None:
    flat = helper.make_tensor("flat", TensorProto.INT64, [2], [1, 3 * 64 * 64])
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["picture", "flat"], ["answer"])],
        "fixed",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, None, None])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 3 * 64 * 64])],
        [flat],
    )
    path = tmp_path / "fixed.onnx"
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    session = open_session(path, OPENVINO, few_sizes=True)
    (answer,) = session.run({"picture": np.ones((1, 3, 64, 64), np.float32)})
    assert answer.shape == (1, 3 * 64 * 64)
    with pytest.raises(EnvironmentProblem, match="1×3×96×96"):
        session.run({"picture": np.ones((1, 3, 96, 96), np.float32)})


def test_without_openvino_onnxruntime_runs_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "_cores", [])
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert choose_provider() in (CPU, CUDA)
