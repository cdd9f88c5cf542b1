// FastClock: a process whose clocks, timers and waits all run so many times faster.
//
//   LD_PRELOAD=.../libFastClock.so FAST_CLOCK=FACTOR tapeline record ...
//
// From its start on, CLOCK_MONOTONIC, CLOCK_BOOTTIME and CLOCK_REALTIME go FACTOR times as fast as the machine's, timers
// of the kernel expire and waits end at the moments that these clocks say. An hour of recording passes in a minute; what
// the processor can do in a second of it shrinks alike.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const long long second = 1000000000;
static long long factor = 1;
static long long start[CLOCK_BOOTTIME + 1];
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);

static long long nanoseconds(const struct timespec *time) { return time->tv_sec * second + time->tv_nsec; }

static struct timespec timespec(long long nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / second, .tv_nsec = nanoseconds % second};
}

static long long machine(clockid_t clock) {
    struct timespec time;
    return syscall(SYS_clock_gettime, clock, &time) == 0 ? nanoseconds(&time) : -1;
}

__attribute__((constructor)) static void begin(void) {
    const char *given = getenv("FAST_CLOCK");
    real_settime = (int (*)(int, int, const struct itimerspec *, struct itimerspec *))dlsym(RTLD_NEXT, "timerfd_settime");
    start[CLOCK_REALTIME] = machine(CLOCK_REALTIME);
    start[CLOCK_MONOTONIC] = machine(CLOCK_MONOTONIC);
    start[CLOCK_BOOTTIME] = machine(CLOCK_BOOTTIME);
    if (given && atoll(given) > 0) factor = atoll(given);
}

static int isFast(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (!isFast(clock) || factor == 1) return (int)syscall(SYS_clock_gettime, clock, time);
    long long now = machine(clock);
    if (now < 0) return -1;
    *time = timespec(start[clock] + (now - start[clock]) * factor);
    return 0;
}

/// A span of fast time as the machine must wait for it; never so short that it would become none.
static long long shorter(long long span) { return span <= 0 ? span : (span + factor - 1) / factor; }

int timerfd_settime(int timer, int flags, const struct itimerspec *when, struct itimerspec *before) {
    struct itimerspec machines = *when;
    long long value = nanoseconds(&when->it_value);
    // All absolute timers here are on the monotonic clock.
    if (flags & TFD_TIMER_ABSTIME && value > start[CLOCK_MONOTONIC]) {
        value = start[CLOCK_MONOTONIC] + shorter(value - start[CLOCK_MONOTONIC]);
    } else if (!(flags & TFD_TIMER_ABSTIME)) {
        value = shorter(value);
    }
    machines.it_value = timespec(value);
    machines.it_interval = timespec(shorter(nanoseconds(&when->it_interval)));
    return real_settime(timer, flags, &machines, before);
}

int ppoll(struct pollfd *entries, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    struct timespec machines = timeout ? timespec(shorter(nanoseconds(timeout))) : (struct timespec){0, 0};
    return (int)syscall(SYS_ppoll, entries, count, timeout ? &machines : NULL, mask, sizeof(unsigned long));
}

int poll(struct pollfd *entries, nfds_t count, int milliseconds) {
    struct timespec timeout = timespec(milliseconds * 1000000LL);
    return ppoll(entries, count, milliseconds < 0 ? NULL : &timeout, NULL);
}
