// FaultyDisk: ends a program, or fails it, at one chosen call that changes a disk.
//
//   LD_PRELOAD=.../libFaultyDisk.so FAULTY_FOLDER=FOLDER FAULT=NTH:CODE tapeline record ...
//
// Counted, from 1 on, are the calls that change something in files below FOLDER: open where it may make one, write, pwrite,
// fsync, fdatasync, ftruncate, rename, link, unlink, mkdir, rmdir; and send, to a server. Before the NTH the process is killed
// where CODE is 0, else that call fails with the errno CODE, once (a send never does).

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Whether the call is to fail; errno is set then. Does not come back from the one that kills.
static int strikes(int may_fail) {
    static atomic_int count;
    int nth = 0, code = 0;
    const char *given = getenv("FAULT");
    // Not a program that it runs.
    if (strcmp(program_invocation_short_name, "tapeline") != 0) return 0;
    if (!given || sscanf(given, "%d:%d", &nth, &code) != 2) return 0;
    if (code != 0 && !may_fail) return 0;
    if (atomic_fetch_add(&count, 1) + 1 != nth) return 0;
    if (code == 0) kill(getpid(), SIGKILL);
    errno = code;
    return 1;
}

static int is_below(const char *path) {
    const char *folder = getenv("FAULTY_FOLDER");
    return folder && *folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_file_below(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/// A relative path counts where its folder does; the program uses absolute ones else.
static int is_at_below(int folder, const char *path) {
    return path[0] == '/' ? is_below(path) : folder != AT_FDCWD && is_file_below(folder);
}

static int opened(int folder, const char *path, int flags, mode_t mode) {
    if ((flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) && is_at_below(folder, path) && strikes(1)) return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE(flags)                                                         \
    mode_t mode = 0;                                                        \
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {              \
        va_list list;                                                       \
        va_start(list, flags);                                              \
        mode = va_arg(list, mode_t);                                        \
        va_end(list);                                                       \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return opened(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return opened(folder, path, flags | O_LARGEFILE, mode);
}

ssize_t write(int file, const void *bytes, size_t count) {
    return is_file_below(file) && strikes(1) ? -1 : syscall(SYS_write, file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return is_file_below(file) && strikes(1) ? -1 : syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) { return pwrite(file, bytes, count, offset); }

int fsync(int file) { return is_file_below(file) && strikes(1) ? -1 : (int)syscall(SYS_fsync, file); }

int fdatasync(int file) { return is_file_below(file) && strikes(1) ? -1 : (int)syscall(SYS_fdatasync, file); }

int ftruncate(int file, off_t size) {
    return is_file_below(file) && strikes(1) ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (is_at_below(to_folder, to) && strikes(1)) return -1;
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (is_at_below(to_folder, to) && strikes(1)) return -1;
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char *path, int flags) {
    if (is_at_below(folder, path) && strikes(1)) return -1;
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *path, mode_t mode) {
    if (is_at_below(folder, path) && strikes(1)) return -1;
    return (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
    strikes(0);
    return sendto(socket, bytes, count, flags, NULL, 0);
}
