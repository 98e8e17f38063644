"""Opens video files through PyAV and says in plain words why one can't be read.

Only local files are opened: the protocol whitelist keeps a playlist in disguise from reaching out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from engine.domain.errors import UserFixable

_NO_VIDEO_FORMATS = ("tty", "srt", "ass", "webvtt", "concat", "ffmetadata", "lrc")
_NOT_CHANGED = "Nothing was imported or changed."

av.logging.set_level(None)


@contextmanager
def open_video(
    path: str | os.PathLike[str], threads: int = 1
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The opened container and its first real video stream, closed at the end.

    `threads` is the number of decoder threads. Raises UserFixable for every file that can't be read.
    """
    container = _open(Path(path))
    try:
        stream = _video_stream(container, Path(path))
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "AUTO" if threads > 1 else "SLICE"
        yield container, stream
    finally:
        container.close()


def check_file(path: Path) -> int:
    """The file's size in bytes; UserFixable where it is missing, a folder, a pipe or device, empty or not readable."""
    try:
        if path.is_dir():
            raise UserFixable(
                f"{path.name or path} is a folder, not a video.",
                still_works=_NOT_CHANGED,
                to_do="Choose a video file inside it.",
            )
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise UserFixable(
                f"{path.name} is a pipe or a device, not a file.",
                still_works=_NOT_CHANGED,
                to_do="Write the video to a file, and choose that.",
            )
        size = facts.st_size
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise UserFixable(
            f"There is no file {path}.",
            still_works=_NOT_CHANGED,
            to_do="Check the path, or that the disk it lies on is connected.",
        ) from None
    except OSError as error:
        raise UserFixable(
            f"{path.name} can't be read: {error.strerror or error}.",
            still_works=_NOT_CHANGED,
            to_do="Check the file's permissions and the disk it lies on.",
        ) from error
    if size == 0:
        raise UserFixable(
            f"{path.name} is empty (0 bytes).",
            still_works=_NOT_CHANGED,
            to_do="Copy or download the file again.",
        )
    return size


def no_pictures(path: Path) -> UserFixable:
    """The error for a video stream that holds not one picture."""
    return UserFixable(
        f"{path.name} holds no pictures: its video track is 0 seconds long or can't be decoded.",
        still_works=_NOT_CHANGED,
        to_do="Copy or download the file again, or choose another one.",
    )


def _open(path: Path) -> InputContainer:
    check_file(path)
    try:
        container = av.open(
            f"file:{path.absolute()}",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UserFixable(
            f"{path.name} is no video that can be opened: it is another kind of file, "
            "or its beginning or its table of contents is missing.",
            still_works=_NOT_CHANGED,
            to_do="If it should be a video, see whether a player opens it; a copy that was broken off must be "
            "made again.",
        ) from error
    names = set(container.format.name.split(","))
    picture = "image2" in names or any(n.endswith("_pipe") and n != "yuv4mpegpipe" for n in names)
    if picture or names & set(_NO_VIDEO_FORMATS):
        container.close()
        raise UserFixable(
            f"{path.name} is a {'picture' if picture else 'text file'}, not a video.",
            still_works=_NOT_CHANGED,
            to_do="Choose a video file.",
        )
    return container


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & av.stream.Disposition.attached_pic:
            continue
        # A stream whose decoder is unknown or that never told its size has no codec context to use.
        if stream.codec_context is not None and stream.codec_context.width > 0:
            return stream
    if container.streams.video and not container.streams.audio:
        raise no_pictures(path)
    if container.streams.audio:
        raise UserFixable(
            f"{path.name} holds sound only, no pictures.",
            still_works=_NOT_CHANGED,
            to_do="Choose a file with a video track.",
        )
    raise no_pictures(path)
