"""A provider's key: where it is kept, a field to enter another, a button to forget it; it is never shown."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.secrets import Key, KeyringState
from engine.domain.errors import SponsightError
from ui.models.wrapped import WrappedWords
from ui.text import tr
from ui.workspace import Services


class KeyRow(QWidget):
    """Works off the window's thread: a keyring may ask the person for its password."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._secrets = services.container.models.secrets
        self._provider = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.state = WrappedWords()
        row = QHBoxLayout()
        row.setSpacing(6)
        self.field = QLineEdit()
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(tr("Paste the key"))
        self.field.setAccessibleName(tr("Key of the provider"))
        self.keep = QPushButton(tr("Keep"))
        self.keep.setAutoDefault(False)
        self.keep.clicked.connect(self._keep)
        self.forget = QPushButton(tr("Forget"))
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self._forget)
        self.field.textChanged.connect(lambda text: self.keep.setEnabled(bool(text.strip())))
        self.keep.setEnabled(False)
        row.addWidget(self.field, 1)
        row.addWidget(self.keep)
        row.addWidget(self.forget)
        column.addLayout(row)
        column.addWidget(self.state)

    def show_provider(self, provider: str) -> None:
        """Says where the key of this provider is; '' shows nothing to enter."""
        self._provider = provider
        self.field.clear()
        for widget in (self.field, self.forget):
            widget.setEnabled(bool(provider))
        if not provider:
            self.state.setText(tr("Choose a provider first."))
            return
        self.state.setText(tr("Looking for the key…"))

        def look() -> tuple[Key | None, KeyringState]:
            return self._secrets.get(provider), self._secrets.state()

        self._services.tasks.call(tr("Look for the key"), look, self._found, newest="models.key")

    def _found(self, found: tuple[Key | None, KeyringState]) -> None:
        key, state = found
        if key is None:
            self.state.setText(tr("No key yet. {state}").format(state=state.sentence))
        elif key.origin == "session":
            self.state.setText(
                tr("There is a key, for this session only. {state}").format(state=state.sentence)
            )
        else:
            self.state.setText(tr("The key comes from {where}.").format(where=key.where))
        self.forget.setEnabled(key is not None and key.origin != "environment")

    def _keep(self) -> None:
        provider, text = self._provider, self.field.text()
        self.field.clear()
        self.state.setText(tr("Keeping the key…"))

        def done(state: KeyringState) -> None:
            self.show_provider(provider)
            if state.kind != "ready":
                self._services.messages.tell(state.sentence, "warning")

        def failed(error: Exception) -> None:
            self.state.setText(str(error) if isinstance(error, SponsightError) else tr("That didn't work."))

        self._services.tasks.call(
            tr("Keep the key"), lambda: self._secrets.keep(provider, text, unlock=True), done, failed=failed
        )

    def _forget(self) -> None:
        provider = self._provider
        self._services.tasks.call(
            tr("Forget the key"),
            lambda: self._secrets.forget(provider),
            lambda _: self.show_provider(provider),
        )
