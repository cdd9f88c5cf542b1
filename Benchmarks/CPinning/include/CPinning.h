#pragma once

/* Keeps the calling thread on one processor; glibc's own call is hidden from Swift. */
void pin_to_processor(int processor);
