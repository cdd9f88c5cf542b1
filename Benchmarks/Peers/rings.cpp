// rings: what single-producer rings cost for each block of 64 frames of 4 bytes that is copied in and out again.
//
//   rings copies|cached|jack|boost one BLOCKS     both ends in one thread, in turn: prints ns for each block
//   rings cached|jack|boost two BLOCKS            an end on each of two processors: the same, median of windows
//
// `copies` is no ring, but the two copies that each of them makes. `cached` is the best of C's: indices that only grow, each
// end alone with its own and with what it last knew of the other's. What is read is compared with what was written.

#include <boost/lockfree/spsc_queue.hpp>
#include <jack/ringbuffer.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <thread>
#include <time.h>
#include <vector>

static const size_t capacity = 65536;
static const long windowBlockCount = 200000;
static size_t blockSize = 256;  // a variable, so that nobody's copies are unrolled for it

struct Copies {
    uint8_t memory[256];
    bool write(const uint8_t *block) { memcpy(memory, block, blockSize); return true; }
    bool read(uint8_t *block) { memcpy(block, memory, blockSize); return true; }
};

struct Cached {
    alignas(128) std::atomic<size_t> written{0};
    size_t knownRead = 0;
    alignas(128) std::atomic<size_t> taken{0};
    size_t knownWritten = 0;
    alignas(128) uint8_t memory[capacity];

    bool write(const uint8_t *block) {
        size_t at = written.load(std::memory_order_relaxed);
        if (capacity - (at - knownRead) < blockSize) {
            knownRead = taken.load(std::memory_order_acquire);
            if (capacity - (at - knownRead) < blockSize) return false;
        }
        size_t offset = at & (capacity - 1), head = std::min(blockSize, capacity - offset);
        memcpy(memory + offset, block, head);
        if (head < blockSize) memcpy(memory, block + head, blockSize - head);
        written.store(at + blockSize, std::memory_order_release);
        return true;
    }

    bool read(uint8_t *block) {
        size_t at = taken.load(std::memory_order_relaxed);
        if (knownWritten - at < blockSize) {
            knownWritten = written.load(std::memory_order_acquire);
            if (knownWritten - at < blockSize) return false;
        }
        size_t offset = at & (capacity - 1), head = std::min(blockSize, capacity - offset);
        memcpy(block, memory + offset, head);
        if (head < blockSize) memcpy(block + head, memory, blockSize - head);
        taken.store(at + blockSize, std::memory_order_release);
        return true;
    }
};

struct Jack {
    jack_ringbuffer_t *ring = jack_ringbuffer_create(capacity);
    bool write(const uint8_t *block) {
        if (jack_ringbuffer_write_space(ring) < blockSize) return false;
        return jack_ringbuffer_write(ring, (const char *)block, blockSize) == blockSize;
    }
    bool read(uint8_t *block) {
        if (jack_ringbuffer_read_space(ring) < blockSize) return false;
        return jack_ringbuffer_read(ring, (char *)block, blockSize) == blockSize;
    }
};

struct Boost {
    boost::lockfree::spsc_queue<uint32_t, boost::lockfree::capacity<capacity / 4>> ring;
    bool write(const uint8_t *block) {
        if (ring.write_available() < blockSize / 4) return false;
        return ring.push((const uint32_t *)block, blockSize / 4) == blockSize / 4;
    }
    bool read(uint8_t *block) { return ring.pop((uint32_t *)block, blockSize / 4) == blockSize / 4; }
};

static double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void stamp(uint8_t *block, long number) { memcpy(block, &number, sizeof number); }

static void check(const uint8_t *block, long number) {
    long found;
    memcpy(&found, block, sizeof found);
    if (found == number) return;
    fprintf(stderr, "rings: block %ld was read as %ld\n", number, found);
    exit(1);
}

template <class Ring> static void runInOne(Ring &ring, long blocks) {
    uint8_t in[256] = {}, out[256];
    double begin = now();
    for (long i = 0; i < blocks; i++) {
        stamp(in, i);
        if (!ring.write(in) || !ring.read(out)) exit(1);
        check(out, i);
    }
    printf("%.2f\n", (now() - begin) / (double)blocks);
}

static void pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

template <class Ring> static void runInTwo(Ring &ring, long blocks) {
    std::thread producer([&] {
        pin(0);
        uint8_t in[256] = {};
        for (long i = 0; i < blocks; i++) {
            stamp(in, i);
            while (!ring.write(in)) {}
        }
    });
    pin(1);
    std::vector<double> windows;
    uint8_t out[256];
    double begin = now();
    for (long i = 0; i < blocks; i++) {
        while (!ring.read(out)) {}
        check(out, i);
        if ((i + 1) % windowBlockCount != 0) continue;
        double end = now();
        windows.push_back((end - begin) / windowBlockCount);
        begin = end;
    }
    producer.join();
    std::sort(windows.begin(), windows.end());
    printf("%.2f\n", windows[windows.size() / 2]);
}

template <class Ring> static int run(const char *threads, long blocks) {
    Ring *ring = new Ring;
    if (!strcmp(threads, "two")) runInTwo(*ring, blocks);
    else runInOne(*ring, blocks);
    return 0;
}

int main(int count, char **arguments) {
    if (count != 4) return 64;
    const char *name = arguments[1], *threads = arguments[2];
    long blocks = atol(arguments[3]);
    if (!strcmp(name, "copies")) return run<Copies>("one", blocks);
    if (!strcmp(name, "cached")) return run<Cached>(threads, blocks);
    if (!strcmp(name, "jack")) return run<Jack>(threads, blocks);
    if (!strcmp(name, "boost")) return run<Boost>(threads, blocks);
    return 64;
}
