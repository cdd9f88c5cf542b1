// Fence: the bytes of an array as a raw span.
import RecorderIO

extension SHA256 {
    mutating func update(_ bytes: ArraySlice<UInt8>) throws(RecorderError) {
        try update(unsafe bytes.span.bytes)
    }
}
