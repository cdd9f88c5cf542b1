// Fence: zlib.
internal import CZlib

/// The `gzip` content coding.
package enum Gzip {
    /// `bytes` compressed, all at once: for bodies that are in memory anyway.
    package static func compressed(_ bytes: [UInt8]) throws(HTTPError) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe tapeline_zlib_start_gzip(&stream) == Z_OK else { throw outOfMemory }
        // Fails only for a stream that was never started, or not finished.
        defer { _ = unsafe deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(unsafe deflateBound(&stream, uLong(bytes.count))))
        let code = unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.next_in = input.baseAddress
                unsafe stream.avail_in = uInt(input.count)
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = uInt(output.count)
                return unsafe deflate(&stream, Z_FINISH)
            }
        }
        // The bound is enough for one call, so nothing but its end is an answer to Z_FINISH.
        guard code == Z_STREAM_END else { throw outOfMemory }
        output.removeLast(Int(unsafe stream.avail_out))
        return output
    }

    private static var outOfMemory: HTTPError {
        HTTPError(.system, "there is no memory to compress the request", mayHaveArrived: false)
    }
}
