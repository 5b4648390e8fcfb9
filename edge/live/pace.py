"""The pace of updates: an interval of audio, which grows on a machine that cannot keep up."""

from __future__ import annotations

#: Bounds of the update interval on a machine that cannot keep up, in seconds, and the backlogs that change it.
LONGEST_INTERVAL_S = 8.0
BACKLOG_GROWS_S = 1.0
BACKLOG_SHRINKS_S = 0.5
#: Share of the newest update in the smoothed cost.
NEWEST_SHARE = 0.2


class Pace:
    """Counts audio up to the next update, and sets the interval by what updates cost."""

    def __init__(self, interval_s: float, sample_rate: int) -> None:
        self.interval_s = interval_s
        self.update_cost_s: float | None = None  # wall time, smoothed
        self._sample_rate = sample_rate
        self._since_update = 0  # samples

    @property
    def samples_left(self) -> int:
        """Samples still to come before the next update, 1 at least."""
        return max(1, round(self.interval_s * self._sample_rate) - self._since_update)

    def hear(self, n_samples: int) -> bool:
        """Count samples; return whether an update is due."""
        due = n_samples >= self.samples_left
        self._since_update += n_samples
        return due

    def restart(self) -> float:
        """Begin the next interval; return the seconds of audio counted since the last."""
        elapsed_s = self._since_update / self._sample_rate
        self._since_update = 0
        return elapsed_s

    def adapt(self, shortest_s: float, cost_s: float, backlog_s: float) -> None:
        """Adapt the interval to the wall time of the last update, ``cost_s``, and to the backlog."""
        before = cost_s if self.update_cost_s is None else self.update_cost_s
        self.update_cost_s = (1 - NEWEST_SHARE) * before + NEWEST_SHARE * cost_s
        self.interval_s = next_interval(self.interval_s, shortest_s, self.update_cost_s, backlog_s)


def next_interval(interval_s: float, shortest_s: float, cost_s: float, backlog_s: float) -> float:
    """Return the next update interval in seconds: doubled while audio piles up, halved once there is time again.

    ``cost_s`` is the wall time of one update: an interval that updates would fill by half is not chosen again.
    """
    if backlog_s > max(BACKLOG_GROWS_S, shortest_s):
        return min(2 * interval_s, LONGEST_INTERVAL_S)
    if backlog_s < BACKLOG_SHRINKS_S and cost_s < interval_s / 4:
        return max(interval_s / 2, shortest_s)
    return interval_s
