// SleepingClock: a machine that sleeps, as its clocks show it.
//
//   LD_PRELOAD=.../libSleepingClock.so SLEEPING_CLOCK=AT:FOR tapeline record ...
//
// AT milliseconds after CLOCK_BOOTTIME was first read, that clock jumps ahead of CLOCK_MONOTONIC by FOR milliseconds, as
// it does when a machine wakes after having slept so long. Until then the two are the same.
//
// With SLOW_CLOCK=MICROSECONDS each look at CLOCK_MONOTONIC takes so long, as all does on a slow machine.

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const long long second = 1000000000;
static atomic_llong first_reading;

static int look_slowly(struct timespec *time, long long nanoseconds) {
    long long end = 0;
    for (;;) {
        if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, time) != 0) return -1;
        long long now = time->tv_sec * second + time->tv_nsec;
        if (end == 0) end = now + nanoseconds;
        if (now >= end) return 0;
    }
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    const char *slow = getenv("SLOW_CLOCK");
    if (clock == CLOCK_MONOTONIC && slow) return look_slowly(time, atoll(slow) * 1000);
    if (clock != CLOCK_BOOTTIME) return (int)syscall(SYS_clock_gettime, clock, time);
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, time) != 0) return -1;
    long long now = time->tv_sec * second + time->tv_nsec;
    long long none = 0;
    atomic_compare_exchange_strong(&first_reading, &none, now);
    long long at = 0, length = 0;
    const char *given = getenv("SLEEPING_CLOCK");
    if (!given || sscanf(given, "%lld:%lld", &at, &length) != 2) return 0;
    if (now - atomic_load(&first_reading) >= at * 1000000) now += length * 1000000;
    time->tv_sec = now / second;
    time->tv_nsec = now % second;
    return 0;
}
