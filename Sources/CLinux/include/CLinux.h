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

/* Renames, and fails with EEXIST instead of replacing. */
int linux_rename_noreplace(const char *from, const char *to);

/* What ps and a debugger show; at most 15 bytes. */
int linux_name_this_thread(const char *name);
