"""The settings of the eight stages, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.stages import StageName
from engine.escalation_settings import EscalateCloudSettings, EscalateVlmSettings
from engine.exposure_factors import parse_grid, parse_mentions, parse_placements, parse_weights
from engine.settings import StageSettings, setting
from engine.written import dropped_spans, parse_areas


@dataclass(frozen=True, slots=True)
class ExtractFramesSettings(StageSettings):
    """Stage 0: which moments of the video are stored, and how."""

    sample_fps: float = setting(
        2.0,
        "Samples per second",
        "How many frames of each second are looked at.",
        unit="1/s",
        low=0.1,
        high=30,
    )
    start: float = setting(
        0.0, "Start", "Seconds from the first frame at which the analysis begins.", unit="s", low=0
    )
    end: float = setting(
        0.0,
        "End",
        "Seconds from the first frame at which the analysis ends; 0 means the end of the video.",
        unit="s",
        low=0,
    )
    max_edge: int = setting(
        1920,
        "Longest edge",
        "Stored frames are scaled down to this; small board text is lost below 1920.",
        unit="px",
        low=320,
        high=7680,
    )
    jpeg_quality: int = setting(90, "JPEG quality", "Quality of the stored frames.", low=50, high=100)
    chunk_seconds: float = setting(
        16.0,
        "Chunk length",
        "Video is worked on in pieces of this length, the first ones shorter. May change results.",
        unit="s",
        low=2,
        high=120,
        advanced=True,
    )


@dataclass(frozen=True, slots=True)
class FilterScenesSettings(StageSettings):
    """Stage 1: which stored frames go on, and where shots end."""

    duplicate_distance: float = setting(
        2.5,
        "Near-duplicate distance",
        "Largest difference of any small block of two pictures (0..255) below which a frame adds nothing; "
        "its time passes to its twin. 0 keeps all.",
        low=0,
        high=20,
    )
    blur_floor: float = setting(
        4.0,
        "Blur floor",
        "Sharpness (variance of the Laplacian at 640 px width) below which a frame is too blurred "
        "to be read. 0 keeps all.",
        low=0,
        high=500,
    )
    black_level: float = setting(
        14.0, "Black level", "Mean brightness (0..255) below which a frame counts as black.", low=0, high=64
    )
    keep_every: float = setting(
        4.0,
        "Keep at least one per",
        "Even in a still picture one frame is kept this often.",
        unit="s",
        low=0.5,
        high=60,
    )
    cut_threshold: float = setting(
        0.38,
        "Cut threshold",
        "How different two neighbouring frames must be to count as a cut (0..1, lower finds more).",
        low=0.05,
        high=1,
    )
    dropped_ranges: str = setting(
        "", "Dropped ranges", "Times that are left out, for instance 0:00-0:30, 45:00-60:00."
    )

    def __post_init__(self) -> None:
        StageSettings.__post_init__(self)
        dropped_spans(self.dropped_ranges)


@dataclass(frozen=True, slots=True)
class CompileReportSettings(StageSettings):
    """Stage 7: how on-screen time becomes figures (see exposure.md)."""

    gap: float = setting(
        2.0, "Gap", "Sightings closer than this are one exposure.", unit="s", low=0, high=60, hard=False
    )
    minimum: float = setting(
        0.5, "Minimum", "Shorter exposures are dropped.", unit="s", low=0, high=60, hard=False
    )
    min_confidence: float = setting(
        0.0, "Minimum confidence", "Detections below this confidence don't count.", low=0, high=1, hard=False
    )
    min_height: float = setting(
        0.0,
        "Minimum height",
        "Signs lower than this on screen don't count.",
        unit="px",
        low=0,
        high=500,
        hard=False,
    )
    min_clarity: float = setting(
        0.05,
        "Minimum clarity",
        "Signs less sharp than this don't count (0..1). Letters that a movement has smeared have 0.",
        low=0,
        high=1,
        hard=False,
    )
    min_visible: float = setting(
        0.8,
        "Minimum visible part",
        "Names of which less than this share is inside the picture don't count. 0 counts cut-off names too.",
        low=0,
        high=1,
        hard=False,
    )
    count_captions: bool = setting(
        False, "Count captions", "Also count overlays (scorebug, channel logo) in the totals.", hard=False
    )
    preset: str = setting(
        "plain_seconds",
        "Scoring preset",
        "How quality is weighed. No vendor publishes its weights; a preset is '-like'.",
        choices=("plain_seconds", "joyce_julius_like", "qi_like", "six_factor_like", "brand_matrix_like"),
        hard=False,
    )
    size_reference: float = setting(
        0.05,
        "Size reference",
        "Share of the picture that earns the full size factor.",
        low=0.001,
        high=1,
        hard=False,
    )
    position: str = setting(
        "centre",
        "Position",
        "Distance from the centre, or a 3×3 grid of weights.",
        choices=("centre", "grid"),
        hard=False,
    )
    position_grid: str = setting(
        "0.6 0.8 0.6 0.8 1 0.8 0.6 0.8 0.6",
        "Position grid",
        "Nine weights (0..1), row by row from the top left.",
        hard=False,
    )
    duration_weight: str = setting(
        "preset",
        "Duration weight",
        "Decaying: later seconds of an exposure count less. Growing: short ones count less. "
        "Preset: what the scoring preset says.",
        choices=("preset", "none", "decaying", "growing"),
        hard=False,
    )
    growing_full: float = setting(
        3.0,
        "Full weight after",
        "With the growing duration weight: seconds after which an exposure counts in full.",
        unit="s",
        low=0.1,
        high=60,
        hard=False,
        advanced=True,
    )
    factor_weights: str = setting(
        "",
        "Factor weights",
        "Weights in place of the preset's: S size, P position, C clarity, V visibility, M prominence, "
        "B share of voice, D duration, Z size band; for instance S=1 P=0.5.",
        hard=False,
        advanced=True,
    )
    placements: str = setting(
        "scene=1 caption=0.6",
        "Prominence",
        "Prominence by placement (0..1).",
        hard=False,
        advanced=True,
    )
    share_of_voice: str = setting(
        "brands",
        "Share of voice by",
        "Split each moment by the number of brands on screen, or by their area.",
        choices=("brands", "area"),
        hard=False,
    )
    price_per_30s: float = setting(
        0.0,
        "Price per 30 s",
        "Price of a 30-second spot, for media equivalent estimates; 0 leaves money out.",
        low=0,
        hard=False,
    )
    currency: str = setting("EUR", "Currency", "Printed beside money.", hard=False, affects_output=False)
    viewers: int = setting(
        0, "Average viewers", "For impressions and cost per thousand; 0 leaves them out.", low=0, hard=False
    )
    fee: float = setting(0.0, "Sponsorship fee", "For cost per thousand; 0 leaves it out.", low=0, hard=False)
    mentions: str = setting(
        "", "Verbal mentions", "Mentions by the commentator, as brand=count, comma separated.", hard=False
    )

    def __post_init__(self) -> None:
        StageSettings.__post_init__(self)
        parse_grid(self.position_grid)
        parse_weights(self.factor_weights)
        parse_placements(self.placements)
        parse_mentions(self.mentions)


MODEL_SETS = ("ppocr-v6-small", "ppocr-v6-tiny", "ppocr-v5-mobile", "ppocr-v4", "custom")


@dataclass(frozen=True, slots=True)
class DetectRegionsSettings(StageSettings):
    """Stage 2: where signs are, and which boxes are the same sign."""

    detector: str = setting(
        "ppocr-v6-tiny",
        "Text detector",
        "The model that finds text. Tiny on larger frames finds more in the same time than small "
        "on smaller ones; custom is a file of yours.",
        choices=MODEL_SETS,
    )
    detector_file: str = setting(
        "",
        "Detector file",
        "A PP-OCR style ONNX text detector of yours, used where the detector is 'custom'.",
        advanced=True,
        file=True,
    )
    second_detector: str = setting(
        "ppocr-v6-small",
        "Second text detector",
        "Takes every other look and the close looks where a sign was lost: what one model misses the other "
        "often finds. 'none' leaves all looks to the first.",
        choices=("none", *MODEL_SETS[:-1]),
        advanced=True,
    )
    search_edge: int = setting(
        1920,
        "Search size",
        "Frames are scaled to this longest edge before they are searched (at most doubled). "
        "Twice the size finds smaller signs and takes four times as long.",
        unit="px",
        low=320,
        high=3840,
    )
    second_edge: int = setting(
        1280,
        "Second search size",
        "The same for the second detector's looks.",
        unit="px",
        low=320,
        high=3840,
        advanced=True,
    )
    look_every: float = setting(
        1.25,
        "Look every",
        "The detector looks at least this often; between looks signs are followed along the camera's motion.",
        unit="s",
        low=0.1,
        high=30,
    )
    whole_every: float = setting(
        0.0,
        "Whole picture every",
        "Looks in between search only around known signs and what came into view. 0: always the whole picture.",
        unit="s",
        low=0,
        high=60,
        advanced=True,
    )
    follow_score: float = setting(
        0.6,
        "Follow from",
        "How well a sign's pixels must agree (correlation) to be followed to the next frame.",
        low=0.2,
        high=1,
        advanced=True,
    )
    box_floor: float = setting(
        0.45, "Box score floor", "Regions that the detector is less sure of are not kept.", low=0.05, high=1
    )
    min_height: float = setting(
        6.0,
        "Minimum line height",
        "Lines of text lower than this in the source picture are not kept.",
        unit="px",
        low=2,
        high=200,
    )
    masks: str = setting(
        "",
        "Masked areas",
        "Areas left out, each as left,top,width,height in percent of the picture, separated by semicolons.",
    )
    object_file: str = setting(
        "",
        "Object detector",
        "An ONNX object or logo detector of yours (YOLOv8/11 or RT-DETR style export). "
        "Its class names are matched like texts.",
        file=True,
    )
    object_floor: float = setting(
        0.4, "Object score floor", "Objects that the detector is less sure of are not kept.", low=0.01, high=1
    )
    object_names: str = setting(
        "",
        "Object names",
        "The detector's class names in order, separated by commas; empty: those in the file.",
        advanced=True,
    )

    def __post_init__(self) -> None:
        StageSettings.__post_init__(self)
        parse_areas(self.masks)


@dataclass(frozen=True, slots=True)
class RunOcrSettings(StageSettings):
    """Stage 3: what signs say."""

    reader: str = setting(
        "ppocr-v6-small",
        "Text reader",
        "The model that reads text; custom is a file of yours with its dictionary.",
        choices=MODEL_SETS,
    )
    reader_file: str = setting(
        "",
        "Reader file",
        "A PP-OCR style ONNX text reader of yours (Cyrillic, Arabic, …), used where the reader is 'custom'.",
        advanced=True,
        file=True,
    )
    dictionary_file: str = setting(
        "",
        "Dictionary",
        "The characters your reader knows, one a line; empty where the model's file holds them.",
        advanced=True,
        file=True,
    )
    quick_reader: str = setting(
        "ppocr-v6-tiny",
        "Quick reader",
        "A fast model that reads first: what it reads twice alike and surely is not read again. "
        "'none' reads everything with the text reader.",
        choices=("none", *MODEL_SETS[:-1]),
        advanced=True,
    )
    sure: float = setting(
        0.9,
        "Sure from",
        "Mean character score from which two alike readings settle a text.",
        low=0.5,
        high=1,
        advanced=True,
    )
    text_floor: float = setting(
        0.3, "Text score floor", "Texts read with less certainty are not kept.", low=0, high=1
    )
    min_height: float = setting(
        6.0,
        "Minimum text height",
        "Crops lower than this in the source picture are not read.",
        unit="px",
        low=2,
        high=200,
    )
    crops_per_track: int = setting(
        3,
        "Crops per sign",
        "At most this many crops of a sign are read with the text reader, and the best one once more "
        "with room at its ends.",
        low=1,
        high=20,
    )
    check_every: float = setting(
        4.0,
        "Check every",
        "A sign that is followed for longer is read again in each stretch of this length; where it can't be "
        "read, its text is not passed on.",
        unit="s",
        low=0.5,
        high=60,
        advanced=True,
    )


@dataclass(frozen=True, slots=True)
class MatchBrandsSettings(StageSettings):
    """Stage 4: which brand a text is. All but the scorer and the cache policy only filter stored results."""

    min_box_score: float = setting(
        0.3, "Minimum box score", "Regions found with less certainty are left out.", low=0, high=1, hard=False
    )
    min_text_score: float = setting(
        0.5, "Minimum text score", "Texts read with less certainty are left out.", low=0, high=1, hard=False
    )
    accept: float = setting(
        90.0,
        "Accept from",
        "Matches with at least this score count by themselves.",
        low=0,
        high=100,
        hard=False,
    )
    review: float = setting(
        75.0,
        "Review from",
        "Matches between this and the accept score are shown for a decision.",
        low=0,
        high=100,
        hard=False,
    )
    margin: float = setting(
        4.0,
        "Close call",
        "Two brands whose scores differ by less are shown for a decision.",
        low=0,
        high=50,
        hard=False,
    )
    min_length: int = setting(
        3,
        "Minimum length",
        "Shorter texts are matched only exactly.",
        unit="letters",
        low=1,
        high=20,
        hard=False,
    )
    look_threshold: float = setting(
        0.5, "Look threshold", "How sure a match by look must be (0..1).", low=0, high=1, hard=False
    )
    use_looks: bool = setting(True, "Find by look", "Search for reference pictures of brands' marks.")
    session_cache: str = setting(
        "confirmed_only",
        "Session cache",
        "Whether answers found earlier in this source are used again.",
        choices=("confirmed_only", "use", "ignore"),
    )


SETTINGS_TYPES: dict[StageName, type[StageSettings]] = {
    StageName.EXTRACT_FRAMES: ExtractFramesSettings,
    StageName.FILTER_SCENES: FilterScenesSettings,
    StageName.DETECT_REGIONS: DetectRegionsSettings,
    StageName.RUN_OCR: RunOcrSettings,
    StageName.MATCH_BRANDS: MatchBrandsSettings,
    StageName.ESCALATE_VLM: EscalateVlmSettings,
    StageName.ESCALATE_CLOUD: EscalateCloudSettings,
    StageName.COMPILE_REPORT: CompileReportSettings,
}
