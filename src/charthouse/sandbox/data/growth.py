"""Growth of children: medians of length, weight and head circumference by age.

WHO Child Growth Standards up to 24 months, CDC growth charts (2000) from 2 to 18 years; both 50th percentile.
"""

from bisect import bisect_right

Curve = tuple[tuple[float, float], ...]  # age in months, value

# cm
LENGTH: dict[str, Curve] = {
    "Male": (
        (0, 49.9), (1, 54.7), (2, 58.4), (4, 63.9), (6, 67.6), (9, 72.0), (12, 75.7), (15, 79.1), (18, 82.3),
        (24, 87.1), (36, 95), (48, 102.5), (60, 109.2), (72, 115.7), (84, 122), (96, 128.1), (108, 133.7),
        (120, 138.8), (132, 143.7), (144, 149.3), (156, 156.4), (168, 164.1), (180, 170.1), (192, 173.6),
        (204, 175.3), (216, 176.2),
    ),
    "Female": (
        (0, 49.1), (1, 53.7), (2, 57.1), (4, 62.1), (6, 65.7), (9, 70.1), (12, 74.0), (15, 77.5), (18, 80.7),
        (24, 85.7), (36, 94), (48, 101), (60, 108), (72, 115), (84, 121.5), (96, 127.5), (108, 133), (120, 138),
        (132, 144), (144, 151.5), (156, 157), (168, 160.5), (180, 162), (192, 162.5), (204, 163), (216, 163.1),
    ),
}  # fmt: skip
# kg
WEIGHT: dict[str, Curve] = {
    "Male": (
        (0, 3.3), (1, 4.5), (2, 5.6), (4, 7.0), (6, 7.9), (9, 8.9), (12, 9.6), (15, 10.3), (18, 10.9), (24, 12.2),
        (36, 14.4), (48, 16.3), (60, 18.5), (72, 20.8), (84, 23.1), (96, 25.6), (108, 28.6), (120, 32), (132, 36),
        (144, 40.5), (156, 45.6), (168, 51), (180, 56), (192, 61), (204, 64.7), (216, 67.2),
    ),
    "Female": (
        (0, 3.2), (1, 4.2), (2, 5.1), (4, 6.4), (6, 7.3), (9, 8.2), (12, 8.9), (15, 9.6), (18, 10.2), (24, 11.5),
        (36, 13.9), (48, 15.9), (60, 18), (72, 20.2), (84, 22.9), (96, 25.8), (108, 29), (120, 32.9), (132, 36.9),
        (144, 41.5), (156, 45.8), (168, 49.4), (180, 52), (192, 53.9), (204, 55.1), (216, 56.2),
    ),
}  # fmt: skip
# cm, up to three years
HEAD: dict[str, Curve] = {
    "Male": ((0, 34.5), (1, 37.3), (2, 39.1), (4, 41.6), (6, 43.3), (9, 45.0), (12, 46.1),
        (18, 47.4), (24, 48.3), (36, 49.5)),
    "Female": ((0, 33.9), (1, 36.5), (2, 38.3), (4, 40.6), (6, 42.2), (9, 43.8), (12, 44.9),
        (18, 46.2), (24, 47.2), (36, 48.5)),
}  # fmt: skip


def interpolate(curves: dict[str, Curve], gender: str, months: float) -> float:
    """Return the median at an age in months, within the ages of the curve. A gender without a curve gets the girls'."""
    curve = curves.get(gender) or curves["Female"]
    index = bisect_right(curve, (months, float("inf")))
    if index == len(curve):
        return curve[-1][1]
    (first_age, first), (last_age, last) = curve[max(index - 1, 0)], curve[index]
    return first + (last - first) * (months - first_age) / (last_age - first_age)
