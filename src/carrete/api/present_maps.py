"""Answers about a video's work, as plain JSON values: the schemas of ``schemas.maps``."""

from typing import Any

from carrete.api.present import task
from carrete.domain.ladder import Rendition
from carrete.usecases.video_map import Comparison, MadeRendition, MapTask, Timeline, VideoMap


def video_map(value: VideoMap) -> dict[str, Any]:
    """See ``schemas.VideoMap``."""
    copies = {one.name for one in value.renditions if one.copy}
    return {
        "job_id": value.job_id,
        "chunks": [
            {"index": one.index, "start_s": one.start_s, "duration_s": one.duration_s}
            for one in value.chunks
        ],
        "renditions": [_planned(one) for one in value.renditions],
        "tasks": [_task(one) for one in value.tasks],
        "cells": [
            {"rendition": one.rendition, "chunk": one.chunk, "size_bytes": one.size_bytes}
            for one in value.cells
            if one.rendition not in copies
        ],
    }


def comparison(value: Comparison) -> dict[str, Any]:
    """See ``schemas.Renditions``."""
    sound, video = value.sound, value.video
    return {
        "items": [_made(one) for one in value.renditions],
        "audio": None
        if sound is None
        else {
            "codec": "aac",
            "size_bytes": sound.size_bytes,
            "average_bps": sound.average_bps,
            "channels": sound.channels,
        },
        "original": {
            "size_bytes": video.size_bytes,
            "average_bps": round(video.size_bytes * 8 / video.duration_s)
            if video.duration_s
            else None,
        },
    }


def timeline(value: Timeline) -> dict[str, Any]:
    """See ``schemas.Timeline``."""
    return {
        "items": [
            {
                "id": one.id,
                "video_id": one.video_id,
                "type": one.type,
                "at": one.at,
                "data": one.data,
            }
            for one in value.events
        ],
        "next_after": value.after,
    }


def _planned(value: Rendition) -> dict[str, Any]:
    return {
        "name": value.name,
        "codec": value.codec,
        "width": value.width,
        "height": value.height,
        "copied": value.copy,
    }


def _made(value: MadeRendition) -> dict[str, Any]:
    return _planned(value.rendition) | {
        "frame_rate": value.frame_rate,
        "size_bytes": value.size_bytes,
        "average_bps": value.average_bps,
        "peak_bps": value.peak_bps,
        "vmaf": value.vmaf,
    }


def _task(value: MapTask) -> dict[str, Any]:
    speed = None if value.speed is None else round(value.speed, 3)
    return task(value.task) | {"chunk": value.chunk, "speed": speed}
