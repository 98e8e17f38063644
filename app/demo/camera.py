"""The demo's pinhole camera and its shots: where the camera stands, looks and zooms in every video frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

Vec = np.ndarray[Any, np.dtype[np.float64]]

NEAR = 0.5
"""Metres; nothing nearer to the camera than this is drawn."""

SHUTTER = 0.4
"""Part of a frame's duration for which the shutter is open: what motion blur comes from."""

WIPE_SECONDS = 0.72
"""A replay wipe lasts this long, half of it on either side of its cut."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera without roll. World: metres, x along the far touchline, y away from the main stand, z up.

    position, target: world points; focal: pixels; width, height: picture in pixels; defocus: blur sigma in pixels.
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    focal: float
    width: int
    height: int
    defocus: float = 0.0

    def matrix(self) -> Vec:
        """The 3x4 projection matrix from world metres (homogeneous) to pixels."""
        eye = np.array(self.position)
        x, y, z = np.array(self.target) - eye
        flat, reach = float(np.hypot(x, y)), float(np.sqrt(x * x + y * y + z * z))
        right, forward = (y / flat, -x / flat, 0.0), (x / reach, y / reach, z / reach)
        below = (x * z / (flat * reach), y * z / (flat * reach), -flat / reach)
        turn = np.array([right, below, forward])
        lens = np.array([[self.focal, 0, self.width / 2], [0, self.focal, self.height / 2], [0, 0, 1.0]])
        return np.asarray(lens @ np.hstack([turn, (-turn @ eye)[:, None]]))

    def project(self, points: Vec) -> tuple[Vec, Vec]:
        """Pixels (n, 2) and depths in metres (n,) of world points (n, 3)."""
        matrix = self.matrix()
        seen = points @ matrix[:, :3].T + matrix[:, 3]
        depth = seen[:, 2]
        return seen[:, :2] / np.where(np.abs(depth) < 1e-6, 1e-6, depth)[:, None], depth


@dataclass(frozen=True, slots=True)
class Pose:
    """A key position of a shot's camera at `at` seconds from its start (focal in units of the picture width)."""

    at: float
    position: tuple[float, float, float]
    target: tuple[float, float, float]
    focal: float


@dataclass(frozen=True, slots=True)
class Shot:
    """One camera setup between two cuts: frames start <= f < end.

    kind: wide | medium | close | corner. play_start, play_rate: which moment of play it shows and how fast.
    wipe_in, wipe_out: it begins or ends under a replay wipe. star: the player that a close shot follows (-1: none).
    """

    kind: str
    start: int
    end: int
    play_start: float
    play_rate: float
    replay: bool
    wipe_in: bool
    wipe_out: bool
    poses: tuple[Pose, ...]
    sway: float
    star: int = -1
    defocus: float = 0.0


def _ease(x: float) -> float:
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


def _mix(
    a: tuple[float, float, float], b: tuple[float, float, float], k: float
) -> tuple[float, float, float]:
    return (a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k, a[2] + (b[2] - a[2]) * k)


def camera_at(shot: Shot, seconds: float, size: tuple[int, int]) -> Camera:
    """The camera `seconds` after the shot's first frame: eased between its poses, with a hand's slight sway."""
    poses = shot.poses
    pose = poses[0]
    for before, after in pairwise(poses):
        if seconds >= before.at:
            k = _ease((seconds - before.at) / max(1e-6, after.at - before.at))
            pose = Pose(
                seconds,
                _mix(before.position, after.position, k),
                _mix(before.target, after.target, k),
                before.focal * (after.focal / before.focal) ** k,
            )
    reach = float(np.linalg.norm(np.subtract(pose.target, pose.position)))
    phase = shot.start * 0.37
    wobble = shot.sway * reach / (pose.focal * 1280)
    target = (
        pose.target[0] + wobble * float(np.sin(2.1 * seconds + phase)),
        pose.target[1],
        pose.target[2] + 0.6 * wobble * float(np.sin(2.9 * seconds + 1.3 * phase)),
    )
    width, height = size
    return Camera(pose.position, target, pose.focal * width, width, height, shot.defocus * width / 1280)


class _Planner:
    """Lays shots one after the other on the frame axis; the play's clock runs on through the live ones."""

    def __init__(self, rng: np.random.Generator, fps: int, ball_x: Any, stars: tuple[int, ...]) -> None:
        self.rng, self.fps, self.ball_x = rng, fps, ball_x
        self.shots: list[Shot] = []
        self.frame, self.play = 0, 0.0
        self.stars = stars
        self.home = (float(rng.uniform(47, 58)), float(rng.uniform(-33, -27)), float(rng.uniform(16.5, 19.0)))
        self.base_focal = float(rng.uniform(1.56, 1.72))

    def _u(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def wide(self, seconds: float) -> tuple[tuple[Pose, ...], float]:
        poses, at, sway_from = [], 0.0, self._u(0, 9)
        while at < seconds + 1.2:
            x = 52.5 + 0.55 * (self.ball_x(self.play + at + 0.4) - 52.5)
            zoom = self.base_focal * (1.0 + 0.12 * float(np.sin(0.5 * (self.play + at) + sway_from)))
            poses.append(
                Pose(at, self.home, (x, 41.0 + 3.0 * float(np.sin(0.33 * (self.play + at))), 0.0), zoom)
            )
            at += 1.4
        if seconds > 6.0 and self.rng.random() < 0.8:
            last = poses[-2]
            swing = (90.0 if last.target[0] < 52.5 else 15.0) - last.target[0]
            target = (last.target[0] + swing * 0.55, *last.target[1:])
            poses = [p for p in poses if p.at < seconds - 3.2]
            poses.append(Pose(seconds - 1.9, self.home, target, self.base_focal * 1.05))
            poses.append(
                Pose(seconds + 0.6, self.home, (target[0] + 2.0, *target[1:]), self.base_focal * 1.2)
            )
        return tuple(poses), 1.0

    def medium(self, seconds: float) -> tuple[tuple[Pose, ...], float]:
        x = self._u(25, 80)
        drift = self._u(3.0, 8.0) * (1 if self.rng.random() < 0.5 else -1)
        focal = self._u(3.4, 4.6)
        zoom = self._u(1.1, 1.5) if self.rng.random() < 0.6 else self._u(0.72, 0.9)
        a = Pose(0.0, self.home, (x, 68.5, 0.7), focal)
        b = Pose(seconds, self.home, (x + drift, 68.5, 0.7), focal * zoom)
        return (a, b), 2.0

    def close(self, seconds: float, star_x: float) -> tuple[tuple[Pose, ...], float]:
        side = self._u(-3.0, 3.0)
        eye = (star_x + side, -6.0, self._u(1.9, 2.5))
        aim = self._u(-0.9, 0.9)
        focal = self._u(3.0, 3.9)
        a = Pose(0.0, eye, (star_x + aim, 12.0, 1.35), focal)
        b = Pose(seconds, eye, (star_x - 0.4 * aim, 12.0, 1.38), focal * self._u(1.02, 1.14))
        return (a, b), 3.0

    def corner(self, seconds: float) -> tuple[tuple[Pose, ...], float]:
        right = self.rng.random() < 0.5
        eye = (self._u(58, 66) if right else self._u(39, 47), self._u(-10, -4), self._u(8, 11))
        goal = 108.0 if right else -3.0
        y = self._u(24, 36)
        focal = self._u(1.9, 2.5)
        a = Pose(0.0, eye, (goal, y + 7.0, 0.6), focal)
        b = Pose(seconds, eye, (goal, y - 3.0, 0.6), focal * self._u(1.1, 1.35))
        return (a, b), 1.5

    def add(self, kind: str, seconds: float, *, replay: bool = False) -> None:
        count = max(1, round(seconds * self.fps))
        star = -1
        if kind == "close":
            star = self.stars[sum(s.kind == "close" for s in self.shots) % len(self.stars)]
            poses, sway = self.close(seconds, self._u(38, 66))
        else:
            poses, sway = getattr(self, kind)(seconds)
        start = max(0.0, self.play - self._u(5, 8)) if replay else self.play
        self.shots.append(
            Shot(
                kind,
                self.frame,
                self.frame + count,
                start,
                0.5 if replay else 1.0,
                replay,
                False,
                False,
                poses,
                sway,
                star,
                2.1 if kind == "close" else 0.0,
            )
        )
        self.frame += count
        if not replay:
            self.play += seconds


def plan_shots(seed: int, frames: int, fps: int, ball_x: Any, stars: tuple[int, ...]) -> tuple[Shot, ...]:
    """Shots that tile `frames` video frames: live setups, hard cuts, and a replay between two wipes in each round.

    ball_x: function play seconds -> metres along the pitch; stars: players that close shots may follow.
    """
    rng = np.random.default_rng([seed, 21])
    total = frames / fps
    planner = _Planner(rng, fps, ball_x, stars)
    if total < 3.0:
        rounds = [[("wide", 1.0, False)]]
    elif total < 12.0:
        rounds = [[("wide", 0.42, False), ("medium", 0.31, False), ("close", 0.27, False)]]
    else:
        rounds = []
        first = int(rng.integers(2))
        for n in range(first, first + max(1, round(total / 30.0))):
            second, replayed = ("medium", "corner") if n % 2 == 0 else ("corner", "medium")
            rounds.append(
                [
                    ("wide", 0.27, False),
                    (second, 0.12, False),
                    ("close", 0.10, False),
                    ("wide", 0.18, False),
                    (replayed, 0.14, True),
                    ("wide", 0.10, False),
                    ("close", 0.09, False),
                ]
            )
    for shape in rounds:
        part = total / len(rounds)
        shares = np.array([share for _, share, _ in shape]) * rng.uniform(0.9, 1.1, len(shape))
        for (kind, _, replay), seconds in zip(shape, shares / shares.sum() * part, strict=True):
            planner.add(kind, float(seconds), replay=replay)
    shots = [s for s in planner.shots if s.start < frames]
    shots[-1] = replace(shots[-1], end=frames)
    for i, shot in enumerate(shots):
        before, after = (shots[i - 1] if i else None), (shots[i + 1] if i + 1 < len(shots) else None)
        shots[i] = replace(
            shot,
            wipe_in=before is not None and before.replay != shot.replay,
            wipe_out=after is not None and after.replay != shot.replay,
        )
    return tuple(shots)
