// Nothing to call: AllocationCounter is loaded with LD_PRELOAD. See AllocationCounter.c.
