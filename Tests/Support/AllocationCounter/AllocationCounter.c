// AllocationCounter: counts what the recording threads allocate and lock, once they run.
//
//   LD_PRELOAD=.../libAllocationCounter.so ALLOCATION_COUNTER_FILE=/abs/counts tapeline record ...
//
// At the program's end the file holds one `name number` per line:
//   capture_reads         calls of snd_pcm_readi
//   capture_allocations   malloc, calloc, realloc, free, aligned allocations, mmap, munmap, mremap on that thread
//   capture_locks         pthread mutexes, read-write locks and condition variables taken, waited for or signalled there,
//                         and waits in the kernel for any other lock (futex by syscall())
//   recorder_writes       pwrite calls of at least 64 KiB
//   recorder_syncs        fdatasync calls
//   recorder_allocations, recorder_locks
//
// The capture thread is the one named `tapeline-input`, the recorder's `tapeline-file`. Counting begins with the call of
// snd_pcm_readi (or large pwrite) after the first ALLOCATION_COUNTER_AFTER (default 4), and ends with the last one:
// what starts and ends a thread is not counted, everything between two reads is.
//
// ALLOCATION_COUNTER_TRACE=n writes the call stacks of the first n things counted to standard error.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef enum { roleUnknown, roleCapture, roleRecorder, roleOther } Role;

/// What one of the two threads has done.
typedef struct {
    long steps;  // reads or writes
    long syncs;
    long allocations, locks;
    long allocationsAtLastStep, locksAtLastStep;
} Counts;

enum { nameLooks = 256, largeWrite = 65536 };

static Counts counts[2];
static long after = 4;
static atomic_long traces;

static __thread __attribute__((tls_model("initial-exec"))) struct {
    Role role;
    int looks;
    int isInside;  // of our own work, which does not count
} self;

// MARK: - Threads

/// A thread gets its name a moment after it begins, so an unknown one is looked at again, but not for ever.
static Role role(void) {
    if (self.role != roleUnknown) return self.role;
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    if (!strcmp(name, "tapeline-input")) self.role = roleCapture;
    if (!strcmp(name, "tapeline-file")) self.role = roleRecorder;
    if (self.role == roleUnknown && ++self.looks == nameLooks) self.role = roleOther;
    return self.role;
}

/// The calling thread's counts, if it is one of the two and has begun to run; the thread itself is the only writer.
static Counts *running(void) {
    if (self.isInside) return NULL;
    Role mine = role();
    if (mine != roleCapture && mine != roleRecorder) return NULL;
    Counts *own = &counts[mine - roleCapture];
    return own->steps > after ? own : NULL;
}

static void trace(const char *what) {
    if (atomic_load(&traces) <= 0 || atomic_fetch_sub(&traces, 1) <= 0) return;
    self.isInside = 1;
    void *frames[32];
    int count = backtrace(frames, 32);
    dprintf(STDERR_FILENO, "%s on the %s thread\n", what, self.role == roleCapture ? "capture" : "recorder");
    backtrace_symbols_fd(frames + 2, count - 2, STDERR_FILENO);
    self.isInside = 0;
}

static void countAllocation(const char *what) {
    Counts *own = running();
    if (!own) return;
    own->allocations++;
    trace(what);
}

static void countLock(const char *what) {
    Counts *own = running();
    if (!own) return;
    own->locks++;
    trace(what);
}

static void countSync(void) {
    Counts *own = running();
    if (own) own->syncs++;
}

static void step(Role which) {
    if (role() != which) return;
    Counts *own = &counts[which - roleCapture];
    own->steps++;
    own->allocationsAtLastStep = own->allocations;
    own->locksAtLastStep = own->locks;
}

// MARK: - Start and end

__attribute__((constructor)) static void start(void) {
    const char *text = getenv("ALLOCATION_COUNTER_AFTER");
    if (text) after = atol(text);
    text = getenv("ALLOCATION_COUNTER_TRACE");
    if (!text) return;
    // The first call loads a library.
    void *frame;
    backtrace(&frame, 1);
    atomic_store(&traces, atol(text));
}

__attribute__((destructor)) static void finish(void) {
    const char *path = getenv("ALLOCATION_COUNTER_FILE");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    const Counts *capture = &counts[0], *recorder = &counts[1];
    fprintf(file, "capture_reads %ld\n", capture->steps);
    fprintf(file, "capture_allocations %ld\n", capture->allocationsAtLastStep);
    fprintf(file, "capture_locks %ld\n", capture->locksAtLastStep);
    fprintf(file, "recorder_writes %ld\n", recorder->steps);
    fprintf(file, "recorder_syncs %ld\n", recorder->syncs);
    fprintf(file, "recorder_allocations %ld\n", recorder->allocationsAtLastStep);
    fprintf(file, "recorder_locks %ld\n", recorder->locksAtLastStep);
    fclose(file);
}

// MARK: - Memory. By glibc's inner names: looking the outer ones up would itself allocate.

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) {
    countAllocation("malloc");
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    countAllocation("calloc");
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    countAllocation("realloc");
    return __libc_realloc(memory, size);
}

void free(void *memory) {
    if (memory) countAllocation("free");
    __libc_free(memory);
}

void *memalign(size_t alignment, size_t size) {
    countAllocation("memalign");
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    countAllocation("aligned_alloc");
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    countAllocation("posix_memalign");
    void *made = __libc_memalign(alignment, size);
    if (!made) return 12;
    *memory = made;
    return 0;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    countAllocation("mmap");
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

int munmap(void *address, size_t size) {
    countAllocation("munmap");
    return (int)syscall(SYS_munmap, address, size);
}

// MARK: - Locks, reads and writes

/// Defines a function that counts by `count` and passes on to the next library's function of the same name.
#define PASS(result, name, count, parameters, arguments)                     \
    result name parameters {                                                 \
        static _Atomic(void *) next;                                         \
        void *function = atomic_load_explicit(&next, memory_order_relaxed);  \
        if (!function) {                                                     \
            self.isInside++;                                                 \
            function = dlsym(RTLD_NEXT, #name);                              \
            self.isInside--;                                                 \
            atomic_store_explicit(&next, function, memory_order_relaxed);    \
        }                                                                    \
        count;                                                               \
        return ((result(*) parameters)function)arguments;                    \
    }

#define PASS_LOCK(name, parameters, arguments) PASS(int, name, countLock(#name), parameters, arguments)

PASS_LOCK(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
PASS_LOCK(pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
PASS_LOCK(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
PASS_LOCK(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
PASS_LOCK(pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t *mutex), (condition, mutex))
PASS_LOCK(pthread_cond_signal, (pthread_cond_t * condition), (condition))
PASS_LOCK(pthread_cond_broadcast, (pthread_cond_t * condition), (condition))
PASS_LOCK(pthread_cond_timedwait,
          (pthread_cond_t * condition, pthread_mutex_t *mutex, const struct timespec *until),
          (condition, mutex, until))

PASS(long, snd_pcm_readi, step(roleCapture), (void *pcm, void *frames, unsigned long count), (pcm, frames, count))

PASS(int, fdatasync, countSync(), (int file), (file))

PASS(ssize_t, pwrite, if (size >= largeWrite) step(roleRecorder),
     (int file, const void *bytes, size_t size, off_t offset), (file, bytes, size, offset))

long syscall(long number, ...) {
    static _Atomic(void *) next;
    void *function = atomic_load_explicit(&next, memory_order_relaxed);
    if (!function) {
        self.isInside++;
        function = dlsym(RTLD_NEXT, "syscall");
        self.isInside--;
        atomic_store_explicit(&next, function, memory_order_relaxed);
    }
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex) countLock("futex");
    return ((long (*)(long, ...))function)(number, a, b, c, d, e, f);
}
