"""The demo's people: who stands where in the formation and how ball and players move over the pitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mover:
    """A person on the pitch: place in the formation, own wander, kit, look (skin, hair) and whether he follows play."""

    base: Point
    wander: tuple[float, float, float, float]
    kit: int
    skin: int
    follow: float


class Play:
    """The course of play: ball and people as smooth functions of the play's seconds."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 51])
        self._ball = rng.uniform([20, 6.0, 0, 0, 9, 5], [27, 8.5, 6.28, 6.28, 13, 8])
        lines = [(5.0, [34]), (24.0, [10, 26, 42, 58]), (40.0, [14, 30, 44, 60]), (55.0, [24, 46])]
        movers = []
        for team in (0, 1):
            for deep, rows in lines:
                for y in rows:
                    x = deep if team == 0 else 105.0 - deep
                    wander = rng.uniform([2.0, 1.5, 0, 0], [4.5, 3.5, 6.28, 6.28])
                    follow = 0.12 if deep < 10 else float(rng.uniform(0.45, 0.7))
                    kit = team if deep > 10 else 3 + team
                    base = (x + rng.uniform(-3, 3), y + rng.uniform(-4, 4))
                    movers.append(Mover(base, tuple(wander), kit, int(rng.integers(3)) * 2, follow))
        movers.append(Mover((52, 36), (4, 4, 1, 2), 2, 1, 0.75))
        for line in (30.0, 74.0):
            movers.append(Mover((line, 69.2), (3.5, 0.05, float(rng.uniform(0, 6)), 2), 2, 2, 0.35))
        for post in (24.4, 52.5, 80.6):
            movers.append(
                Mover((post, 70.3), (0.15, 0.05, float(rng.uniform(0, 6)), 2), 5, int(rng.integers(5)), 0.0)
            )
        for side in (23.0, 47.0):
            movers.append(Mover((107.6, side), (0.05, 0.2, 1, 2), 5, int(rng.integers(5)), 0.0))
            movers.append(Mover((-2.6, side), (0.05, 0.2, 1, 2), 5, int(rng.integers(5)), 0.0))
        self.movers: tuple[Mover, ...] = tuple(movers)

    def ball_x(self, t: float) -> float:
        """Metres along the pitch."""
        p = self._ball
        return float(
            52.5 + 30 * np.sin(2 * np.pi * t / p[0] + p[2]) + 6 * np.sin(2 * np.pi * t / p[1] + p[3])
        )

    def ball(self, t: float) -> tuple[float, float, float]:
        """The ball's place in metres."""
        p = self._ball
        y = 38 + 22 * np.sin(2 * np.pi * t / p[4] + p[3]) + 6 * np.sin(2 * np.pi * t / p[5] + p[2])
        return self.ball_x(t), float(y), 0.11 + 1.2 * max(0.0, float(np.sin(1.7 * t))) ** 4

    def place(self, mover: Mover, t: float) -> Point:
        """Where a person is."""
        a, b, p, q = mover.wander
        lead = mover.follow * 0.62 * (self.ball_x(t - 0.6) - 52.5)
        x = mover.base[0] + lead + a * np.sin(0.9 * t + p) + 0.4 * a * np.sin(1.7 * t + q)
        y = mover.base[1] + b * np.sin(0.8 * t + q) + 0.4 * b * np.sin(1.9 * t + p)
        return float(np.clip(x, -2.9, 107.9)), float(np.clip(y, -1.5, 70.5))

    def pace(self, mover: Mover, t: float) -> Point:
        """Metres a second."""
        a, b = self.place(mover, t - 0.08), self.place(mover, t + 0.08)
        return (b[0] - a[0]) / 0.16, (b[1] - a[1]) / 0.16
