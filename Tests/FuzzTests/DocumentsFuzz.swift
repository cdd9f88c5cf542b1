import Foundation
import RecorderIO
import Tracing

@testable import RecordingExport
@testable import RecordingStore
@testable import Session

/// Reads the bytes as what another program or an earlier run wrote; the first of them is a letter that names what.
enum DocumentsFuzz {
    static func run(_ bytes: [UInt8]) throws {
        guard let letter = bytes.first else { return }
        let rest = Array(bytes.dropFirst())
        switch letter {
        case UInt8(ascii: "r"): try ReportFuzz.run(rest)
        case UInt8(ascii: "o"): try ReportFuzz.runJournal(rest)
        case UInt8(ascii: "x"): try readProgram(rest)
        case UInt8(ascii: "j"): try readUploads(rest)
        case UInt8(ascii: "n"): try readName(String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "t"): try readTime(String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "f"): try writeTime(rest)
        default: break
        }
    }

    // MARK: programs

    private static func readProgram(_ bytes: [UInt8]) throws {
        let answer = CommandRun.Answer(
            ending: .exited(0),
            output: bytes,
            isOutputTooLong: false,
            wasCancelled: false,
            errors: bytes
        )
        do {
            guard let result = try CommandExporter(programPath: "/opt/program").result(of: answer) else { return }
            let data = try JSONEncoder().encode(result)
            let again = try JSONDecoder().decode(RecordingExportResult.self, from: data)
            try Contradiction.unless(again == result, "\(result) reads back as \(again)")
            let outcome = ExportOutcome(
                exporter: "command",
                ending: .returned(result),
                limit: .seconds(30),
                recording: Examples.recording
            )
            for (key, value) in RecordingAttributes(merging: [outcome], of: Examples.recording).values {
                _ = SpanAttribute(value)
                let isPath = key == RecordingAttributes.pathKey
                guard !isPath, case .string(let text) = value else { continue }
                let file = Examples.recording.file?.path ?? ""
                try Contradiction.unless(text != file && text != "file://\(file)", "a local path in \(key)")
            }
        } catch let error as RecordingExportError {
            try Contradiction.unlessShowable(error.description)
            try Contradiction.unlessShowable(error.spanDescription)
            try Contradiction.unlessShowable(CommandFailure("/opt/program", errors: bytes).exited(1).description)
        }
    }

    // MARK: uploads in parts

    private static func readUploads(_ bytes: [UInt8]) throws {
        let path = try Scratch.write(bytes, to: "upload.jsonl")
        defer { try? Scratch.remove(path) }
        guard let journal = try S3Journal(folder: try Scratch.path, name: "upload.jsonl") else {
            throw Contradiction(description: "nobody has the journal, and it cannot be opened")
        }
        var file = Examples.file
        if let upload = journal.upload {
            for byteCount in [file.byteCount, upload.byteCount] {
                file.byteCount = byteCount
                for part in upload.parts(of: file) ?? [] {
                    try Contradiction.unless(
                        part.range.lowerBound >= 0 && part.range.upperBound <= byteCount && !part.range.isEmpty,
                        "part \(part) of \(byteCount) bytes"
                    )
                }
            }
        }
        try journal.append(.part(7, etag: "\"a\""))
        try Contradiction.unless(journal.etags[7] == "\"a\"", "what was written down is not known")
    }

    // MARK: names and times

    private static func readName(_ name: String) throws {
        _ = RecordingPlace.isOwnFolder(ofFile: name)
        _ = RecordingPlace.file(path: name).filePath(recordingID: "", startedAt: "", container: .wav, number: 3)
        guard let parts = RecordingPlace.parts(ofFolder: name) else { return }
        let again = "\(Timestamp.compact(parts.startedAt))-\(parts.recordingID)"
        let same = RecordingPlace.parts(ofFolder: again)
        try Contradiction.unless(
            same?.recordingID == parts.recordingID && same?.startedAt == parts.startedAt,
            "\(name) is the folder \(again)"
        )
        let path = RecordingPlace.directory(path: "/srv").filePath(
            recordingID: parts.recordingID,
            startedAt: Timestamp.compact(parts.startedAt),
            container: .wav
        )
        try Contradiction.unless(RecordingPlace.isOwnFolder(ofFile: path), "\(path) is in no folder of its own")
    }

    private static func readTime(_ text: String) throws {
        guard let seconds = Timestamp.seconds(rfc3339: text) else { return }
        let again = Timestamp.seconds(rfc3339: Timestamp.rfc3339(seconds))
        let difference = again.map { abs($0 - seconds) } ?? .infinity
        try Contradiction.unless(difference < 0.002, "\(text) is written as \(Timestamp.rfc3339(seconds))")
        try write(seconds)
    }

    /// Any number at all, as a report, a row or a clock may have it.
    private static func writeTime(_ bytes: [UInt8]) throws {
        guard bytes.count >= 8 else { return }
        try write(Double(bitPattern: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }))
    }

    private static func write(_ seconds: Double) throws {
        _ = (Timestamp.rfc3339(seconds), Timestamp.compact(seconds), Timestamp.instant(seconds))
        _ = RecordingPlaceholders(of: Examples.recording, fileExtension: "wav", startedAt: seconds)
    }
}
