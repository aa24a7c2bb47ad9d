"""Decides whether what ``verify_main`` measured is what the plan promised."""

import json
from fractions import Fraction
from typing import Any

from carrete.domain.media import Verification, VerificationError
from carrete.domain.plan import Plan

SOUND_TOLERANCE_S = 0.060
"""Sound comes in packets of 21 ms; a listener notices from about 80 ms on."""
FULL_DECODE_S = 20.0
"""Seconds of picture that are decoded: all of a short result, an even share of a long one."""


def read_measurements(output: bytes, plan: Plan, size: int) -> Verification:
    """What the measurements say.

    Raises:
        VerificationError: the result is not what the plan promised.
    """
    seen: dict[str, Any] = json.loads(output)
    faults = ["can't be read: " + seen["error"]] if "error" in seen else find_faults(seen, plan)
    if faults:
        raise VerificationError("; ".join(faults))
    return Verification(
        frames=seen["packets"],
        duration_s=seen["packets"] / float(plan.frame_rate),
        audio_duration_s=seen["audio_end_s"],
        width=seen["width"],
        height=seen["height"],
        size=size,
    )


def find_faults(seen: dict[str, Any], plan: Plan) -> list[str]:
    """Every way in which a result differs from its plan."""
    faults = []
    if (seen["width"], seen["height"]) != (plan.top.width, plan.top.height):
        faults.append(
            f"{seen['width']}x{seen['height']} pixels, not {plan.top.width}x{plan.top.height}"
        )
    if seen["packets"] != plan.frame_count:
        faults.append(f"{seen['packets']} frames, not {plan.frame_count}")
    if seen["decoded"] != seen["wanted"] or seen["corrupt"]:
        faults.append(
            f"{seen['decoded']} of {seen['wanted']} frames decode, {seen['corrupt']} damaged"
        )
    step = 1 / (plan.frame_rate * Fraction(seen["time_base"]))
    if any(delta != step for delta in seen["deltas"]) and not plan.top.copy:
        faults.append(f"frames lie {seen['deltas']} ticks apart, not {step}")
    if abs(seen["first_s"]) > SOUND_TOLERANCE_S:
        faults.append(f"starts at {seen['first_s']:.3f} s")
    if (seen["audio_end_s"] is None) != (plan.audio is None):
        faults.append("sound is missing" if plan.audio else "sound where the source has none")
    elif plan.audio is not None:
        apart = seen["audio_end_s"] - plan.duration_s
        if abs(apart) > SOUND_TOLERANCE_S:
            faults.append(f"sound ends {apart:+.3f} s after the picture")
        if seen["sound_gap_s"] > SOUND_TOLERANCE_S:
            faults.append(f"sound has a gap of {seen['sound_gap_s']:.3f} s")
    return faults
