"""Conditions in which listeners are taught, heads are trained, and both are evaluated."""

from __future__ import annotations

from build.audio.condition import AS_RECORDED, Condition
from build.audio.simulated_microphone import Part

#: In half of the training cases people talk, so many decibels below the music.
TALKERS_DB = (-5.0, 15.0)
#: Windows shorter than the 30 s that most pieces last, in seconds.
WINDOWS_S = (3.0, 5.0, 10.0)
WINDOWS = tuple(Condition(f"{seconds:g} s", seconds) for seconds in WINDOWS_S)
#: Conditions that a head is trained in, with their weights: nearly half as recorded, the rest through microphones.
TRAINING = {
    AS_RECORDED: 3.0,
    **dict.fromkeys(WINDOWS, 1.0),
    Condition("microphone 0", part=Part.TRAINING, talkers_db=TALKERS_DB): 2.0,
    **{Condition(f"microphone, {seconds:g} s", seconds, Part.TRAINING, TALKERS_DB): 1.0 for seconds in (5.0, 10.0)},
    Condition("recorded room", part=Part.TRAINING, talkers_db=TALKERS_DB, recorded_room=True): 2.0,
    Condition("recorded room, 10 s", 10.0, Part.TRAINING, TALKERS_DB, recorded_room=True): 1.0,
}
#: Conditions for one's own recordings: fewer, to save time, and without voices, whose recordings a clone lacks.
#: Long records have two further windows as recorded; in a short one all three are the same.
OWN = {
    AS_RECORDED: 1.0,
    Condition("earlier window", place=0.25): 1.0,
    Condition("later window", place=0.75): 1.0,
    Condition("5 s", 5.0): 1.0,
    Condition("own microphone", part=Part.TRAINING): 3.0,
}
#: Rooms and noises that no training uses.
MICROPHONES = tuple(Condition(f"evaluation microphone {draw}", part=Part.EVALUATION) for draw in range(3))
#: Speakers that no training uses, so many decibels below the music.
TALKERS_EVALUATED_DB = (10, 5, 0, -5)
TALKERS = tuple(
    Condition(f"talkers {ratio:+d} dB", talkers_db=(ratio, ratio), always_talking=True)
    for ratio in TALKERS_EVALUATED_DB
)
#: Variants are compared through a microphone of training, so that those of evaluation rank nothing.
RANKING_MICROPHONE = next(condition for condition in TRAINING if condition.part is Part.TRAINING)
#: Rooms that a phone recorded with valid tracks, for tracks of all genres: the phone's own recordings are of two.
RECORDED_ROOM = Condition("evaluation recorded room", part=Part.EVALUATION, recorded_room=True)
#: Conditions that a listener is taught to ignore: simulated rooms and microphones, and rooms that a phone recorded.
LESSONS = tuple(Condition(f"lesson {draw}", part=Part.TRAINING, talkers_db=TALKERS_DB) for draw in range(3))
RECORDED_LESSONS = (
    Condition("lesson in a recorded room", part=Part.TRAINING, recorded_room=True),
    Condition(
        "lesson in a recorded room, people talking", part=Part.TRAINING, talkers_db=TALKERS_DB, recorded_room=True
    ),
)
