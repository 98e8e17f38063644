"""Two threads that load modules at once: PySide's import hook once handed out half-made ones (see ui/imports.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TWO_AT_ONCE = """
import inspect, os, queue, sys, threading
from ui.application import make_qt_application

app = make_qt_application()
sys.path.insert(0, sys.argv[1])
look, news, go_on = inspect.getsource, queue.Queue(), threading.Event()


def load_the_other():
    import loaded_meanwhile
    news.put("it is loaded")


def getsource(module):
    name = getattr(module, "__name__", "")
    if name == "loaded_meanwhile":
        news.put("it is being looked at")
        go_on.wait()
    elif name == "pydantic.errors":
        go_on.set()
        other.join()
    return look(module)


def meanwhile(event, given):
    if event == "exec" and getattr(given[0], "co_filename", "").endswith(os.path.join("pydantic", "errors.py")):
        other.start()
        news.get()


other = threading.Thread(target=load_the_other)
inspect.getsource = getsource
sys.addaudithook(meanwhile)
from app.models_service import list_price

price = list_price("openai", "gpt-4o-mini")
go_on.set()
other.join()
print(price.input_usd > 0)
"""


def test_a_price_is_found_while_another_thread_loads_a_module(tmp_path: Path):
    (tmp_path / "loaded_meanwhile.py").write_text("", "utf-8")
    child = subprocess.run(
        [sys.executable, "-c", TWO_AT_ONCE, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert child.stdout.split() == ["True"], child.stderr
