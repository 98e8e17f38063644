"""Renders the pictures of docs/how-the-engine-sees.md from a run on the demo: python docs/make_pictures.py.

Everything in them is what the stages stored; nothing is drawn by hand.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.container import Container, open_container  # noqa: E402
from app.demo_run import DEMO_BOOK, prepare_demo  # noqa: E402
from app.results import RunResult, load_run  # noqa: E402
from engine.adapters.cv import cv2  # noqa: E402, TID253
from engine.crops import rectified  # noqa: E402
from engine.domain.records import Appearance, Box, KeptFrame, Reading  # noqa: E402

PICTURES = Path(__file__).resolve().parent / "pictures"
MOST_BYTES = 200_000
SEED, SECONDS, SIZE = 4, 14.0, (1280, 720)
WIDTH = 900
INK, QUIET, PAPER, RULE = "#1B2430", "#667085", "#FFFFFF", "#D5DAE1"
COLOURS = ("#1F77D0", "#D9480F", "#2B8A3E", "#9C36B5", "#B8860B", "#0B7285", "#C2255C", "#5C5F66")

Track = tuple[int, int]
"""Chunk and track number."""


def font(size: int, weight: str = "Regular") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(ROOT / "resources" / "fonts" / "ui" / f"Roboto-{weight}.ttf"), size)


@dataclass
class Run:
    """What the pictures are made of: the stored result of one run and the way to its frames."""

    app: Container
    result: RunResult

    def picture(self, seq: int) -> np.ndarray:
        """One stored frame, BGR."""
        data = self.app.library.blobs.get(self.result.frames[seq].image)
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            raise ValueError(f"the stored frame {seq} is no picture")
        return pixels

    def boxes(self) -> dict[Track, list[Box]]:
        """Boxes by track, in order of time."""
        found: dict[Track, list[Box]] = defaultdict(list)
        for frame in self.kept():
            chunk = self.result.chunk_at(self.result.frames[frame.seq].time)
            for box in self.result.boxes_at(frame.seq):
                found[chunk or 0, box.track].append(box)
        return found

    def readings(self, track: Track) -> list[Reading]:
        texts = self.result.details.texts(track[0])
        return [r for r in texts.readings if r.track == track[1]] if texts is not None else []

    def voted(self, track: Track) -> str:
        texts = self.result.details.texts(track[0])
        found = [t.text for t in texts.texts if t.track == track[1]] if texts is not None else []
        return readable(found[0]) if found else ""

    def kept(self) -> list[KeptFrame]:
        return sorted(self.result.kept.values(), key=lambda k: k.seq)

    def seconds(self, seq: int) -> float:
        return self.result.frames[seq].time / 1e6

    def appearance_of(self) -> dict[Track, Appearance]:
        return {member: a for a in self.result.appearances for member in a.members}


def readable(text: str) -> str:
    """A reading in letters that the pictures' font has."""
    return text if any(c.isascii() and c.isalnum() for c in text) else "(a mark without letters)"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, open_container(Path(folder) / "library") as app:
        source, _ = prepare_demo(app, seed=SEED, seconds=SECONDS, size=SIZE)
        job = app.jobs.create(source.id, books=(DEMO_BOOK,), escalation=False)
        done = app.jobs.start(job.id).result()
        run = Run(app, load_run(app.library, done.id))
        PICTURES.mkdir(exist_ok=True)
        for name, draw in (
            ("looked-and-carried", looked_and_carried),
            ("tracks-over-time", tracks_over_time),
            ("crops-and-vote", crops_and_vote),
            ("scene-and-captions", scene_and_captions),
        ):
            path = PICTURES / f"{name}.png"
            path.write_bytes(as_png(draw(run)))
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")
    return 0


def as_png(image: Image.Image) -> bytes:
    """PNG with as many colours as fit into `MOST_BYTES`."""
    for colours in (256, 192, 128, 96, 64, 48, 32):
        out = io.BytesIO()
        flat = image.convert("RGB").quantize(colours, kmeans=2, dither=Image.Dither.NONE)
        flat.save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


# --- the pictures -----------------------------------------------------------------------------------------------


def looked_and_carried(run: Run) -> Image.Image:
    """Neighbouring sampled frames: full lines where a detector found a sign, dashes where it was carried."""
    frames = most_telling_frames(run, 3)
    colours: dict[int, str] = {}
    band = band_of([box for frame in frames for box in scene_boxes(run, frame.seq)])
    strips = []
    for frame in frames:
        image = from_bgr(run.picture(frame.seq))
        draw = ImageDraw.Draw(image)
        for box in scene_boxes(run, frame.seq):
            colour = colours.setdefault(box.track, COLOURS[len(colours) % len(COLOURS)])
            outline(draw, box, colour, dashed=box.seen == "carried")
        looked = any(box.seen == "detected" for box in run.result.boxes_at(frame.seq))
        strip = image.crop((0, band[0], image.width, band[1]))
        strip = strip.resize((WIDTH, round(strip.height * WIDTH / strip.width)), Image.Resampling.LANCZOS)
        what = "the detector looks" if looked else "nothing is detected: boxes are carried and checked"
        strips.append((f"{run.seconds(frame.seq):.1f} s – {what}", strip))
    return stacked(strips)


def tracks_over_time(run: Run) -> Image.Image:
    """One row a track: dots where detected, lines where carried, what was read, which brand that is."""
    brands = run.appearance_of()
    tracks = chosen_tracks(run)
    row, left, top = 22, 230, 46
    image = Image.new("RGB", (WIDTH, top + row * len(tracks) + 30), PAPER)
    draw = ImageDraw.Draw(image)
    last = max(run.seconds(boxes[-1].seq) for _, boxes in tracks)

    def x(seq: int) -> float:
        return left + (WIDTH - left - 24) * run.seconds(seq) / last

    draw.text((10, 12), "text voted over the track", QUIET, font(13))
    words = "seconds of video · thick lines: shot cuts · thin lines: where a chunk of work ends"
    draw.text((left, 12), words, QUIET, font(13))
    for scenes in run.result.scenes:
        at = left + (WIDTH - left - 24) * scenes.span.end / 1e6 / last
        if at < WIDTH - 24:
            draw.line((at, 34, at, image.height - 24), RULE, 1)
        for cut in scenes.cuts:
            at = left + (WIDTH - left - 24) * cut / 1e6 / last
            draw.line((at, 34, at, image.height - 24), "#98A2B3", 4)
    for n, (track, boxes) in enumerate(tracks):
        y = top + row * n + row // 2
        appearance = brands.get(track)
        known = appearance is not None and appearance.verdict == "accepted"
        caption = appearance is not None and appearance.surface == "caption"
        colour = "#0B7285" if caption else "#2B8A3E" if known else "#D9480F"
        draw.text((10, y - 8), shortened(run.voted(track), 34), colour, font(13, "Medium"))
        for a, b in itertools.pairwise(boxes):
            draw.line((x(a.seq), y, x(b.seq), y), colour, 2)
        for box in boxes:
            size = 4 if box.seen == "detected" else 2
            draw.ellipse((x(box.seq) - size, y - size, x(box.seq) + size, y + size), colour)
    for second in range(0, int(last) + 1, 2):
        at = left + (WIDTH - left - 24) * second / last
        draw.text((at - 4, image.height - 20), str(second), QUIET, font(12))
    return image


def crops_and_vote(run: Run) -> Image.Image:
    """Crops that were read, upright, each with its own reading; the text that the track got."""
    brands = run.appearance_of()
    scene = [t for t in run.boxes() if t in brands and brands[t].surface == "scene"]
    told = sorted(scene, key=lambda t: telling(run.readings(t), run.voted(t)), reverse=True)
    rows: list[tuple[str, Image.Image]] = []
    seen: set[str] = set()
    for track in told:
        readings = run.readings(track)
        name = run.voted(track)
        if len(readings) < 2 or name.casefold() in seen:
            continue
        seen.add(name.casefold())
        crops = [crop_with_text(run, reading) for reading in readings[:4]]
        sheet = Image.new("RGB", (WIDTH, max(c.height for c in crops)), PAPER)
        at = 10
        for crop in crops:
            if at + crop.width <= WIDTH:
                sheet.paste(crop, (at, 0))
                at += crop.width + 12
        rows.append((f"voted: {name}", sheet))
        if len(rows) == 5:
            break
    return stacked(rows)


def scene_and_captions(run: Run) -> Image.Image:
    """One frame with its appearances by surface and verdict."""
    frame = max(run.kept(), key=lambda k: len(run.result.boxes_at(k.seq)))
    bottom = band_of(run.result.boxes_at(frame.seq))[1]
    image = from_bgr(run.picture(frame.seq))
    scale = WIDTH / image.width
    image = image.resize((WIDTH, round(image.height * scale)), Image.Resampling.LANCZOS)
    image = image.crop((0, 0, WIDTH, round(bottom * scale)))
    draw = ImageDraw.Draw(image)
    taken: list[tuple[float, float, float, float]] = []
    for appearance in run.result.appearances:
        for seen in (s for s in appearance.seen if s.seq == frame.seq):
            known = appearance.verdict == "accepted"
            colour = "#4DD0E1" if appearance.surface == "caption" else "#8CE99A" if known else "#FFA94D"
            corners = [(float(px) * scale, float(py) * scale) for px, py in seen.polygon]
            draw.polygon(corners, outline=colour, width=3)
            name = appearance.brand_name or readable(appearance.text)
            label(draw, corners, name, colour, taken)
    words = "green: a brand in the scene · blue: caption, not counted · orange: open, for a person"
    return stacked([(words, image)])


# --- choosing and drawing ---------------------------------------------------------------------------------------


def chosen_tracks(run: Run) -> list[tuple[Track, list[Box]]]:
    """Of each stretch of a shot the longest tracks with a text: four in the scene, one caption; in order."""
    brands = run.appearance_of()
    room: dict[tuple[int, int, str], int] = defaultdict(int)
    chosen: list[tuple[Track, list[Box]]] = []
    for track, boxes in sorted(run.boxes().items(), key=lambda item: (-len(item[1]), item[0])):
        if track not in brands or not run.voted(track) or len(boxes) < 2:
            continue
        surface = brands[track].surface
        place = track[0], run.result.kept[boxes[0].seq].shot, surface
        room[place] += 1
        if room[place] <= (4 if surface == "scene" else 1):
            chosen.append((track, boxes))
    return sorted(chosen, key=lambda item: (item[0][0], item[1][0].seq, item[0][1]))


def scene_boxes(run: Run, seq: int) -> list[Box]:
    """Boxes of a frame that got a text and do not belong to captions."""
    chunk = run.result.chunk_at(run.result.frames[seq].time) or 0
    brands = run.appearance_of()
    found = []
    for box in run.result.boxes_at(seq):
        appearance = brands.get((chunk, box.track))
        if appearance is not None and appearance.surface == "scene":
            found.append(box)
    return found


def most_telling_frames(run: Run, count: int) -> list[KeptFrame]:
    """Neighbouring frames of one shot and chunk with both kinds of boxes, as many as can be."""
    frames = run.kept()

    def worth(at: int) -> float:
        window = frames[at : at + count]
        if len({(k.shot, run.result.chunk_at(run.result.frames[k.seq].time)) for k in window}) > 1:
            return -1.0
        boxes = [box for k in window for box in scene_boxes(run, k.seq)]
        carried = sum(box.seen == "carried" for box in boxes)
        moved = spread(run, window)
        return min(carried, len(boxes) - carried) + min(moved / 40, 6.0)

    best = max(range(len(frames) - count + 1), key=worth)
    return frames[best : best + count]


def spread(run: Run, window: Sequence[KeptFrame]) -> float:
    """How far (pixels) the signs of a window move."""
    places: dict[int, list[float]] = defaultdict(list)
    for frame in window:
        for box in scene_boxes(run, frame.seq):
            places[box.track].append(box.polygon[0][0])
    return max((max(p) - min(p) for p in places.values()), default=0.0)


def band_of(boxes: Sequence[Box]) -> tuple[int, int]:
    """Top and bottom of the stripe of the frame that holds these boxes, with room around."""
    ys = [y for box in boxes for _, y in box.polygon]
    return max(0, int(min(ys)) - 40), int(max(ys)) + 40


def telling(readings: Sequence[Reading], voted: str) -> float:
    """How much a track shows about voting: several crops, different readings, one right."""
    texts = {r.text for r in readings}
    return (len(texts) > 1) * 10 + len(readings) + (voted in texts) + len(voted) / 50


def crop_with_text(run: Run, reading: Reading) -> Image.Image:
    """An upright crop at 44 px height with its reading and score below."""
    picture = run.picture(reading.seq)
    corners = np.array(reading.polygon, np.float32) * np.float32(picture.shape[1] / SIZE[0])
    crop = from_bgr(rectified(picture, corners))
    crop = crop.resize((max(24, round(crop.width * 44 / crop.height)), 44), Image.Resampling.LANCZOS)
    words = f"{run.seconds(reading.seq):.1f} s  {reading.text or '–'}  {reading.score * 100:.0f} %"
    wide = max(crop.width, round(font(13).getlength(words)) + 2)
    sheet = Image.new("RGB", (wide, 70), PAPER)
    sheet.paste(crop, (0, 0))
    ImageDraw.Draw(sheet).text((0, 49), words, QUIET, font(13))
    return sheet


def from_bgr(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def outline(draw: ImageDraw.ImageDraw, box: Box, colour: str, *, dashed: bool) -> None:
    corners = [(float(x), float(y)) for x, y in box.polygon]
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        steps = max(1, int(np.hypot(x1 - x0, y1 - y0) / 8)) if dashed else 1
        for step in range(0, steps, 2 if dashed else 1):
            a, b = step / steps, (step + 1) / steps
            ends = (x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b)
            draw.line(ends, colour, 4)


def label(
    draw: ImageDraw.ImageDraw,
    corners: Sequence[tuple[float, float]],
    words: str,
    colour: str,
    taken: list[tuple[float, float, float, float]],
) -> None:
    """A name above or below its box, wherever no other name is yet; none where both are taken."""
    wide = font(14, "Medium").getlength(words) + 8
    x = min(max(0.0, min(px for px, _ in corners)), WIDTH - wide)
    for y in (min(py for _, py in corners) - 21, max(py for _, py in corners) + 4):
        place = (x, y, x + wide, y + 18)
        if all(place[0] > t[2] or place[2] < t[0] or place[1] > t[3] or place[3] < t[1] for t in taken):
            taken.append(place)
            draw.rectangle(place, "#101418")
            draw.text((x + 4, y), words, colour, font(14, "Medium"))
            return


def shortened(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def stacked(rows: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Pictures below each other, each with its words above."""
    height = sum(picture.height + 34 for _, picture in rows) + 8
    sheet = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = 4
    for words, picture in rows:
        draw.text((10, y + 5), words, INK, font(15, "Medium"))
        sheet.paste(picture, (0, y + 28))
        y += picture.height + 34
    return sheet


if __name__ == "__main__":
    sys.exit(main())
