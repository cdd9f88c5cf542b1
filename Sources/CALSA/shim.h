#pragma once
#include <alsa/asoundlib.h>

static void alsa_ignore_message(const char *file, int line, const char *function, int err, const char *format, ...) {
    (void)file, (void)line, (void)function, (void)err, (void)format;
}

/* Errors are returned and told in our own words; alsa-lib's running commentary on stderr is for its own developers. */
static inline void alsa_silence_messages(void) { snd_lib_error_set_handler(alsa_ignore_message); }
