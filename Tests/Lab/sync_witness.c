// Tells what a program has put on the disk, at the moment when it may rely on it.
//
//   LD_PRELOAD=/usr/lib/libSyncWitness.so SYNC_WITNESS=/dev/vdb tapeline record ...
//
// After each fdatasync or fsync of a regular file that succeeded, a block of 4096 bytes is on SYNC_WITNESS (a disk, written
// past all caches): `synced NANOSECONDS SIZE PATH`, the time by CLOCK_REALTIME, and the size that the file had before.
//
// With SYNC_WITNESS_LIES=1 nothing is synced, and the same is told: what a test of power cuts must find out.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { blockSize = 4096, blockCount = 128 };

static void tell(int file, long long size) {
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    static _Alignas(blockSize) char block[blockSize];
    static int disk = -1;
    static unsigned count;
    char link[64], path[2048];
    struct timespec now;
    const char *name = getenv("SYNC_WITNESS");
    if (!name) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    if (length < 0 || length == sizeof path) abort();
    pthread_mutex_lock(&turn);
    if (disk < 0) disk = open(name, O_WRONLY | O_DIRECT | O_SYNC | O_CLOEXEC);
    clock_gettime(CLOCK_REALTIME, &now);
    long long nanoseconds = now.tv_sec * 1000000000LL + now.tv_nsec;
    int used = snprintf(block, sizeof block, "synced %lld %lld %.*s", nanoseconds, size, (int)length, path);
    for (int i = used; i < blockSize; i++) block[i] = 0;
    // A witness that cannot speak must not look like one that has nothing to say.
    if (disk < 0 || pwrite(disk, block, blockSize, (off_t)(count++ % blockCount) * blockSize) != blockSize) abort();
    pthread_mutex_unlock(&turn);
}

static int sync_and_tell(int file, long call) {
    struct stat before;
    int isFile = fstat(file, &before) == 0 && S_ISREG(before.st_mode);
    int result = getenv("SYNC_WITNESS_LIES") ? 0 : (int)syscall(call, file);
    int code = errno;
    if (result == 0 && isFile) tell(file, before.st_size);
    errno = code;
    return result;
}

int fdatasync(int file) { return sync_and_tell(file, SYS_fdatasync); }

int fsync(int file) { return sync_and_tell(file, SYS_fsync); }
