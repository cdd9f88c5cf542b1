// StallingDisk: a disk that stalls, as SD cards do, or fails.
//
//   LD_PRELOAD=.../libStallingDisk.so STALLING_DISK=NTH:FOR FAILING_DISK=CALL:NTH:CODE tapeline record ...
//
// The NTH call of fdatasync on a `.part` file, counted from 1, takes FOR milliseconds longer. The NTH call of CALL, which is
// fdatasync, fsync or pwrite, on a `.part` file fails with the errno CODE, once. A program that syncs that very file
// again, and would believe it, is aborted.

#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic(ino_t) suspect;

static int is_part(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    return length > 5 && memcmp(path + length - 5, ".part", 5) == 0;
}

static ino_t inode(int file) {
    struct stat status = {0};
    fstat(file, &status);
    return status.st_ino;
}

/// Whether this call is the one that fails; sets errno then.
static int fails(const char *call, int file) {
    static atomic_int count;
    char named[16] = "";
    int nth = 0, code = 0;
    const char *given = getenv("FAILING_DISK");
    if (!given || sscanf(given, "%15[a-z]:%d:%d", named, &nth, &code) != 3) return 0;
    if (strcmp(named, call) != 0 || !is_part(file) || atomic_fetch_add(&count, 1) + 1 != nth) return 0;
    if (strcmp(call, "pwrite") != 0) atomic_store(&suspect, inode(file));
    errno = code;
    return 1;
}

static void refuse_suspect(int file) {
    ino_t known = atomic_load(&suspect);
    if (known != 0 && inode(file) == known) abort();
}

int fdatasync(int file) {
    static atomic_int count;
    int nth = 0;
    long milliseconds = 0;
    refuse_suspect(file);
    const char *given = getenv("STALLING_DISK");
    if (given && is_part(file) && sscanf(given, "%d:%ld", &nth, &milliseconds) == 2 && atomic_fetch_add(&count, 1) + 1 == nth) {
        struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
        while (nanosleep(&left, &left) != 0) continue;
    }
    return fails("fdatasync", file) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    refuse_suspect(file);
    return fails("fsync", file) ? -1 : (int)syscall(SYS_fsync, file);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return fails("pwrite", file) ? -1 : syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) { return pwrite(file, bytes, count, offset); }
