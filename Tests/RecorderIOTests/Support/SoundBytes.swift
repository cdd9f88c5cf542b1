import Audio

/// The samples in a WAV, RF64 or W64 file, read by hand: what libsndfile wrote is not judged by libsndfile.
struct SoundBytes {
    enum Malformed: Error { case file(String) }

    private(set) var formatTag = 0
    private(set) var channelCount = 0
    private(set) var sampleRate = 0
    private(set) var bitsPerSample = 0
    private(set) var data: ArraySlice<UInt8> = []
    /// The four bytes that the file starts with.
    private(set) var kind = ""

    init(_ bytes: [UInt8]) throws {
        kind = Self.text(bytes, 0)
        if kind == "riff" { try readW64(bytes) } else { try readWAV(bytes) }
    }

    private mutating func readWAV(_ bytes: [UInt8]) throws {
        guard kind == "RIFF" || kind == "RF64", Self.text(bytes, 8) == "WAVE" else { throw Malformed.file("no WAVE") }
        var riffByteCount = Self.number(bytes, 4, 4)
        var dataByteCount = 0
        var place = 12
        while place + 8 <= bytes.count {
            let name = Self.text(bytes, place)
            var size = Self.number(bytes, place + 4, 4)
            if name == "ds64" {
                guard kind == "RF64" else { throw Malformed.file("ds64 in RIFF") }
                riffByteCount = Self.number(bytes, place + 8, 8)
                dataByteCount = Self.number(bytes, place + 16, 8)
            }
            if name == "fmt " { readFormat(bytes, place + 8) }
            if name == "data" {
                if kind == "RF64" { size = dataByteCount }
                guard place + 8 + size <= bytes.count else { throw Malformed.file("data past the end") }
                data = bytes[place + 8..<place + 8 + size]
            }
            place += 8 + size + size % 2
        }
        guard riffByteCount + 8 == bytes.count else { throw Malformed.file("size \(riffByteCount) of \(bytes.count)") }
    }

    private mutating func readW64(_ bytes: [UInt8]) throws {
        guard Self.number(bytes, 16, 8) == bytes.count else { throw Malformed.file("size") }
        var place = 40
        while place + 24 <= bytes.count {
            let name = Self.text(bytes, place)
            let size = Self.number(bytes, place + 16, 8)
            if name == "fmt " { readFormat(bytes, place + 24) }
            if name == "data" { data = bytes[place + 24..<place + size] }
            place += (size + 7) / 8 * 8
        }
    }

    private mutating func readFormat(_ bytes: [UInt8], _ place: Int) {
        formatTag = Self.number(bytes, place, 2)
        channelCount = Self.number(bytes, place + 2, 2)
        sampleRate = Self.number(bytes, place + 4, 4)
        bitsPerSample = Self.number(bytes, place + 14, 2)
        // WAVE_FORMAT_EXTENSIBLE: the true tag starts the GUID.
        if formatTag == 0xFFFE { formatTag = Self.number(bytes, place + 24, 2) }
    }

    static func number(_ bytes: [UInt8], _ place: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    static func text(_ bytes: [UInt8], _ place: Int) -> String {
        String(decoding: bytes[place..<place + 4], as: UTF8.self)
    }
}

/// Compares long audio. `#expect` would look for the shortest edit between two arrays that differ, for hours.
func isSame(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool { left.elementsEqual(right) }
