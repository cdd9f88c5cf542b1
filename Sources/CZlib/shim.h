#pragma once
#include <zlib.h>

/* deflateInit2 is a macro. A window of 15 bits, and 16 more for gzip's header and trailer. */
static inline int tapeline_zlib_start_gzip(z_stream *stream)
{
    return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
