// StallingDisk: a disk that stalls, as SD cards do.
//
//   LD_PRELOAD=.../libStallingDisk.so STALLING_DISK=NTH:FOR tapeline record ...
//
// The NTH call of fdatasync on a `.part` file, counted from 1, takes FOR milliseconds longer.

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_part(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    return length > 5 && memcmp(path + length - 5, ".part", 5) == 0;
}

int fdatasync(int file) {
    static atomic_int count;
    int nth = 0;
    long milliseconds = 0;
    const char *given = getenv("STALLING_DISK");
    if (given && is_part(file) && sscanf(given, "%d:%ld", &nth, &milliseconds) == 2 && atomic_fetch_add(&count, 1) + 1 == nth) {
        struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
        while (nanosleep(&left, &left) != 0) continue;
    }
    return (int)syscall(SYS_fdatasync, file);
}
