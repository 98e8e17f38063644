"""Models as people set them up: providers, endpoints, prices, keys, the consent sentence, the test of a connection."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
import threading
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.secrets import LOCAL, Secrets
from engine.domain.errors import Conflict, SponsightError, UserFixable
from engine.domain.jobs import Overrides
from engine.ports import ChatClient, ChatTarget
from storage.library import Library

if TYPE_CHECKING:
    from engine.escalation.budget import Price

TEST_WORD = "SPONSIGHT"
TEST_JOB = "connection-tests"
"""Under this name the money of connection tests is reserved and settled."""
TEST_CAP_USD = 1.0
"""All connection tests of a library together cost no more than this."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of cloud models. `endpoint` is its own base URL, for people to see."""

    id: str
    label: str
    endpoint: str


PROVIDERS = (
    Provider("openai", "OpenAI", "https://api.openai.com/v1"),
    Provider("anthropic", "Anthropic", "https://api.anthropic.com"),
    Provider("google", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai/"),
    Provider("custom", "Another OpenAI-shaped server", ""),
)

LOCAL_SERVERS = (
    ("Ollama", "http://127.0.0.1:11434/v1"),
    ("LM Studio", "http://127.0.0.1:1234/v1"),
    ("llama-server", "http://127.0.0.1:8080/v1"),
    ("vLLM", "http://127.0.0.1:8000/v1"),
)
"""Where servers for models on one's own machine usually listen."""


@dataclass(frozen=True, slots=True)
class ModelChoices:
    """What a person chose for runs to come. Keys are not among it."""

    vlm_endpoint: str = ""
    vlm_model: str = ""
    provider: str = ""
    model: str = ""
    endpoint: str = ""
    budget_usd: float = 0.0
    consent: bool = False


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price that a person entered, in USD for a million tokens, and when."""

    input_usd: float
    output_usd: float
    date: str


@dataclass(frozen=True, slots=True)
class TestReport:
    """How a test of a connection went. `cost_usd` is None where no usable token counts were reported."""

    __test__ = False

    answered: str
    understood: bool
    seconds: float
    cost_usd: float | None
    sentence: str


def default_path() -> Path:
    """models.toml in the platform's config folder; nothing is made there."""
    import platformdirs

    return Path(platformdirs.user_config_dir("sponsight", appauthor=False)) / "models.toml"


class ModelsService:
    """Everything around models that is not the asking itself. Thread-safe. Methods that talk to a server or to the
    keyring block; a window calls them off its own thread."""

    def __init__(self, library: Library, secrets: Secrets, path: Path | None = None) -> None:
        self._library = library
        self.secrets = secrets
        self.path = path or default_path()
        self._lock = threading.Lock()
        self.choices, self._prices = self._read()

    def services(self) -> dict[str, Any]:
        """What the escalation stages get through `ctx.services`, but for the run's id."""
        return {"chat": self.connect, "prices": self.price, "budget": self._library.budget}

    def connect(self, target: ChatTarget) -> ChatClient:
        """A client for this model with its key; EnvironmentProblem where a cloud provider's key is missing."""
        from engine.escalation.places import is_local

        if target.provider:
            key = self.secrets.need(target.provider).text
        else:
            found = self.secrets.get(LOCAL)
            key = found.text if found is not None else ""
        if key and target.endpoint.lower().startswith("http:") and not is_local(target.endpoint):
            raise UserFixable(
                f"{target.endpoint} is not encrypted: the key would be readable on its way.",
                still_works="Nothing was sent.",
                to_do="Give an endpoint that begins with https://.",
            )
        from engine.adapters.chat import connect

        return connect(target, key)

    # Choices ---------------------------------------------------------------------------------------

    def choose(self, choices: ModelChoices) -> None:
        """Save what runs to come use; UserFixable where it can't be."""
        from engine.escalation_settings import EscalateCloudSettings

        EscalateCloudSettings(provider=choices.provider, budget_usd=float(choices.budget_usd))
        with self._lock:
            self.choices = choices
            self._write()

    def standing(self) -> Overrides:
        """The choices as settings of a run."""
        c = self.choices
        found: Overrides = {}
        if c.vlm_endpoint and c.vlm_model:
            found["escalate_vlm"] = {"endpoint": c.vlm_endpoint, "model": c.vlm_model}
        if c.provider and c.model:
            found["escalate_cloud"] = {
                "provider": c.provider,
                "model": c.model,
                "endpoint": c.endpoint,
                "budget_usd": float(c.budget_usd),
                "consent": c.consent,
            }
        return found

    # Prices ----------------------------------------------------------------------------------------

    def price(self, provider: str, model: str, endpoint: str = "") -> Price | None:
        """USD for a million tokens: a person's own entry first, then the price list, else None (unknown)."""
        from engine.escalation.budget import FREE, Price
        from engine.escalation.places import is_local

        own = self._prices.get(f"{provider}/{model}")
        if own is not None:
            return Price(own.input_usd, own.output_usd, f"entered {own.date}")
        if provider in ("", "custom"):
            return FREE if is_local(endpoint) else None
        return list_price(provider, model)

    def own_prices(self) -> dict[str, OwnPrice]:
        """The entries that people made, by `provider/model`."""
        return dict(self._prices)

    def set_price(self, provider: str, model: str, input_usd: float, output_usd: float) -> None:
        """Enter a price (USD for a million tokens); it goes before the price list. UserFixable below 0 and for an
        unknown provider."""
        if provider not in {p.id for p in PROVIDERS}:
            raise UserFixable(
                f"There is no provider {provider!r}.",
                still_works="The price table is unchanged.",
                to_do=f"The providers are {', '.join(p.id for p in PROVIDERS)}.",
            )
        if not (0 <= input_usd < 1e6 and 0 <= output_usd < 1e6):
            raise UserFixable(
                "A price is a number of USD for a million tokens, 0 or more.",
                still_works="The price table is unchanged.",
                to_do="Look it up on the provider's page.",
            )
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        with self._lock:
            self._prices[f"{provider}/{model}"] = OwnPrice(input_usd, output_usd, today)
            self._write()

    def clear_price(self, provider: str, model: str) -> None:
        """Go back to the price list."""
        with self._lock:
            if self._prices.pop(f"{provider}/{model}", None) is not None:
                self._write()

    # Servers ---------------------------------------------------------------------------------------

    def list_models(self, target: ChatTarget) -> list[str]:
        """What the endpoint offers. Raises ModelTrouble or EnvironmentProblem."""
        from engine.escalation.asking import drive

        client = self.connect(target)

        async def work() -> list[str]:
            try:
                return await client.models()
            finally:
                await client.close()

        return drive(work, _go_on)

    def test(self, target: ChatTarget) -> TestReport:
        """Send a tiny drawn picture with the schema and see what comes back: no crop of a video leaves the machine.
        Costs money where the model does, reserved and settled like every call."""
        from engine.escalation.answers import BadAnswer, read_answer
        from engine.escalation.asking import drive
        from engine.escalation.budget import actual_cost, worst_case
        from engine.escalation.question import question_of
        from engine.escalation.sheets import draw_sheet, drawn_word

        price = self.price(target.provider, target.model, target.endpoint)
        if price is None:
            raise UserFixable(
                f"The price of {target.model} at {target.endpoint or target.provider} is not known.",
                still_works="Nothing was sent.",
                to_do="Enter it in the price table first.",
            )
        sheet = draw_sheet([drawn_word(TEST_WORD)])
        question = question_of(sheet, [(TEST_WORD,)] * 2)
        worst = worst_case(question, (sheet.width, sheet.height), target.model, price)
        client = self.connect(target)
        budget = self._library.budget
        held = ""
        if not price.is_free:
            reserved = budget.reserve(TEST_JOB, target.provider, target.model, worst, TEST_CAP_USD)
            if reserved is None:
                raise Conflict(
                    f"Connection tests of this library have used up their {TEST_CAP_USD:g} USD.",
                    still_works="Nothing was sent; runs have budgets of their own.",
                )
            held = reserved

        async def work() -> Any:
            try:
                return await client.ask(question)
            finally:
                await client.close()

        started = time.monotonic()
        try:
            answer = drive(work, _go_on)
        except SponsightError as error:
            from engine.escalation.trouble import NOT_CHARGED

            if held and getattr(error, "kind", "") in NOT_CHARGED:
                budget.release(held)
            raise
        seconds = time.monotonic() - started
        cost = 0.0 if price.is_free else actual_cost(answer, price)
        if held:
            budget.settle(held, worst if cost is None else cost)
        word = next(n for n, c in enumerate(sheet.cells, 1) if c is not None)
        try:
            cells = read_answer(answer.text, sheet)
        except BadAnswer as bad:
            return TestReport(answer.text[:300], False, seconds, cost, f"It answered, but {bad}.")
        read = cells[word].visible_text if word in cells else ""
        if TEST_WORD.lower() in read.lower():
            return TestReport(answer.text[:300], True, seconds, cost, f"It read {read!r} in the right cell.")
        other = f"It answered in the right form, but read {read!r}, not {TEST_WORD!r}."
        return TestReport(answer.text[:300], False, seconds, cost, other)

    # File ------------------------------------------------------------------------------------------

    def _read(self) -> tuple[ModelChoices, dict[str, OwnPrice]]:
        """The saved choices; what can't be read counts as not chosen (consent above all)."""
        try:
            data = tomllib.loads(self.path.read_text("utf-8"))
            chosen = data.get("choices", {})
            choices = ModelChoices(**{k: type(getattr(ModelChoices(), k))(v) for k, v in chosen.items()})
            prices = {
                name: OwnPrice(float(p["input_usd"]), float(p["output_usd"]), str(p["date"]))
                for name, p in data.get("prices", {}).items()
            }
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, ValueError, KeyError):
            return ModelChoices(), {}
        except AttributeError:
            return ModelChoices(), {}
        return choices, prices

    def _write(self) -> None:
        import dataclasses

        import tomlkit

        document = tomlkit.document()
        document.add(
            tomlkit.comment("Sponsight's models and prices (USD for a million tokens). No keys lie here.")
        )
        document["choices"] = dataclasses.asdict(self.choices)
        document["prices"] = {name: dataclasses.asdict(p) for name, p in sorted(self._prices.items())}
        temporary = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".models-", dir=self.path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(tomlkit.dumps(document))
            os.replace(temporary, self.path)
        except OSError as error:
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            raise UserFixable(
                f"The choice of models can't be saved in {self.path.parent}: {error.strerror}.",
                still_works="It holds until the program ends.",
                to_do="Make the folder writable or free some space.",
            ) from error


def list_price(provider: str, model: str) -> Price | None:
    """What the price list of `genai-prices` (that of the installed version: nothing is fetched) says of a model."""
    from importlib.metadata import version

    from genai_prices import Usage, calc_price

    from engine.escalation.budget import Price

    def a_million(**usage: int) -> float:
        return float(calc_price(Usage(**usage), model, provider_id=provider).total_price) * 100

    try:
        asked = a_million(input_tokens=10_000, output_tokens=0)
        written = a_million(input_tokens=0, output_tokens=10_000)
    except (LookupError, ValueError):
        return None
    return Price(asked, written, f"genai-prices {version('genai-prices')}")


def consent_sentence(provider: str, crops: int | None, budget_usd: float, *, most: int | None = None) -> str:
    """What a person agrees to: which pictures leave the machine, how many, to whom, at what price at most."""
    who = next((p.label for p in PROVIDERS if p.id == provider), provider) or "the provider"
    number = f"{crops} crops" if crops is not None else f"at most {most} crops" if most else "crops"
    return (
        f"{number} of signs that nothing on this machine could name will be sent to {who}: small cut-outs of boards, "
        f"shirts and captions with a little around them, no whole frames, no sound, no file names. "
        f"It may cost up to {budget_usd:.2f} USD."
    )


def crops_ahead(library: Library, job_id: str, settings: Mapping[str, Any] | None = None) -> int:
    """How many crops a run's open signs would send: one for each group, up to three for those asked again."""
    from app.results import load_run
    from engine.escalation.groups import open_groups

    run = load_run(library, job_id)
    seconds = {seq: kept.seconds for seq, kept in run.kept.items()}
    least = float((settings or {}).get("min_seconds", 1.0))
    return len(open_groups(run.appearances, seconds, least))


def _go_on() -> None:
    """Nobody interrupts a test: its time-out ends it."""
