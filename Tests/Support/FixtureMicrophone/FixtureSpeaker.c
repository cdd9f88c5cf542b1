// FixtureSpeaker: an ALSA playback device that writes down what was heard, and when.
//
//   speaker:FILE=/abs/heard,DRIFT=200,PAUSE=1
//
// All arguments but FILE are optional. Positions are frames heard by the handle that reaches them; each fault happens once
// per FILE.
//   FILE=path     where what was heard is appended: for each stretch that was heard without a break one record in the
//                 machine's byte order: int64 when its first frame was heard (ns of CLOCK_MONOTONIC), int64 frames, int32
//                 rate, int32 bytes per frame, and the frames.
//   RATE=n        the only rate offered. Default: 8000 to 192000.
//   MAXBUFFER=n   largest buffer offered, in frames of 16-bit mono.
//   DRIFT=ppm     the real clock runs faster (+) or slower (-) than nominal; may be fractional.
//   PAUSE=1       the device can pause. Default: snd_pcm_pause fails, as on most.
//   SUSPEND=F     ESTRPIPE when frame F is due; snd_pcm_resume fails.
//   UNPLUG=F      ENODEV when frame F is due; this handle stays lost, another may be opened.
//
// Frame k after a start is heard at the start + k / rate. A device that has nothing left is in XRUN. Frames that are dropped
// were not heard.

#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    snd_pcm_ioplug_t io;
    snd_pcm_ioplug_callback_t callbacks;
    char file[4096];
    double drift;
    unsigned rate;
    int64_t maxBuffer, suspendAt, unplugAt;
    bool canPause, isLost;

    int64_t heardBefore;  // by this handle, in stretches that are over
    int64_t startedAt;    // ns; 0: nothing is being heard
    int64_t position;     // frames heard since prepare
    int64_t stretch;      // the position at which this stretch began
    uint8_t *frames;      // transferred since prepare
    int64_t frameCount;
    size_t frameBytes;
} Speaker;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/// The frames heard by now since prepare, if there were enough.
static int64_t duePosition(const Speaker *speaker) {
    if (!speaker->startedAt) return speaker->position;
    double rate = speaker->io.rate * (1 + speaker->drift * 1e-6);
    return speaker->stretch + (int64_t)((double)(now() - speaker->startedAt) * rate / 1e9);
}

/// Ends a stretch at a position, and writes it down.
static void endStretch(Speaker *speaker, int64_t position) {
    int64_t count = position - speaker->stretch, startedAt = speaker->startedAt;
    speaker->startedAt = 0;
    speaker->position = position;
    if (!startedAt || count <= 0) return;
    speaker->heardBefore += count;
    int file = open(speaker->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return;
    int64_t times[2] = {startedAt, count};
    int32_t shape[2] = {(int32_t)speaker->io.rate, (int32_t)speaker->frameBytes};
    const uint8_t *bytes = speaker->frames + (size_t)speaker->stretch * speaker->frameBytes;
    if (write(file, times, sizeof times) < 0 || write(file, shape, sizeof shape) < 0 ||
        write(file, bytes, (size_t)count * speaker->frameBytes) < 0)
        perror("speaker");
    close(file);
}

static void beginStretch(Speaker *speaker) {
    speaker->stretch = speaker->position;
    speaker->startedAt = now();
}

/// True once for each FILE.
static bool happens(const Speaker *speaker, const char *fault) {
    char path[4200];
    snprintf(path, sizeof path, "%s.%s", speaker->file, fault);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file >= 0) close(file);
    return file >= 0;
}

/// Whether a fault lies before a position; then the stretch ends there.
static bool meets(Speaker *speaker, int64_t at, const char *fault, int64_t position) {
    int64_t place = speaker->stretch + at - speaker->heardBefore;
    if (at < 0 || place > position || place < speaker->stretch || !happens(speaker, fault)) return false;
    endStretch(speaker, place);
    return true;
}

static snd_pcm_sframes_t pointer(snd_pcm_ioplug_t *io) {
    Speaker *speaker = io->private_data;
    if (!speaker->startedAt) return (snd_pcm_sframes_t)speaker->position;
    int64_t due = duePosition(speaker);
    int64_t position = due < speaker->frameCount ? due : speaker->frameCount;
    if (meets(speaker, speaker->unplugAt, "unplugged", position)) {
        speaker->isLost = true;
        snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
    } else if (meets(speaker, speaker->suspendAt, "suspended", position)) {
        snd_pcm_ioplug_set_state(io, SND_PCM_STATE_SUSPENDED);
    } else if (due > speaker->frameCount) {
        endStretch(speaker, speaker->frameCount);
        return -EPIPE;
    } else {
        speaker->position = position;
    }
    return (snd_pcm_sframes_t)speaker->position;
}

static snd_pcm_sframes_t transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t offset,
                                  snd_pcm_uframes_t size) {
    Speaker *speaker = io->private_data;
    if (speaker->isLost) return -ENODEV;
    size_t bytes = size * speaker->frameBytes, end = (size_t)speaker->frameCount * speaker->frameBytes;
    uint8_t *frames = realloc(speaker->frames, end + bytes);
    if (!frames) return -ENOMEM;
    speaker->frames = frames;
    memcpy(frames + end, (uint8_t *)areas->addr + areas->first / 8 + offset * (areas->step / 8), bytes);
    speaker->frameCount += (int64_t)size;
    return (snd_pcm_sframes_t)size;
}

static int prepare(snd_pcm_ioplug_t *io) {
    Speaker *speaker = io->private_data;
    if (speaker->isLost) return -ENODEV;
    speaker->position = speaker->stretch = speaker->frameCount = speaker->startedAt = 0;
    return 0;
}

static int start(snd_pcm_ioplug_t *io) {
    beginStretch(io->private_data);
    return 0;
}

/// Ends what is being heard, at the frame that is due.
static void end(Speaker *speaker) {
    int64_t due = duePosition(speaker);
    endStretch(speaker, due < speaker->frameCount ? due : speaker->frameCount);
}

static int stop(snd_pcm_ioplug_t *io) {
    end(io->private_data);
    return 0;
}

static int setPaused(snd_pcm_ioplug_t *io, int isPaused) {
    Speaker *speaker = io->private_data;
    if (isPaused) end(speaker); else beginStretch(speaker);
    return 0;
}

static int setParameters(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *parameters) {
    (void)parameters;
    Speaker *speaker = io->private_data;
    speaker->frameBytes = (size_t)snd_pcm_format_physical_width(io->format) / 8 * io->channels;
    return 0;
}

static int closeSpeaker(snd_pcm_ioplug_t *io) {
    Speaker *speaker = io->private_data;
    end(speaker);
    close(io->poll_fd);
    free(speaker->frames);
    free(speaker);
    return 0;
}

static int offer(Speaker *speaker) {
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED};
    static const unsigned formats[] = {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S24_3LE, SND_PCM_FORMAT_S24_LE,
                                       SND_PCM_FORMAT_S32_LE, SND_PCM_FORMAT_FLOAT_LE};
    snd_pcm_ioplug_t *io = &speaker->io;
    unsigned low = speaker->rate ? speaker->rate : 8000, high = speaker->rate ? speaker->rate : 192000;
    unsigned most = speaker->maxBuffer ? (unsigned)speaker->maxBuffer * 2 : 48000 * 4 * 8;
    int err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 1, access);
    if (err >= 0) err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 5, formats);
    if (err >= 0) err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, 1, 8);
    if (err >= 0) err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, low, high);
    if (err >= 0) err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 32, most);
    if (err >= 0) err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 64, most);
    if (err >= 0) err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 65536);
    return err;
}

static void readArgument(Speaker *speaker, const char *name, const char *value) {
    if (!strcmp(name, "FILE")) snprintf(speaker->file, sizeof speaker->file, "%s", value);
    if (!strcmp(name, "RATE")) speaker->rate = (unsigned)strtoul(value, NULL, 10);
    if (!strcmp(name, "MAXBUFFER")) speaker->maxBuffer = strtoll(value, NULL, 10);
    if (!strcmp(name, "DRIFT")) speaker->drift = strtod(value, NULL);
    if (!strcmp(name, "PAUSE")) speaker->canPause = !strcmp(value, "1");
    if (!strcmp(name, "SUSPEND")) speaker->suspendAt = strtoll(value, NULL, 10);
    if (!strcmp(name, "UNPLUG")) speaker->unplugAt = strtoll(value, NULL, 10);
}

static void readArguments(Speaker *speaker, snd_config_t *conf) {
    speaker->suspendAt = speaker->unplugAt = -1;
    snd_config_iterator_t each, next;
    snd_config_for_each(each, next, conf) {
        snd_config_t *field = snd_config_iterator_entry(each);
        const char *name;
        char *value = NULL;
        if (snd_config_get_id(field, &name) < 0 || snd_config_get_ascii(field, &value) < 0) continue;
        if (*value) readArgument(speaker, name, value);
        free(value);
    }
}

SND_PCM_PLUGIN_DEFINE_FUNC(speaker) {
    (void)root;
    if (stream != SND_PCM_STREAM_PLAYBACK) return -ENOENT;
    Speaker *speaker = calloc(1, sizeof *speaker);
    if (!speaker) return -ENOMEM;
    readArguments(speaker, conf);
    speaker->callbacks = (snd_pcm_ioplug_callback_t){
        .start = start, .stop = stop, .pointer = pointer, .transfer = transfer, .close = closeSpeaker,
        .hw_params = setParameters, .prepare = prepare, .pause = speaker->canPause ? setPaused : NULL,
    };
    speaker->io = (snd_pcm_ioplug_t){
        .version = SND_PCM_IOPLUG_VERSION, .name = "Fixture speaker", .flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA,
        .poll_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), .poll_events = POLLIN,
        .callback = &speaker->callbacks, .private_data = speaker,
    };
    int err = snd_pcm_ioplug_create(&speaker->io, name, stream, mode);
    if (err < 0) {
        close(speaker->io.poll_fd);
        free(speaker);
        return err;
    }
    err = offer(speaker);
    if (err < 0) {
        snd_pcm_ioplug_delete(&speaker->io);
        return err;
    }
    *pcmp = speaker->io.pcm;
    return 0;
}
SND_PCM_PLUGIN_SYMBOL(speaker)
