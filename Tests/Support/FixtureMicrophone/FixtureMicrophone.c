// FixtureMicrophone: an ALSA capture device that plays a file and misbehaves where it is told to.
//
//   ALSA_CONFIG_PATH=.../asound.conf FIXTURE_MICROPHONE=/abs/libFixtureMicrophone.so
//   arecord -D 'fixture:FILE=/abs/ramp.wav,SPEED=max,XRUN=48000:480+96000:10' ...
//
// All arguments but FILE are optional. A list is joined by '+'. Lengths and positions are frames, times milliseconds.
//   FILE=path          WAV or RF64 (PCM 8/16/24/32, float 32, 1 to 64 channels), or raw samples. Default: $FIXTURE_FILE.
//   SPEED=real|max     real (default): clocked by CLOCK_MONOTONIC. max: a full buffer is always available, no clock.
//   FORMAT=name        the samples' format: needed for raw; S24_LE over a packed 24-bit WAV widens them to 32 bits.
//   RATE=n CHANNELS=n  needed for raw.
//   FORMATS RATES CHANNELS=list   what the device offers (default: the file's). The bytes are the file's whatever
//                      is chosen. For a raw file the first CHANNELS entry is the file's.
//   MAXBUFFER=n        largest buffer offered. Default: 8 s.
//   MINPERIOD=n        smallest period offered. Default: 32 frames.
//   START=n            the first frame captured. Default 0.
//   LOOP=1             the file repeats for ever. Default: the device ends with it.
//   BOOT=1             frame 0 was captured when CLOCK_MONOTONIC was 0, so that it is known when each one was; needs LOOP.
//   DRIFT=ppm          the real clock runs faster (+) or slower (-) than nominal; may be fractional.
//   BUSY=1             open fails with EBUSY.
//   RESUME=1           snd_pcm_resume works after SUSPEND. Default: hw_params_can_resume says no; see below.
//   SHORT=n            reads are cut: alsa-lib gets at most n frames at a time (not in mmap access).
//   XRUN=F:N           overrun at F, EPIPE; frames [F, F+N) are lost.
//   SUSPEND=F:N        ESTRPIPE at F; frames [F, F+N) are lost.
//   UNPLUG=F:MS        ENODEV at F; open, prepare and start fail with ENODEV for MS ms (0 or `forever`: for good).
//   BADFD=F:MS         the same, but reads fail with EBADFD (state SETUP), and the same handle works again afterwards.
//   STALL=F:MS         nothing arrives for MS ms from F on, then everything at once.
//   LOSE=F:N           frames [F, F+N) vanish without a word: the position stands still for their duration.
//   ZERO=F:N           frames [F, F+N) read as zeros.
//   ID=text            no meaning: makes another device of the same arguments.
//
// TIMELINE. A device is its argument string. It has one clock per process, which survives close and open: frame k is
// captured at t0 + k / rate, t0 being its first start, and its content is frame k of the file (modulo the file's length
// if LOOP). A start begins at the next frame of that grid, so that after any fault the content is at its true place. All
// positions F above are frames of that grid; the frames before F are delivered first, then the fault is seen; each
// XRUN, SUSPEND, UNPLUG, BADFD happens once, and not at all if its place passed while nothing ran. At SPEED=max, where
// no time passes, a restart begins at the frame after the last one read, plus N, or plus MS * rate / 1000.
// At SPEED=real more than stop_threshold unread frames are an overrun: EPIPE, the unread frames are lost.
//
// END, unless LOOP: the state becomes DRAINING with the last frames; then reads return 0; a reader that goes on gets
// EBADFD (state SETUP). `drainingLooks` says after how long. The end, like everything about a device, lasts as long as
// the process: what is opened again is still at its end (see ID).
//
// POLL. In RUNNING: POLLIN when avail >= avail_min, or when the frames before a fault or the end are there.
// DRAINING, SETUP: POLLIN (the read says what is wrong). XRUN, SUSPENDED, DISCONNECTED: POLLIN | POLLERR.
//
// An ioplug cannot make snd_pcm_resume fail. Without RESUME=1 it returns 0 and the next read gets EPIPE.
//
// pointer, transfer, poll_revents and start neither allocate nor lock.

#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { maxFaults = 64, maxOffers = 32, maxChannels = 64 };

/// A reader that has got all frames may ask for avail, status and timestamps this many times before a read fails.
enum { drainingLooks = 12 };

static const int64_t never = INT64_MAX;
static const int64_t atOnce = 1;

typedef enum { faultXrun, faultSuspend, faultUnplug, faultBadfd, faultStall, faultLose, faultZero } FaultKind;

typedef struct {
    FaultKind kind;
    int64_t at;      // first frame concerned
    int64_t amount;  // frames, or nanoseconds (unplug, badfd, stall)
    unsigned id;     // bit in Device.fired
} Fault;

/// What a device is, beyond one opened handle of it. Never freed.
typedef struct Device {
    struct Device *next;
    char *key;
    _Atomic int64_t origin;     // when frame 0 begins, ns of CLOCK_MONOTONIC; 0: not yet started
    _Atomic int64_t floor;      // a start begins here or later
    _Atomic int64_t goneUntil;  // ns; SPEED=max
    _Atomic uint64_t fired;     // faults that have happened
    _Atomic unsigned rate;      // the last one chosen
} Device;

typedef struct {
    unsigned values[maxOffers];
    unsigned count;
} Offers;

typedef struct {
    char file[4096];
    bool maxSpeed, loop, boot, busy, canResume;
    snd_pcm_format_t format;  // UNKNOWN: as the file says
    Offers formats, rates, channels;
    unsigned rate;
    int64_t start, maxBuffer, minPeriod, shortRead;
    double drift;  // ppm
    Fault faults[maxFaults];
    unsigned faultCount;
} Arguments;

/// The samples in the mapped file.
typedef struct {
    uint8_t *map;
    size_t mapSize;
    const uint8_t *data;
    int64_t size;
    snd_pcm_format_t format;
    unsigned channels, rate;
} Source;

typedef struct {
    snd_pcm_ioplug_t io;
    snd_pcm_ioplug_callback_t callbacks;
    Arguments args;
    Source source;
    Device *device;
    int timer;
    int64_t armed;  // what the timer is set to

    // Set by hw_params and sw_params.
    double rate;  // true frames per second
    int64_t length;
    size_t frameBytes, sourceFrameBytes;
    bool widen;
    int64_t availMin, stopThreshold, boundary;

    // The stream. Position p of the stream (frames since prepare) is the (p - base)th frame not lost since `first`.
    int64_t base, first;
    int64_t reported;  // position last given to alsa-lib
    int64_t finish;    // position of the end, in DRAINING
    int64_t stallAt, stallUntil;  // SPEED=max
    bool phantom;      // see finishAt
    unsigned looks;
    bool cut;
} Microphone;

/// What is there at one moment.
typedef struct {
    int64_t position;  // frames captured
    int64_t unread;
    bool atLimit;  // nothing more will come before `fault` or the end
    const Fault *fault;
} Look;

// MARK: - Clock and grid

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double framesPerSecond(const Arguments *args, unsigned rate) { return rate * (1 + args->drift * 1e-6); }

/// When frames before `frame` have been captured.
static int64_t timeOf(const Microphone *mic, int64_t frame) {
    return mic->device->origin + (int64_t)ceil((double)frame * 1e9 / mic->rate) + 1;
}

static double gridAt(const Microphone *mic, int64_t time) {
    return (double)(time - mic->device->origin) * mic->rate / 1e9;
}

static int64_t later(int64_t time, int64_t span) { return span == never ? never : time + span; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static void arm(Microphone *mic, int64_t time) {
    if (mic->armed == time) return;
    mic->armed = time;
    struct itimerspec when = {.it_value = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000}};
    if (time == never) when.it_value = (struct timespec){0, 0};
    timerfd_settime(mic->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

// MARK: - Faults

static bool hasFired(const Microphone *mic, const Fault *fault) { return mic->device->fired >> fault->id & 1; }

static void setFired(Microphone *mic, const Fault *fault) {
    atomic_fetch_or(&mic->device->fired, UINT64_C(1) << fault->id);
}

static bool takesAway(const Fault *fault) { return fault->kind == faultUnplug || fault->kind == faultBadfd; }

static bool stopsStream(const Microphone *mic, const Fault *fault) {
    return fault->kind < faultStall || (fault->kind == faultStall && mic->args.maxSpeed);
}

/// The next fault that the stream runs into.
static const Fault *nextFault(const Microphone *mic) {
    for (unsigned i = 0; i < mic->args.faultCount; i++) {
        const Fault *fault = &mic->args.faults[i];
        if (stopsStream(mic, fault) && fault->at >= mic->first && !hasFired(mic, fault)) return fault;
    }
    return NULL;
}

static bool isGone(const Device *device, const Arguments *args, int64_t time) {
    if (device->goneUntil > time) return true;
    if (args->maxSpeed || device->origin == 0) return false;
    for (unsigned i = 0; i < args->faultCount; i++) {
        const Fault *fault = &args->faults[i];
        int64_t at = device->origin + (int64_t)((double)fault->at * 1e9 / framesPerSecond(args, device->rate));
        if (takesAway(fault) && time >= at && time < later(at, fault->amount)) return true;
    }
    return false;
}

/// The frames in [first, end) that LOSE leaves.
static int64_t countKept(const Microphone *mic, int64_t end) {
    int64_t count = larger(0, end - mic->first);
    for (unsigned i = 0; i < mic->args.faultCount; i++) {
        const Fault *fault = &mic->args.faults[i];
        if (fault->kind != faultLose) continue;
        count -= larger(0, smaller(end, fault->at + fault->amount) - larger(mic->first, fault->at));
    }
    return count;
}

/// The frame of the grid at a position of the stream; `run` becomes how many follow it directly.
static int64_t frameAt(const Microphone *mic, int64_t position, int64_t *run) {
    int64_t frame = mic->first + position - mic->base;
    *run = never;
    for (unsigned i = 0; i < mic->args.faultCount; i++) {
        const Fault *fault = &mic->args.faults[i];
        int64_t end = fault->at + fault->amount;
        if (fault->kind != faultLose || end <= mic->first) continue;
        int64_t start = larger(fault->at, mic->first);
        if (frame < start) {
            *run = start - frame;
            break;
        }
        frame += end - start;
    }
    return frame;
}

// MARK: - What is there now

static bool isReal(const Microphone *mic) { return !mic->args.maxSpeed; }
static bool isMapped(const Microphone *mic) { return mic->io.access == SND_PCM_ACCESS_MMAP_INTERLEAVED; }

static int64_t endOfFile(const Microphone *mic) { return mic->args.loop ? never : mic->length; }

/// Frames on the grid that the clock has let through, stalls considered.
static int64_t clockedFrames(const Microphone *mic, int64_t time) {
    int64_t frames = larger(0, (int64_t)floor(gridAt(mic, time)));
    for (unsigned i = 0; i < mic->args.faultCount; i++) {
        const Fault *fault = &mic->args.faults[i];
        if (fault->kind != faultStall || fault->at >= frames) continue;
        if (time < later(timeOf(mic, fault->at), fault->amount)) frames = fault->at;
    }
    return frames;
}

/// The time at which `clockedFrames` reaches `frame`.
static int64_t clockedTime(const Microphone *mic, int64_t frame) {
    int64_t time = timeOf(mic, frame);
    for (unsigned i = 0; i < mic->args.faultCount; i++) {
        const Fault *fault = &mic->args.faults[i];
        if (fault->kind == faultStall && fault->at < frame)
            time = larger(time, later(timeOf(mic, fault->at), fault->amount));
    }
    return time;
}

/// The frame that the stream cannot pass, and why (`fault` NULL: the end of the file, or a stall that is going on).
static int64_t limitAt(const Microphone *mic, int64_t time, const Fault **fault) {
    *fault = nextFault(mic);
    int64_t limit = endOfFile(mic);
    if (*fault && (*fault)->at < limit)
        limit = (*fault)->at;
    else
        *fault = NULL;
    if (time < mic->stallUntil && mic->stallAt < limit) {
        limit = mic->stallAt;
        *fault = NULL;
    }
    return limit;
}

static int64_t difference(const Microphone *mic, snd_pcm_uframes_t a, snd_pcm_uframes_t b) {
    return a >= b ? (int64_t)(a - b) : mic->boundary - (int64_t)(b - a);
}

/// The position up to which the program has read.
static int64_t readPosition(const Microphone *mic) {
    return mic->reported - difference(mic, mic->io.hw_ptr, mic->io.appl_ptr);
}

static Look look(const Microphone *mic, int64_t time) {
    Look seen;
    int64_t limit = limitAt(mic, time, &seen.fault);
    int64_t frames = isReal(mic) ? smaller(limit, clockedFrames(mic, time)) : limit;
    int64_t read = readPosition(mic);
    int64_t position = frames == never ? never : mic->base + countKept(mic, frames);
    if (!isReal(mic) && position > read + (int64_t)mic->io.buffer_size) {
        position = read + (int64_t)mic->io.buffer_size;
        frames = 0;
    }
    seen.atLimit = frames >= limit;
    seen.position = larger(position, mic->reported);
    seen.unread = seen.position - read;
    return seen;
}

static bool atEnd(const Microphone *mic, const Look *seen, int64_t time) {
    return seen->atLimit && !seen->fault && time >= mic->stallUntil;
}

/// Sets the timer to when the program has something to do.
static void schedule(Microphone *mic, int64_t read, int64_t time) {
    if (!isReal(mic)) {
        arm(mic, time < mic->stallUntil ? mic->stallUntil : atOnce);
        return;
    }
    const Fault *fault;
    int64_t run, wanted = mic->availMin;
    if (mic->stopThreshold < mic->boundary) wanted = smaller(wanted, mic->stopThreshold + 1);
    int64_t frame = frameAt(mic, read + wanted - 1, &run) + 1;
    arm(mic, clockedTime(mic, smaller(frame, limitAt(mic, time, &fault))));
}

// MARK: - What happens

static void stopWith(Microphone *mic, snd_pcm_state_t state) {
    snd_pcm_ioplug_set_state(&mic->io, state);
    arm(mic, atOnce);
}

static void takeAway(Microphone *mic, const Fault *fault, int64_t time) {
    if (isReal(mic)) return;  // the clock says when it is back
    mic->device->goneUntil = later(time, fault->amount);
    if (fault->amount != never)
        mic->device->floor = fault->at + (int64_t)((double)fault->amount * mic->io.rate / 1e9 + 0.5);
}

static void happen(Microphone *mic, const Fault *fault, int64_t time) {
    setFired(mic, fault);
    switch (fault->kind) {
    case faultXrun:
    case faultSuspend:
        mic->device->floor = fault->at + fault->amount;
        stopWith(mic, fault->kind == faultXrun ? SND_PCM_STATE_XRUN : SND_PCM_STATE_SUSPENDED);
        break;
    case faultUnplug:
    case faultBadfd:
        takeAway(mic, fault, time);
        stopWith(mic, fault->kind == faultUnplug ? SND_PCM_STATE_DISCONNECTED : SND_PCM_STATE_SETUP);
        break;
    case faultStall:
        mic->stallAt = fault->at;
        mic->stallUntil = later(time, fault->amount);
        break;
    case faultLose:
    case faultZero:
        break;
    }
}

/// Looks, and lets happen what is due. True if the stream still runs.
static bool advance(Microphone *mic, int64_t time, Look *seen) {
    *seen = look(mic, time);
    if (isReal(mic) && mic->stopThreshold < mic->boundary && seen->unread > mic->stopThreshold) {
        stopWith(mic, SND_PCM_STATE_XRUN);
        return false;
    }
    if (seen->atLimit && seen->fault && seen->unread == 0) {
        happen(mic, seen->fault, time);
        if (mic->io.state != SND_PCM_STATE_RUNNING) return false;
        *seen = look(mic, time);
    }
    return true;
}

// MARK: - Callbacks: position and data

static snd_pcm_sframes_t report(Microphone *mic, int64_t position) {
    mic->reported = position;
    return (snd_pcm_sframes_t)(position % mic->boundary);
}

static snd_pcm_sframes_t drainingPointer(Microphone *mic) {
    bool isOver = !mic->phantom && readPosition(mic) >= mic->finish;
    if (isOver && ++mic->looks > drainingLooks) stopWith(mic, SND_PCM_STATE_SETUP);
    return report(mic, mic->finish + mic->phantom);
}

/// The end has come. A read that is going on looks at the state again only after a transfer: where nothing is left to
/// transfer, one frame that does not exist makes it try. (In mmap access it would be taken for real.)
static snd_pcm_sframes_t finishAt(Microphone *mic, const Look *seen) {
    bool isEmpty = seen->unread == 0;
    mic->finish = seen->position;
    stopWith(mic, isEmpty && isMapped(mic) ? SND_PCM_STATE_SETUP : SND_PCM_STATE_DRAINING);
    mic->phantom = isEmpty && !isMapped(mic);
    return report(mic, mic->finish + mic->phantom);
}

static snd_pcm_sframes_t micPointer(snd_pcm_ioplug_t *io) {
    Microphone *mic = io->private_data;
    if (io->state == SND_PCM_STATE_DRAINING) return drainingPointer(mic);
    if (io->state != SND_PCM_STATE_RUNNING) return report(mic, mic->reported);

    int64_t time = now();
    Look seen;
    if (!advance(mic, time, &seen)) return report(mic, mic->reported);
    // alsa-lib drops a draining stream whose buffer is full.
    if (!atEnd(mic, &seen, time) || seen.unread >= (int64_t)io->buffer_size) return report(mic, seen.position);
    return finishAt(mic, &seen);
}

static void widenSamples(uint8_t *to, const uint8_t *from, size_t samples) {
    for (size_t i = 0; i < samples; i++, to += 4, from += 3) {
        memcpy(to, from, 3);
        to[3] = from[2] & 0x80 ? 0xff : 0;
    }
}

static void copyFrames(const Microphone *mic, uint8_t *to, int64_t frame, int64_t count) {
    while (count > 0) {
        int64_t at = mic->args.loop ? frame % mic->length : frame;
        int64_t run = smaller(count, mic->length - at);
        const uint8_t *from = mic->source.data + at * (int64_t)mic->sourceFrameBytes;
        if (mic->widen)
            widenSamples(to, from, (size_t)run * mic->io.channels);
        else
            memcpy(to, from, (size_t)run * mic->frameBytes);
        to += (size_t)run * mic->frameBytes;
        frame += run;
        count -= run;
    }
}

static void zeroFrames(const Microphone *mic, uint8_t *to, int64_t frame, int64_t count) {
    for (unsigned i = 0; i < mic->args.faultCount; i++) {
        const Fault *fault = &mic->args.faults[i];
        if (fault->kind != faultZero) continue;
        int64_t start = larger(frame, fault->at), end = smaller(frame + count, fault->at + fault->amount);
        if (start < end) memset(to + (start - frame) * (int64_t)mic->frameBytes, 0, (end - start) * mic->frameBytes);
    }
}

/// Copies frames from a position of the stream. Returns the frame of the grid after the last one.
static int64_t serve(const Microphone *mic, uint8_t *to, int64_t position, int64_t count) {
    int64_t frame = 0;
    while (count > 0) {
        int64_t run;
        frame = frameAt(mic, position, &run);
        run = smaller(run, count);
        copyFrames(mic, to, frame, run);
        zeroFrames(mic, to, frame, run);
        to += run * (int64_t)mic->frameBytes;
        frame += run;
        position += run;
        count -= run;
    }
    return frame;
}

/// alsa-lib calls again until a read is complete. -EAGAIN at the second time makes it return what the first gave.
static int64_t shorten(Microphone *mic, int64_t size) {
    if (mic->args.shortRead <= 0 || isMapped(mic)) return size;
    if (mic->cut) {
        mic->cut = false;
        return -EAGAIN;
    }
    mic->cut = size > mic->args.shortRead;
    return smaller(size, mic->args.shortRead);
}

static snd_pcm_sframes_t micTransfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                     snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
    Microphone *mic = io->private_data;
    int64_t read = readPosition(mic);
    bool draining = io->state == SND_PCM_STATE_DRAINING;
    if (draining && read >= mic->finish) {
        mic->phantom = false;
        return 0;
    }
    int64_t count = shorten(mic, smaller((int64_t)size, (draining ? mic->finish : mic->reported) - read));
    if (count <= 0) return count;

    uint8_t *to = (uint8_t *)areas->addr + areas->first / 8 + offset * (areas->step / 8);
    int64_t next = serve(mic, to, read, count);
    if (!isReal(mic)) mic->device->floor = larger(next, mic->device->floor);
    if (draining) return count;
    if (next >= endOfFile(mic) && !isMapped(mic)) {
        mic->finish = read + count;
        stopWith(mic, SND_PCM_STATE_DRAINING);
    } else if (mic->reported - read - count < mic->availMin) {
        schedule(mic, read + count, now());
    }
    return count;
}

// MARK: - Callbacks: poll

static unsigned short runningEvents(Microphone *mic) {
    Look seen;
    int64_t time = now();
    if (!advance(mic, time, &seen)) return mic->io.state == SND_PCM_STATE_SETUP ? POLLIN : POLLIN | POLLERR;
    bool last = seen.atLimit && (seen.unread > 0 || atEnd(mic, &seen, time));
    if (last || seen.unread >= mic->availMin) return POLLIN;
    schedule(mic, seen.position - seen.unread, time);
    return 0;
}

static int micPollRevents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned count, unsigned short *revents) {
    Microphone *mic = io->private_data;
    (void)fds;
    (void)count;
    switch (io->state) {
    case SND_PCM_STATE_RUNNING: *revents = runningEvents(mic); break;
    case SND_PCM_STATE_PREPARED: *revents = 0; break;
    case SND_PCM_STATE_DRAINING:
    case SND_PCM_STATE_SETUP: *revents = POLLIN; break;
    default: *revents = POLLIN | POLLERR; break;
    }
    return 0;
}

// MARK: - Callbacks: state

static int micPrepare(snd_pcm_ioplug_t *io) {
    Microphone *mic = io->private_data;
    if (isGone(mic->device, &mic->args, now())) return -ENODEV;
    mic->reported = mic->base = 0;
    mic->looks = 0;
    mic->cut = mic->phantom = false;
    arm(mic, never);
    return 0;
}

/// Where a stream that starts now begins on the grid.
static int64_t firstFrame(Microphone *mic, int64_t time) {
    Device *device = mic->device;
    int64_t unset = 0, origin = time - llround((double)mic->args.start * 1e9 / mic->rate);
    if (mic->args.boot) origin = 1;
    bool isFirst = atomic_compare_exchange_strong(&device->origin, &unset, origin);
    if (isFirst) device->floor = mic->args.start;
    if ((isFirst && !mic->args.boot) || !isReal(mic)) return device->floor;
    return larger(device->floor, (int64_t)ceil(gridAt(mic, time)));
}

static void begin(Microphone *mic, int64_t time) {
    mic->base = mic->reported;
    mic->first = firstFrame(mic, time);
    mic->stallUntil = 0;
    schedule(mic, mic->base, time);
}

static int micStart(snd_pcm_ioplug_t *io) {
    Microphone *mic = io->private_data;
    int64_t time = now();
    if (isGone(mic->device, &mic->args, time)) {
        stopWith(mic, SND_PCM_STATE_DISCONNECTED);
        return -ENODEV;
    }
    begin(mic, time);
    return 0;
}

static int micStop(snd_pcm_ioplug_t *io) {
    arm(io->private_data, atOnce);
    return 0;
}

/// A capture stream that is drained just stops.
static int micDrain(snd_pcm_ioplug_t *io) {
    (void)io;
    return 0;
}

static int micResume(snd_pcm_ioplug_t *io) {
    Microphone *mic = io->private_data;
    if (io->state != SND_PCM_STATE_SUSPENDED) return -EBADFD;
    if (!mic->args.canResume) {
        stopWith(mic, SND_PCM_STATE_XRUN);
        return 0;
    }
    snd_pcm_ioplug_set_state(io, SND_PCM_STATE_RUNNING);
    begin(mic, now());
    return 0;
}

static int micHwParams(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params) {
    Microphone *mic = io->private_data;
    (void)params;
    const Source *source = &mic->source;
    mic->rate = framesPerSecond(&mic->args, io->rate);
    mic->device->rate = io->rate;
    mic->widen = source->format == SND_PCM_FORMAT_S24_3LE && io->format == SND_PCM_FORMAT_S24_LE;
    mic->frameBytes = io->channels * (size_t)snd_pcm_format_physical_width(io->format) / 8;
    mic->sourceFrameBytes = mic->widen ? io->channels * 3 : mic->frameBytes;
    mic->length = source->size / (int64_t)mic->sourceFrameBytes;
    if (mic->length == 0 && mic->args.loop) return -EINVAL;
    // Present from here on, when can_resume has been answered with no.
    mic->callbacks.resume = micResume;
    return 0;
}

static int micHwFree(snd_pcm_ioplug_t *io) {
    Microphone *mic = io->private_data;
    if (!mic->args.canResume) mic->callbacks.resume = NULL;
    return 0;
}

static int micSwParams(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params) {
    Microphone *mic = io->private_data;
    snd_pcm_uframes_t availMin = 1, stop = 0, boundary = 0;
    snd_pcm_sw_params_get_avail_min(params, &availMin);
    snd_pcm_sw_params_get_stop_threshold(params, &stop);
    snd_pcm_sw_params_get_boundary(params, &boundary);
    mic->availMin = (int64_t)availMin;
    mic->stopThreshold = (int64_t)smaller((int64_t)stop, (int64_t)boundary);
    mic->boundary = (int64_t)boundary;
    if (io->state == SND_PCM_STATE_RUNNING) schedule(mic, readPosition(mic), now());
    return 0;
}

static void release(Microphone *mic) {
    if (mic->timer >= 0) close(mic->timer);
    if (mic->source.map) munmap(mic->source.map, mic->source.mapSize);
    free(mic);
}

static int micClose(snd_pcm_ioplug_t *io) {
    release(io->private_data);
    return 0;
}

static const snd_pcm_ioplug_callback_t microphoneCallbacks = {
    .start = micStart,
    .stop = micStop,
    .pointer = micPointer,
    .transfer = micTransfer,
    .close = micClose,
    .hw_params = micHwParams,
    .hw_free = micHwFree,
    .sw_params = micSwParams,
    .prepare = micPrepare,
    .drain = micDrain,
    .poll_revents = micPollRevents,
};

// MARK: - The file

static uint32_t little(const uint8_t *at, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint32_t)at[i] << (8 * i);
    return value;
}

static snd_pcm_format_t formatOfWAV(unsigned tag, unsigned containerBits) {
    if (tag == 3 && containerBits == 32) return SND_PCM_FORMAT_FLOAT_LE;
    if (tag != 1) return SND_PCM_FORMAT_UNKNOWN;
    switch (containerBits) {
    case 8: return SND_PCM_FORMAT_U8;
    case 16: return SND_PCM_FORMAT_S16_LE;
    case 24: return SND_PCM_FORMAT_S24_3LE;
    case 32: return SND_PCM_FORMAT_S32_LE;
    default: return SND_PCM_FORMAT_UNKNOWN;
    }
}

static void readFormatChunk(Source *source, const uint8_t *chunk, uint32_t size) {
    unsigned tag = little(chunk, 2);
    if (tag == 0xfffe && size >= 26) tag = little(chunk + 24, 2);  // WAVE_FORMAT_EXTENSIBLE: its subformat
    source->channels = little(chunk + 2, 2);
    source->rate = little(chunk + 4, 4);
    unsigned frameBytes = little(chunk + 12, 2);
    if (source->channels) source->format = formatOfWAV(tag, frameBytes / source->channels * 8);
}

/// True if the file is a WAV (or RF64) with samples.
static bool readWAV(Source *source) {
    const uint8_t *file = source->map;
    size_t size = source->mapSize;
    if (size < 12 || (memcmp(file, "RIFF", 4) && memcmp(file, "RF64", 4)) || memcmp(file + 8, "WAVE", 4)) return false;
    for (size_t at = 12; at + 8 <= size;) {
        uint32_t bytes = little(file + at + 4, 4);
        const uint8_t *chunk = file + at + 8;
        size_t rest = size - at - 8;
        if (!memcmp(file + at, "fmt ", 4) && bytes >= 16 && rest >= bytes) readFormatChunk(source, chunk, bytes);
        if (!memcmp(file + at, "data", 4)) {
            source->data = chunk;
            source->size = (int64_t)(bytes > rest || bytes == UINT32_MAX ? rest : bytes);
            return source->channels > 0;
        }
        at += 8 + (size_t)bytes + (bytes & 1);
    }
    return false;
}

static int mapFile(Source *source, const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        SNDERR("fixture: %s: %s", path, strerror(errno));
        return -errno;
    }
    struct stat about;
    fstat(file, &about);
    source->mapSize = (size_t)about.st_size;
    source->map = source->mapSize ? mmap(NULL, source->mapSize, PROT_READ, MAP_SHARED, file, 0) : NULL;
    close(file);
    if (source->map == MAP_FAILED) {
        source->map = NULL;
        return -ENOMEM;
    }
    if (source->map) madvise(source->map, source->mapSize, MADV_WILLNEED);
    return 0;
}

static int openSource(Source *source, const Arguments *args) {
    int err = mapFile(source, args->file);
    if (err < 0) return err;
    source->format = SND_PCM_FORMAT_UNKNOWN;
    bool isWAV = source->map && readWAV(source);
    if (!isWAV) {
        *source = (Source){.map = source->map, .mapSize = source->mapSize, .data = source->map,
                           .size = (int64_t)source->mapSize, .format = args->format, .rate = args->rate,
                           .channels = args->channels.count ? args->channels.values[0] : 0};
    } else if (args->format != SND_PCM_FORMAT_UNKNOWN &&
               !(args->format == SND_PCM_FORMAT_S24_LE && source->format == SND_PCM_FORMAT_S24_3LE)) {
        source->format = args->format;
    }
    bool isComplete = source->format != SND_PCM_FORMAT_UNKNOWN && source->rate && source->channels;
    if (isComplete && source->channels <= maxChannels) return 0;
    SNDERR("fixture: %s: %s", args->file, isWAV ? "unknown samples" : "raw samples need FORMAT, RATE and CHANNELS");
    return -EINVAL;
}

// MARK: - What is offered

static int offer(snd_pcm_ioplug_t *io, int what, const Offers *offers, unsigned value) {
    if (offers->count) return snd_pcm_ioplug_set_param_list(io, what, offers->count, offers->values);
    return snd_pcm_ioplug_set_param_list(io, what, 1, &value);
}

static int offerRange(snd_pcm_ioplug_t *io, int what, unsigned least, int64_t most) {
    return snd_pcm_ioplug_set_param_minmax(io, what, least, (unsigned)most);
}

static unsigned extreme(const Offers *offers, unsigned value, bool greatest) {
    if (offers->count) value = offers->values[0];
    for (unsigned i = 1; i < offers->count; i++)
        if ((offers->values[i] > value) == greatest) value = offers->values[i];
    return value;
}

static unsigned sampleBytes(const Offers *formats, snd_pcm_format_t format, bool greatest) {
    Offers bytes = {.count = formats->count};
    for (unsigned i = 0; i < formats->count; i++)
        bytes.values[i] = (unsigned)snd_pcm_format_physical_width((snd_pcm_format_t)formats->values[i]) / 8;
    return extreme(&bytes, (unsigned)snd_pcm_format_physical_width(format) / 8, greatest);
}

static int offerSizes(Microphone *mic, snd_pcm_format_t format) {
    const Arguments *args = &mic->args;
    unsigned least = sampleBytes(&args->formats, format, false) * extreme(&args->channels, mic->source.channels, false);
    unsigned most = sampleBytes(&args->formats, format, true) * extreme(&args->channels, mic->source.channels, true);
    int64_t second = (int64_t)most * extreme(&args->rates, mic->source.rate, true);
    int64_t buffer = smaller(args->maxBuffer > 0 ? args->maxBuffer * most : 8 * second, 8 * second);
    int64_t period = smaller(2 * second, buffer), shortest = args->minPeriod > 0 ? args->minPeriod : 32;
    snd_pcm_ioplug_t *io = &mic->io;
    int err = offerRange(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, shortest * least, period);
    if (err >= 0) err = offerRange(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 2 * shortest * least, buffer);
    if (err >= 0) err = offerRange(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 65536);
    return err;
}

static int offerAll(Microphone *mic) {
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED};
    const Arguments *args = &mic->args;
    snd_pcm_ioplug_t *io = &mic->io;
    snd_pcm_format_t format = args->format != SND_PCM_FORMAT_UNKNOWN ? args->format : mic->source.format;
    int err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
    if (err >= 0) err = offer(io, SND_PCM_IOPLUG_HW_FORMAT, &args->formats, (unsigned)format);
    if (err >= 0) err = offer(io, SND_PCM_IOPLUG_HW_RATE, &args->rates, mic->source.rate);
    if (err >= 0) err = offer(io, SND_PCM_IOPLUG_HW_CHANNELS, &args->channels, mic->source.channels);
    if (err >= 0) err = offerSizes(mic, format);
    return err;
}

// MARK: - Arguments

static bool parseNumber(const char *text, int64_t *value) {
    char *end;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

static int compareFaults(const void *a, const void *b) {
    const Fault *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

static bool parseFault(Arguments *args, FaultKind kind, char *text) {
    if (args->faultCount == maxFaults) return false;
    Fault fault = {.kind = kind, .id = args->faultCount};
    char *amount = strchr(text, ':');
    if (amount) *amount++ = '\0';
    if (!parseNumber(text, &fault.at) || fault.at < 0) return false;
    bool isForever = takesAway(&fault) && (!amount || !strcmp(amount, "forever"));
    if (amount && !isForever && (!parseNumber(amount, &fault.amount) || fault.amount < 0)) return false;
    if (kind == faultUnplug || kind == faultBadfd || kind == faultStall) fault.amount *= 1000000;
    if (takesAway(&fault) && fault.amount == 0) fault.amount = never;
    args->faults[args->faultCount++] = fault;
    return true;
}

static bool parseFaults(Arguments *args, FaultKind kind, char *list) {
    char *rest = NULL;
    for (char *item = strtok_r(list, "+", &rest); item; item = strtok_r(NULL, "+", &rest))
        if (!parseFault(args, kind, item)) return false;
    return true;
}

static bool parseOffers(Offers *offers, char *list, bool areFormats) {
    char *rest = NULL;
    for (char *item = strtok_r(list, "+", &rest); item; item = strtok_r(NULL, "+", &rest)) {
        int64_t value = areFormats ? (int64_t)snd_pcm_format_value(item) : 0;
        if (!areFormats && (!parseNumber(item, &value) || value <= 0)) return false;
        if (value < 0 || value > UINT32_MAX || offers->count == maxOffers) return false;
        offers->values[offers->count++] = (unsigned)value;
    }
    return true;
}

static bool parseFlag(const char *text, bool *flag) {
    *flag = !strcmp(text, "1");
    return *flag || !strcmp(text, "0");
}

static bool parseSpeed(const char *text, bool *maxSpeed) {
    *maxSpeed = !strcmp(text, "max");
    return *maxSpeed || !strcmp(text, "real");
}

static bool parseDrift(const char *text, double *drift) {
    char *end;
    *drift = strtod(text, &end);
    return end != text && *end == '\0' && fabs(*drift) < 100000;
}

static bool parseRate(const char *text, unsigned *rate) {
    int64_t value;
    if (!parseNumber(text, &value) || value <= 0 || value > 1000000) return false;
    *rate = (unsigned)value;
    return true;
}

static bool parseArgument(Arguments *args, const char *name, char *value) {
    static const char *const kinds[] = {"XRUN", "SUSPEND", "UNPLUG", "BADFD", "STALL", "LOSE", "ZERO"};
    for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        if (!strcmp(name, kinds[kind])) return parseFaults(args, (FaultKind)kind, value);
    if (!strcmp(name, "FILE")) return snprintf(args->file, sizeof args->file, "%s", value) < (int)sizeof args->file;
    if (!strcmp(name, "SPEED")) return parseSpeed(value, &args->maxSpeed);
    if (!strcmp(name, "FORMAT")) return (args->format = snd_pcm_format_value(value)) != SND_PCM_FORMAT_UNKNOWN;
    if (!strcmp(name, "FORMATS")) return parseOffers(&args->formats, value, true);
    if (!strcmp(name, "RATE")) return parseRate(value, &args->rate);
    if (!strcmp(name, "RATES")) return parseOffers(&args->rates, value, false);
    if (!strcmp(name, "CHANNELS")) return parseOffers(&args->channels, value, false);
    if (!strcmp(name, "MAXBUFFER")) return parseNumber(value, &args->maxBuffer);
    if (!strcmp(name, "MINPERIOD")) return parseNumber(value, &args->minPeriod);
    if (!strcmp(name, "START")) return parseNumber(value, &args->start) && args->start >= 0;
    if (!strcmp(name, "LOOP")) return parseFlag(value, &args->loop);
    if (!strcmp(name, "DRIFT")) return parseDrift(value, &args->drift);
    if (!strcmp(name, "BOOT")) return parseFlag(value, &args->boot);
    if (!strcmp(name, "BUSY")) return parseFlag(value, &args->busy);
    if (!strcmp(name, "RESUME")) return parseFlag(value, &args->canResume);
    if (!strcmp(name, "SHORT")) return parseNumber(value, &args->shortRead);
    return !strcmp(name, "ID");
}

/// Reads one field of the configuration and appends it to `key`.
static int readField(Arguments *args, const char *name, const snd_config_t *field, FILE *key) {
    char *value = NULL;
    int err = snd_config_get_ascii(field, &value);
    if (err < 0) return err;
    if (*value) fprintf(key, "%s=%s,", name, value);
    bool isGood = !*value || parseArgument(args, name, value);
    if (!isGood) SNDERR("fixture: bad value for %s", name);
    free(value);
    return isGood ? 0 : -EINVAL;
}

static int readArguments(Arguments *args, snd_config_t *conf, FILE *key) {
    snd_config_iterator_t each, next;
    snd_config_for_each(each, next, conf) {
        snd_config_t *field = snd_config_iterator_entry(each);
        const char *name;
        if (snd_config_get_id(field, &name) < 0) continue;
        if (!strcmp(name, "comment") || !strcmp(name, "type") || !strcmp(name, "hint")) continue;
        int err = readField(args, name, field, key);
        if (err < 0) return err;
    }
    qsort(args->faults, args->faultCount, sizeof *args->faults, compareFaults);
    return 0;
}

// MARK: - Opening

/// The device of these arguments: the same one as long as the process lives.
static Device *findDevice(const char *key) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static Device *devices;
    pthread_mutex_lock(&lock);
    Device *device = devices;
    while (device && strcmp(device->key, key)) device = device->next;
    if (!device && (device = calloc(1, sizeof *device))) {
        device->key = strdup(key);
        device->next = devices;
        devices = device;
    }
    pthread_mutex_unlock(&lock);
    return device;
}

/// alsa-lib unloads plugins when its configuration is freed: keep this one, with the devices' clocks.
static void stayLoaded(void) {
    Dl_info self;
    if (dladdr((void *)&microphoneCallbacks, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static int prepareToOpen(Microphone *mic, snd_config_t *conf) {
    char *key = NULL;
    size_t size = 0;
    FILE *writer = open_memstream(&key, &size);
    if (!writer) return -ENOMEM;
    int err = readArguments(&mic->args, conf, writer);
    fclose(writer);
    if (err >= 0) mic->device = findDevice(key);
    free(key);
    if (err < 0) return err;
    if (!mic->device) return -ENOMEM;
    if (mic->args.busy) return -EBUSY;
    if (isGone(mic->device, &mic->args, now())) return -ENODEV;
    return openSource(&mic->source, &mic->args);
}

static int create(Microphone *mic, const char *name, snd_pcm_stream_t stream, int mode) {
    mic->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (mic->timer < 0) return -errno;
    mic->armed = never;
    mic->boundary = INT32_MAX;
    mic->callbacks = microphoneCallbacks;
    mic->callbacks.resume = mic->args.canResume ? micResume : NULL;
    mic->io.version = SND_PCM_IOPLUG_VERSION;
    mic->io.name = "Fixture microphone";
    mic->io.flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
    mic->io.poll_fd = mic->timer;
    mic->io.poll_events = POLLIN;
    mic->io.callback = &mic->callbacks;
    mic->io.private_data = mic;
    return snd_pcm_ioplug_create(&mic->io, name, stream, mode);
}

SND_PCM_PLUGIN_DEFINE_FUNC(fixture) {
    (void)root;
    if (stream != SND_PCM_STREAM_CAPTURE) return -ENOENT;
    stayLoaded();
    Microphone *mic = calloc(1, sizeof *mic);
    if (!mic) return -ENOMEM;
    mic->timer = -1;
    mic->args.format = SND_PCM_FORMAT_UNKNOWN;
    int err = prepareToOpen(mic, conf);
    if (err >= 0) err = create(mic, name, stream, mode);
    if (err < 0) {
        release(mic);
        return err;
    }
    err = offerAll(mic);
    if (err < 0) {
        snd_pcm_ioplug_delete(&mic->io);
        return err;
    }
    *pcmp = mic->io.pcm;
    return 0;
}
SND_PCM_PLUGIN_SYMBOL(fixture)
