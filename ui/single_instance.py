"""One window per library: a second start raises the first one and hands its videos over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

ANSWER_MS = 1500


def server_name(folder: Path) -> str:
    """The name of a library's meeting place, short enough for every system."""
    digest = hashlib.sha256(str(folder.expanduser().resolve()).encode()).hexdigest()[:16]
    return f"sponsight-{digest}"


def hand_over(folder: Path, videos: Sequence[Path]) -> bool:
    """True where a window has this library open: it was raised and got the videos."""
    socket = QLocalSocket()
    socket.connectToServer(server_name(folder))
    if not socket.waitForConnected(ANSWER_MS // 3):
        return False
    message = json.dumps({"videos": [str(path.expanduser().resolve()) for path in videos]})
    socket.write(message.encode() + b"\n")
    socket.flush()
    answered = socket.waitForReadyRead(ANSWER_MS) and bytes(socket.readAll().data()).startswith(b"ok")
    socket.disconnectFromServer()
    return answered


class SingleInstance(QObject):
    """Listens for later starts on the same library."""

    called = Signal(list)
    """Somebody started the program again with these paths."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        name = server_name(folder)
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # left by a crash: nobody answered on it
            self._server.listen(name)

    @Slot()
    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(socket.deleteLater)
            if socket.canReadLine():
                self._take(socket)

    @Slot()
    def _read(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket) and socket.canReadLine():
            self._take(socket)

    def _take(self, socket: QLocalSocket) -> None:
        try:
            message = json.loads(bytes(socket.readLine().data()))
            videos = [Path(str(name)) for name in message.get("videos", [])]
        except (ValueError, AttributeError):
            socket.disconnectFromServer()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.called.emit(videos)

    def close(self) -> None:
        self._server.close()
