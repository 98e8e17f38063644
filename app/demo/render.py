"""Renders the demo clip: composes each frame from the scene, records its exact truth, and encodes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.demo.boards import Section, SignBook, build_boards
from app.demo.brands import Cast, choose_cast
from app.demo.camera import SHUTTER, Camera, Shot, Vec, camera_at, plan_shots
from app.demo.coverage import Seen, seen_on, uncovered
from app.demo.encode import Encoder
from app.demo.figures import BODY, PHASES, Kit, Sprite, Wardrobe, stamp
from app.demo.lettering import Image
from app.demo.overlays import Caption, Overlays, draw_caption
from app.demo.players import Mover, Play
from app.demo.scene import (
    GRASS,
    Ripmap,
    blurred,
    densities,
    draw_goals,
    draw_lines,
    draw_plane,
    grass_texture,
    stands,
    visible,
)
from app.demo.truth import DemoTruth, TruthRecorder, TruthShot, is_legible
from engine.adapters.cv import cv2

Progress = Callable[[float], None]

LEAST_SEEN = 0.04
"""A sign of which less than this part is seen is left out of the truth."""

FIRST_PERSON = 20
"""The mark in the cover mask of the first of the play's people; the other ones follow."""

LEAST_HEIGHT = 3.0
"""Pixels; a text lower than this is left out of the truth."""

__all__ = ["DemoScene", "render_demo", "truth_path"]


def truth_path(video: Path | str) -> Path:
    """Where the truth of a demo clip lies: beside it, with the ending .truth.json."""
    return Path(video).with_suffix(".truth.json")


class DemoScene:
    """Everything of a seed that stays the same over its frames; `frame` draws one picture and its truth."""

    def __init__(self, seed: int, frames: int, fps: int, size: tuple[int, int]) -> None:
        self.seed, self.fps, self.size, self.frames = seed, fps, size, frames
        self.cast: Cast = choose_cast(seed)
        self.book = SignBook()
        self.play = Play(seed)
        rng = np.random.default_rng([seed, 71])
        self.kits = _kits(rng, self.cast, self.book)
        self.wardrobe = Wardrobe(self.kits)
        self.sections: tuple[Section, ...] = build_boards(seed, self.cast, self.book)
        self.grass: Ripmap = grass_texture(rng)
        tint = tuple(int(v) for v in self.kits[0].shirt)
        self.backdrops = stands(seed, (tint[0], tint[1], tint[2]))
        self.shots = plan_shots(seed, frames, fps, self.play.ball_x, (0, 1))
        self.overlays = Overlays(seed, self.cast, self.book, size, fps, self.shots)
        self.recorder = TruthRecorder()
        self._sky: Image = np.full((size[1], size[0], 3), (34, 28, 26), np.uint8)

    def shot_of(self, frame: int) -> Shot:
        """The shot that a frame belongs to."""
        return next(shot for shot in self.shots if shot.start <= frame < shot.end)

    def frame(self, number: int) -> Image:
        """Draw video frame `number` (BGR) and record its truth. Frames must be asked for in order."""
        shot = self.shot_of(number)
        if number == shot.start:
            self.wardrobe.forget_large()
        since = (number - shot.start) / self.fps
        t = shot.play_start + since * shot.play_rate
        camera = camera_at(shot, since, self.size)
        later = camera_at(shot, since + SHUTTER / self.fps, self.size)
        picture = np.empty((self.size[1], self.size[0], 3), np.uint8)
        cover = np.zeros(picture.shape[:2], np.uint8)
        seen: list[Seen] = []
        if shot.defocus:
            picture = self._soft_ground(shot, camera, later, t, seen, cover)
        else:
            self._ground(picture, camera, t)
            self._boards(picture, camera, later, t, seen)
            seen += self._people(picture, cover, camera, t)
            picture = blurred(picture, *_shift(camera, later), 0.0)
        if shot.star >= 0:
            self._star(picture, cover, camera, later, t, shot, seen)
        captions = list(self.overlays.at(number, shot))
        for caption in captions:
            draw_caption(picture, cover, caption)
        wipe = self.overlays.wipe(number, shot)
        if wipe is not None:
            captions.append(self.overlays.draw_wipe(picture, cover, wipe))
        self._record(number, seen, captions, cover)
        return picture

    def _soft_ground(
        self, shot: Shot, camera: Camera, later: Camera, t: float, seen: list[Seen], cover: Image
    ) -> Image:
        """The out-of-focus background of a close shot, drawn at half size; covering people are drawn with it."""
        half = camera_at_size(camera, 0.5)
        small = np.empty((half.height, half.width, 3), np.uint8)
        self._ground(small, half, t)
        self._boards(small, camera, later, t, seen, half)
        covered = np.zeros(small.shape[:2], np.uint8)
        self._people(small, covered, half, t, far_only=True)
        cv2.resize(covered, self.size, dst=cover, interpolation=cv2.INTER_NEAREST)
        dx, dy = _shift(half, camera_at_size(later, 0.5))
        small = blurred(small, dx, dy, shot.defocus * self.size[0] / 1280 / 2)
        return np.asarray(cv2.resize(small, self.size, interpolation=cv2.INTER_LINEAR))

    def _ground(self, picture: Image, camera: Camera, t: float) -> None:
        np.copyto(picture, self._sky[: picture.shape[0], : picture.shape[1]])
        matrix = camera.matrix()
        for drop in self.backdrops:
            found = visible(drop.plane, camera, matrix)
            if found is not None:
                texture = drop.texture.level(*densities(*found))
                draw_plane(picture, found[0], texture, drop.plane.across, drop.plane.down, found[1], False)
        found = visible(GRASS, camera, matrix)
        if found is not None:
            dense = self.grass.image.shape[1] / GRASS.across
            draw_plane(
                picture, found[0], self.grass.level(dense, dense), GRASS.across, GRASS.down, found[1], False
            )
        draw_lines(picture, camera)

    def _boards(
        self,
        picture: Image,
        camera: Camera,
        later: Camera,
        t: float,
        seen: list[Seen],
        drawn: Camera | None = None,
    ) -> None:
        """Draw all boards as `drawn` sees them (default `camera`) and note their signs as `camera` sees them."""
        brush = drawn or camera
        matrix, eye, after = camera.matrix(), brush.matrix(), later.matrix()
        for section in self.sections:
            found = visible(section.plane, brush, eye)
            if found is None:
                continue
            face = section.face(t)
            texture = section.texture(face, *densities(*found))
            draw_plane(picture, found[0], texture, section.plane.across, section.plane.down, found[1], True)
            h, h_after = section.plane.homography(matrix), section.plane.homography(after)
            for copy, (page, du, dv) in enumerate(face.parts):
                for spot in page.placements:
                    one = seen_on(
                        section, spot.sign, copy, spot.hull, spot.capitals, (du, dv), h, h_after, camera
                    )
                    if one is not None:
                        seen.append(one)
        draw_goals(picture, brush)

    def _people(
        self, picture: Image, cover: Image, camera: Camera, t: float, far_only: bool = False
    ) -> list[Seen]:
        """Draws the play's people and the ball; returns the sponsors on shirts."""
        seen: list[Seen] = []
        feet = np.array([[*self.play.place(m, t), 0.0] for m in self.play.movers])
        pixels, depth = camera.project(feet)
        ball = np.array([self.play.ball(t)])
        spot, ball_depth = camera.project(ball)
        order = np.argsort(-depth)
        for i in order:
            if depth[i] < (30.0 if far_only else 2.0):
                continue
            height = camera.focal * BODY / depth[i]
            if not (
                -height < pixels[i, 0] < camera.width + height and 0 < pixels[i, 1] < camera.height + height
            ):
                continue
            mover = self.play.movers[i]
            self._shadow(picture, pixels[i], height)
            sprite = self._sprite(mover, t, camera, height)
            foot = (float(pixels[i, 0]), float(pixels[i, 1]))
            number = FIRST_PERSON + int(i)
            move = stamp(picture, cover, sprite, foot, float(height), number)
            seen += self._shirt(sprite, mover.kit, number, move)
        if ball_depth[0] > 5:
            size = max(1.2, camera.focal * 0.13 / ball_depth[0])
            at = np.round(spot[0] * 16).astype(int)
            if 0 < spot[0, 0] < camera.width and 0 < spot[0, 1] < camera.height:
                cv2.circle(
                    picture, (int(at[0]), int(at[1])), int(size * 16), (240, 244, 244), -1, cv2.LINE_AA, 4
                )
        return seen

    def _sprite(self, mover: Mover, t: float, camera: Camera, height: float) -> Any:
        vx, vy = self.play.pace(mover, t)
        speed = float(np.hypot(vx, vy))
        stride = 0 if speed < 0.5 else 1 if speed < 3.2 else 2
        look = camera.target[0] - camera.position[0], camera.target[1] - camera.position[1]
        reach = float(np.hypot(*look))
        across = (vx * look[1] - vy * look[0]) / max(1e-6, reach)
        away = (vx * look[0] + vy * look[1]) / max(1e-6, reach)
        if stride == 0:
            view = "front" if mover.kit == 5 else ("left", "right", "front", "back")[mover.skin % 4]
        elif abs(across) > 0.6 * abs(away):
            view = "right" if across > 0 else "left"
        else:
            view = "back" if away > 0 else "front"
        step = int((t * (2.4 + 0.5 * speed) / 2.2 + mover.wander[2]) * PHASES) % PHASES
        return self.wardrobe.figure(mover.kit, mover.skin, view, step, stride, False)

    def _shadow(self, picture: Image, foot: Vec, height: float) -> None:
        w, h = max(2, int(height * 0.30)), max(1, int(height * 0.05))
        x0, y0 = max(0, int(foot[0]) - w), max(0, int(foot[1]) - h)
        x1, y1 = min(picture.shape[1], int(foot[0]) + w), min(picture.shape[0], int(foot[1]) + h)
        if x0 < x1 and y0 < y1:
            spot = picture[y0:y1, x0:x1]
            x = (np.arange(x0, x1) - foot[0]) / w
            y = (np.arange(y0, y1) - foot[1]) / h
            dark = 1 - 0.45 * np.clip(1 - x[None, :] ** 2 - y[:, None] ** 2, 0, 1)
            spot[:] = (spot * dark[..., None]).astype(np.uint8)

    def _star(
        self,
        picture: Image,
        cover: Image,
        camera: Camera,
        later: Camera,
        t: float,
        shot: Shot,
        seen: list[Seen],
    ) -> None:
        """The player whom a close shot follows, sharp before the soft background, with a companion seen from behind."""
        focus = shot.poses[0].target[0]
        wave = 0.35 * np.sin(0.9 * t + shot.start)
        for k, (x, y, kit, view) in enumerate(
            (
                (focus - 1.35 + 0.2 * wave, 9.6, 1 - shot.star, "back"),
                (focus + 0.25 + wave, 7.6, shot.star, "front"),
            )
        ):
            foot, depth = camera.project(np.array([[x, y, 0.0]]))
            height = camera.focal * BODY / float(depth[0])
            sprite = self.wardrobe.figure(
                kit, (shot.start + 2 * k) % 5, view, int(t * 1.5 * PHASES) % PHASES, 1, True
            )
            number = 10 + k
            move = stamp(picture, cover, sprite, (float(foot[0, 0]), float(foot[0, 1])), height, number)
            seen += self._shirt(sprite, kit, number, move)

    def _shirt(self, sprite: Sprite, kit: int, number: int, move: Vec | None) -> list[Seen]:
        """The sponsor on a person's shirt, if it is in the picture; `move` maps the sprite to the picture."""
        if move is None or sprite.hull is None or self.kits[kit].sign < 0:
            return []
        a, b, c, d = sprite.hull
        quad = np.array([[a, b], [c, b], [c, d], [a, d]]) @ move[:, :2].T + move[:, 2]
        tall = (sprite.capitals[1] - sprite.capitals[0]) * float(move[1, 1])
        return [Seen(self.kits[kit].sign, number, quad, 1.0, tall, 0.0, 0.0, 1.0, number)]

    def _record(self, number: int, seen: list[Seen], captions: list[Caption], cover: Image) -> None:
        for one in seen:
            part = one.window * uncovered(cover, one.polygon, one.layer)
            if part < LEAST_SEEN or one.height < LEAST_HEIGHT:
                continue
            kind = self.book.signs[one.sign].kind
            legible = is_legible(kind, one.height, part, one.blur, one.defocus, one.squeeze)
            self.recorder.add(number, one.sign, one.copy, one.polygon, one.height, part, legible)
        for caption in captions:
            for text in caption.texts:
                x0, y0, x1, y1 = text.hull
                quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)
                part = uncovered(cover, quad, 254)
                if part >= LEAST_SEEN:
                    legible = caption.opacity >= 0.6 and is_legible(
                        "caption", text.height, part, 0.0, 0.0, 1.0
                    )
                    self.recorder.add(number, text.sign, 0, quad, text.height, part, legible)

    def truth(self) -> DemoTruth:
        """The truth of the frames drawn so far."""
        shots = tuple(TruthShot(s.kind, s.start, s.end, s.replay, s.wipe_in, s.wipe_out) for s in self.shots)
        return DemoTruth(
            self.seed,
            self.size[0],
            self.size[1],
            Fraction(self.fps),
            self.frames,
            tuple(self.book.signs),
            shots,
            self.recorder.runs(),
        )


def camera_at_size(camera: Camera, scale: float) -> Camera:
    """The same camera with a picture of another size."""
    return Camera(
        camera.position,
        camera.target,
        camera.focal * scale,
        round(camera.width * scale),
        round(camera.height * scale),
    )


def _shift(camera: Camera, later: Camera) -> tuple[float, float]:
    """How far the far side's boards move over the picture while the shutter is open, in pixels."""
    eye, aim = np.array(camera.position), np.array(camera.target)
    ahead = aim - eye
    point = (eye + ahead * 1.6)[None]
    a, _ = camera.project(point)
    b, _ = later.project(point)
    return float(b[0, 0] - a[0, 0]), float(b[0, 1] - a[0, 1])


def _kits(rng: np.random.Generator, cast: Cast, book: SignBook) -> tuple[Kit, ...]:
    """Kits: both teams, referee, both keepers, stewards."""
    pairs = [
        (((36, 30, 176), (40, 220, 250), (30, 26, 140)), ((235, 235, 235), (140, 60, 20), (225, 225, 225))),
        (((150, 62, 22), (245, 245, 245), (130, 50, 20)), ((60, 205, 245), (40, 30, 20), (30, 30, 30))),
        (((232, 232, 232), (40, 40, 200), (40, 40, 40)), ((70, 120, 24), (240, 240, 240), (230, 230, 230))),
        (((40, 36, 34), (30, 200, 240), (40, 36, 34)), ((190, 140, 70), (250, 250, 250), (240, 240, 240))),
    ]
    chosen = pairs[int(rng.integers(len(pairs)))]
    made = []
    for n, (shirt, trim, shorts) in enumerate(chosen):
        light = sum(shirt) > 480
        letters = trim if (sum(trim) > 480) != light else ((30, 26, 30) if light else (250, 250, 250))
        sign = book.add(cast.shirts[n], "scene", f"shirt {n + 1}")
        face = ("Cabin-BoldItalic.otf", "OpenSans-ExtraBold.ttf")[int(rng.integers(2))]
        made.append(Kit(shirt, trim, shorts, shirt, letters, sign, cast.shirts[n].text, face))
    made.append(Kit((60, 220, 235), (20, 20, 20), (24, 24, 24), (24, 24, 24), (20, 20, 20)))
    made.append(Kit((60, 190, 90), (20, 60, 20), (50, 170, 80), (50, 170, 80), (20, 20, 20)))
    made.append(Kit((190, 90, 200), (60, 20, 60), (180, 80, 190), (180, 80, 190), (20, 20, 20)))
    made.append(Kit((40, 210, 230), (200, 200, 200), (40, 36, 34), (30, 28, 28), (20, 20, 20)))
    return tuple(made)


def frames_of(scene: DemoScene) -> Iterator[Image]:
    """All pictures of a scene in order."""
    for number in range(scene.frames):
        yield scene.frame(number)


def render_demo(
    path: Path | str,
    *,
    seed: int = 1,
    seconds: float = 30.0,
    size: tuple[int, int] = (1280, 720),
    fps: int = 25,
    progress: Progress | None = None,
) -> DemoTruth:
    """Render a broadcast-like clip to `path` (.mp4) and its exact truth beside it (see `truth_path`).

    The same seed, seconds, size (even width and height, pixels) and fps give the same pictures and truth. progress is
    called with 0..1. Raises ValueError for sizes or lengths that cannot be rendered.
    """
    width, height = size
    if width < 160 or height < 90 or width % 2 or height % 2:
        raise ValueError(
            f"A demo of {width}x{height} cannot be rendered: both sides must be even, 160x90 at least."
        )
    frames = round(seconds * fps)
    if frames < 1 or fps < 1:
        raise ValueError(
            f"A demo of {seconds} s at {fps} pictures a second has no picture; ask for at least one."
        )
    scene = DemoScene(seed, frames, fps, size)
    with Encoder(
        Path(path), size, Fraction(fps), bit_rate=round(3.4e6 * (width * height / 921600) ** 0.75)
    ) as encoder:
        for number, picture in enumerate(frames_of(scene)):
            encoder.add_bgr(picture)
            if progress is not None:
                progress((number + 1) / frames)
    truth = scene.truth()
    truth.save(truth_path(path))
    return truth
