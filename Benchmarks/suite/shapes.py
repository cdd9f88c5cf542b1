"""What is recorded: shapes of audio, as fixtures that the same device plays for everyone, for ever."""
import dataclasses
import subprocess

SAMPLE_BYTES = {"S16_LE": 2, "S24_LE": 4, "S32_LE": 4}


@dataclasses.dataclass(frozen=True)
class Shape:
    """A device's format; `content` is `ramp`, whose every sample tells its place, or a WAV file of 16 bits."""

    title: str
    format: str
    rate: int
    channels: int
    content: str = "ramp"

    @property
    def frame_bytes(self):
        return SAMPLE_BYTES[self.format] * self.channels


VOICE = Shape("16 kHz mono", "S16_LE", 16000, 1)
STEREO = Shape("48 kHz stereo", "S16_LE", 48000, 2)
EIGHT = Shape("8 ch 48 kHz S32", "S32_LE", 48000, 8)
EIGHT_FAST = Shape("8 ch 192 kHz S32", "S32_LE", 192000, 8)
SPEECH = Shape("48 kHz stereo speech", "S16_LE", 48000, 2, "Fixtures/speech-48k-stereo.wav")
SPEECH_24 = Shape("48 kHz stereo speech, 24 bits", "S24_LE", 48000, 2, "Fixtures/speech-48k-stereo.wav")


def samples_file(shape, folder):
    """The raw samples that the device plays, made once: a ramp of 65536 frames, or what is in the file."""
    path = folder / f"{shape.content.split('/')[-1]}-{shape.format}-{shape.rate}-{shape.channels}.raw"
    if path.exists():
        return path
    if shape.content == "ramp":
        command = ["Fixtures/generate", "ramp", "--format", shape.format, "--channels", str(shape.channels)]
        subprocess.run([*command, "--rate", str(shape.rate), "--frames", "65536", str(path)], check=True)
    else:
        narrow = path if shape.format == "S16_LE" else path.with_suffix(".16")
        subprocess.run(["sox", shape.content, "-t", "raw", "-e", "signed", "-b", "16", str(narrow)], check=True)
        if shape.format == "S24_LE":
            path.write_bytes(widened(narrow.read_bytes()))
    return path


def widened(bytes16):
    """16-bit samples as 24-bit ones in words of 32 bits."""
    out = bytearray(2 * len(bytes16))
    out[1::4], out[2::4] = bytes16[0::2], bytes16[1::2]
    out[3::4] = bytes(0xFF if byte & 0x80 else 0 for byte in bytes16[1::2])
    return bytes(out)


def device(shape, folder, speed):
    """The PCM's name; `speed` is `real` or `max`. Periods begin at 10 ms: ffmpeg takes the shortest that there is."""
    shape_words = f"FORMAT={shape.format},RATE={shape.rate},CHANNELS={shape.channels}"
    return f"fixture:FILE={samples_file(shape, folder)},{shape_words},SPEED={speed},LOOP=1,MINPERIOD={shape.rate // 100}"
