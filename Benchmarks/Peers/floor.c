// floor: what recording costs at least: snd_pcm_readi and write(2), one after the other, and nothing else.
//
//   floor DEVICE FORMAT RATE CHANNELS SECONDS FILE [PERIOD]     FILE gets the samples alone
//
// PERIOD is in frames, and arecord's 125 ms unless told; the buffer has four.

#include <alsa/asoundlib.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void check(int code, const char *call) {
    if (code >= 0) return;
    fprintf(stderr, "floor: %s: %s\n", call, snd_strerror(code));
    exit(1);
}

int main(int count, char **arguments) {
    if (count != 7 && count != 8) return 64;
    snd_pcm_format_t format = snd_pcm_format_value(arguments[2]);
    unsigned rate = (unsigned)atoi(arguments[3]), channels = (unsigned)atoi(arguments[4]);
    snd_pcm_uframes_t left = (snd_pcm_uframes_t)(atof(arguments[5]) * rate);
    snd_pcm_uframes_t period = count == 8 ? (snd_pcm_uframes_t)atoi(arguments[7]) : rate / 8, buffer = period * 4;
    int file = open(arguments[6], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) return 73;

    snd_pcm_t *pcm;
    snd_pcm_hw_params_t *parameters;
    check(snd_pcm_open(&pcm, arguments[1], SND_PCM_STREAM_CAPTURE, 0), "open");
    snd_pcm_hw_params_alloca(&parameters);
    check(snd_pcm_hw_params_any(pcm, parameters), "any");
    check(snd_pcm_hw_params_set_access(pcm, parameters, SND_PCM_ACCESS_RW_INTERLEAVED), "access");
    check(snd_pcm_hw_params_set_format(pcm, parameters, format), "format");
    check(snd_pcm_hw_params_set_rate(pcm, parameters, rate, 0), "rate");
    check(snd_pcm_hw_params_set_channels(pcm, parameters, channels), "channels");
    check(snd_pcm_hw_params_set_period_size_near(pcm, parameters, &period, NULL), "period");
    check(snd_pcm_hw_params_set_buffer_size_near(pcm, parameters, &buffer), "buffer");
    check(snd_pcm_hw_params(pcm, parameters), "hw_params");

    size_t frameSize = (size_t)snd_pcm_format_physical_width(format) / 8 * channels;
    char *frames = malloc(period * frameSize);
    while (left > 0) {
        snd_pcm_sframes_t got = snd_pcm_readi(pcm, frames, left < period ? left : period);
        check((int)got, "readi");
        size_t size = (size_t)got * frameSize;
        if (got == 0 || write(file, frames, size) != (ssize_t)size) return 74;
        left -= (snd_pcm_uframes_t)got;
    }
    snd_pcm_close(pcm);
    return 0;
}
