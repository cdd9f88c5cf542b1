// encode: the plainest loop over libsndfile, from memory, and the plainest way to write the same bytes.
//
//   encode wav|flac|ogg-vorbis|pieces S16_LE|S24_LE|S32_LE RATE CHANNELS REPEATS SAMPLES FILE
//
// SAMPLES holds raw samples (S24_LE: in 32 bits); they are encoded REPEATS times. `pieces` is write(2) of 64 KiB at a time,
// and packs S24_LE before.

#include <fcntl.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { framesAtOnce = 4096, pieceSize = 65536 };

static uint8_t *samples;
static size_t size;

static int load(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) < 0) return -1;
    size = (size_t)status.st_size;
    samples = malloc(size);
    for (size_t done = 0; done < size;) {
        ssize_t got = read(file, samples + done, size - done);
        if (got <= 0) return -1;
        done += (size_t)got;
    }
    return close(file);
}

static int writePieces(const char *path, int repeats, int isPacked) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    uint8_t *piece = malloc(pieceSize);
    size_t filled = 0;
    for (int i = 0; i < repeats; i++) {
        for (size_t done = 0; done < size;) {
            size_t taken = 0;
            if (isPacked) {
                for (; done + taken < size && filled + 3 <= pieceSize; taken += 4, filled += 3) {
                    memcpy(piece + filled, samples + done + taken, 3);
                }
            } else {
                // From where the samples are, without a copy.
                taken = size - done < pieceSize ? size - done : pieceSize;
                if (write(file, samples + done, taken) != (ssize_t)taken) return 74;
            }
            done += taken;
            if (isPacked && (filled + 3 > pieceSize || (done == size && i + 1 == repeats))) {
                if (write(file, piece, filled) != (ssize_t)filled) return 74;
                filled = 0;
            }
        }
    }
    return close(file) == 0 ? 0 : 74;
}

static int encode(const char *path, SF_INFO info, int is16, int is24, int repeats) {
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    if (!file) return 73;
    size_t sampleSize = is16 ? 2 : 4, frameSize = sampleSize * (size_t)info.channels;
    int32_t *wide = malloc(sizeof *wide * (size_t)(framesAtOnce * info.channels));
    for (int i = 0; i < repeats; i++) {
        for (size_t done = 0; done < size;) {
            size_t left = (size - done) / frameSize;
            sf_count_t count = (sf_count_t)(left < framesAtOnce ? left : framesAtOnce), written;
            if (is16) {
                written = sf_writef_short(file, (const short *)(samples + done), count);
            } else if (is24) {
                const int32_t *narrow = (const int32_t *)(samples + done);
                for (sf_count_t k = 0; k < count * info.channels; k++) wide[k] = (int32_t)((uint32_t)narrow[k] << 8);
                written = sf_writef_int(file, wide, count);
            } else {
                written = sf_writef_int(file, (const int *)(samples + done), count);
            }
            if (written != count) return 74;
            done += (size_t)count * frameSize;
        }
    }
    return sf_close(file) == 0 ? 0 : 74;
}

int main(int count, char **arguments) {
    if (count != 8 || load(arguments[6]) < 0) return 64;
    const char *container = arguments[1], *format = arguments[2];
    int is16 = !strcmp(format, "S16_LE"), is24 = !strcmp(format, "S24_LE"), repeats = atoi(arguments[5]);
    if (!strcmp(container, "pieces")) return writePieces(arguments[7], repeats, is24);
    int pcm = is16 ? SF_FORMAT_PCM_16 : is24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_32;
    SF_INFO info = {.samplerate = atoi(arguments[3]), .channels = atoi(arguments[4])};
    info.format = !strcmp(container, "wav")    ? SF_FORMAT_WAV | pcm
                  : !strcmp(container, "flac") ? SF_FORMAT_FLAC | pcm
                                               : SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    return encode(arguments[7], info, is16, is24, repeats);
}
