#define _GNU_SOURCE
#include "CPinning.h"

#include <sched.h>

void pin_to_processor(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}
