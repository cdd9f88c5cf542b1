#pragma once
/*
 * Linux system calls that Swift's Glibc module does not offer. Each function returns what the call returns, and sets
 * errno as it does.
 */
#include <stdint.h>
#include <sys/types.h>

/* Functions that may run on the capture thread say so to the compiler's performance checks. */
#define TAPELINE_REALTIME __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))

int linux_memfd_create(const char *name);

/* A non-blocking, close-on-exec event counter. */
int linux_eventfd(void);
int linux_eventfd_signal(int fd) TAPELINE_REALTIME;
int linux_eventfd_reset(int fd);

/* Waits until fd is readable; 1 if it is, 0 after the timeout. */
int linux_wait_readable(int fd, int64_t timeout_ns);

/* Both ends close-on-exec from the start: no program that another thread starts meanwhile inherits them. */
int linux_pipe(int ends[2]);

/* Renames, and fails with EEXIST instead of replacing. Names are relative to the open folder, or AT_FDCWD. */
int linux_rename_noreplace(int folder, const char *from, const char *to);

/*
 * Makes a child that is about to be started close every descriptor from `first` on; returns 0 or an errno. `actions` is a
 * posix_spawn_file_actions_t: <spawn.h> here would make its types this module's, and hide them from who imports Glibc.
 */
int linux_spawn_close_from(void *actions, int first);

/* What ps and a debugger show; at most 15 bytes. */
int linux_name_this_thread(const char *name);

/*
 * Catches a signal for good: its number is written, as one byte, to write_fd, from whichever thread takes it. The main
 * thread of a program with an asynchronous main parks with no signal blocked, so blocking signals is not enough.
 */
int linux_catch_signal(int signal, int write_fd);

/* 1 if the signal is ignored, as under nohup. */
int linux_is_signal_ignored(int signal);

/*
 * Wall time in seconds since 1970. Not from Swift: there the clock's struct may be another C library's, by whichever was
 * imported first.
 */
double linux_wall_seconds(void);
