import Logging
import OTLP
import RecorderIO
import RecordingStore
import TestSupport
import Testing

/// Spans in the database: in order, within their bound, and of one process at a time (DUR-3).
@Suite struct KeptSpansTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// As a process of its own would: with a name and a lock of its own.
    private func open() throws -> StateDatabase {
        try StateDatabase(statePath: folder.path, logger: Logger(label: "test"))
    }

    private func keep(_ requests: [UInt8]..., in database: StateDatabase) throws {
        for request in requests { #expect(try database.keep(request, spanIDs: ["00000000000000aa"]) == 0) }
    }

    private func requests(_ database: StateDatabase, spanCount: Int = 512, byteCount: Int = 1 << 20) throws -> [[UInt8]]
    {
        try database.oldestSpans(spanCount: spanCount, byteCount: byteCount).map(\.request)
    }

    @Test func `What is kept comes back in order and whole, as much as is asked for, until it is struck out`() throws {
        let database = try open()
        #expect(try requests(database).isEmpty)
        try keep([1], [0, 255], [2, 2, 2], in: database)
        #expect(try requests(database) == [[1], [0, 255], [2, 2, 2]])
        #expect(try requests(database, spanCount: 2) == [[1], [0, 255]])
        #expect(try requests(database, byteCount: 5) == [[1], [0, 255]])
        // The first comes in any case.
        #expect(try requests(database, spanCount: 0, byteCount: 0) == [[1]])
        try database.strike(try database.oldestSpans(spanCount: 2, byteCount: 100))
        #expect(try requests(database) == [[2, 2, 2]])
    }

    @Test func `Of two processes that live none touches the other's, and what a dead one left goes to one alone`()
        throws
    {
        var first: StateDatabase? = try open()
        let second = try open()
        let third = try open()
        try keep([1], [2], in: try #require(first))
        try keep([3], in: second)
        try second.takeOverSpans()
        #expect(try requests(second) == [[3]])
        first = nil
        try second.takeOverSpans()
        try third.takeOverSpans()
        // Oldest first, whoever kept it.
        #expect(try requests(second) == [[1], [2], [3]])
        #expect(try requests(third).isEmpty)
        #expect(folder.contents.filter { $0.hasPrefix("owners/") }.count == 2)
    }

    // DUR-2: it must not be sent before it is known whether the session's span is among it.
    @Test func `What a dead process left stays while its recordings are not recovered`() throws {
        var dead: StateDatabase? = try open()
        let recording = OpenRecording(
            recordingID: "a",
            sessionID: "b",
            startedAt: 1,
            filePath: nil,
            container: .wav,
            version: "1"
        )
        try #require(dead).keep(recording)
        #expect(try #require(dead).keep([1], spanIDs: ["00000000000000aa", "00000000000000ab"]) == 0)
        dead = nil
        let database = try open()
        try database.takeOverSpans()
        #expect(try requests(database).isEmpty)
        let abandoned = try AbandonedRecordings(in: database, below: [], logger: Logger(label: "test"))
        #expect(abandoned.recordings.map(\.recordingID) == ["a"])
        #expect(try database.keepsSpan("00000000000000ab"))
        #expect(try !database.keepsSpan("00000000000000ac"))
        try database.strike("a")
        try database.takeOverSpans()
        // The lock is still held for the recovery.
        #expect(try requests(database).isEmpty)
        abandoned.letGo()
        try database.takeOverSpans()
        #expect(try requests(database) == [[1]])
    }

    @Test func `Beyond 20,000 spans the oldest go, and are counted`() throws {
        let database = try open()
        let ids = (0..<9_000).map { "\($0)" }
        #expect(try database.keep([1], spanIDs: ids) == 0)
        #expect(try database.keep([2], spanIDs: ids) == 0)
        #expect(try database.keep([3], spanIDs: Array(ids.prefix(2_000))) == 0)
        #expect(try requests(database, spanCount: 100_000) == [[1], [2], [3]])
        #expect(try database.keep([4], spanIDs: ["a"]) == 9_000)
        #expect(try requests(database, spanCount: 100_000) == [[2], [3], [4]])
        #expect(try database.keep([5], spanIDs: ids + ids) == 11_000)
        #expect(try requests(database, spanCount: 100_000) == [[4], [5]])
    }

    @Test func `Beyond 64 MiB the oldest go, whosever they are`() throws {
        let other = try open()
        let database = try open()
        let large = [UInt8](repeating: 7, count: 32 << 20)
        #expect(try other.keep(large, spanIDs: ["a", "b"]) == 0)
        #expect(try database.keep(large, spanIDs: ["c"]) == 0)
        #expect(try database.keep([1], spanIDs: ["d"]) == 2)
        #expect(try requests(other).isEmpty)
        #expect(try database.oldestSpans(spanCount: 9, byteCount: 0).map(\.spanCount) == [1])
        #expect(try requests(database, byteCount: 65 << 20).map(\.count) == [32 << 20, 1])
    }
}
