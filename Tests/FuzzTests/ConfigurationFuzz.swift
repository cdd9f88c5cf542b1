import FoundationEssentials
import HTTP
import Tracing

@testable import OTLP
@testable import RecordingExport

/// Reads the bytes as what a user writes; the first of them is a letter that names what.
enum ConfigurationFuzz {
    static func run(_ bytes: [UInt8]) throws {
        guard let letter = bytes.first else { return }
        let rest = bytes.dropFirst()
        let text = String(decoding: rest, as: UTF8.self)
        switch letter {
        case UInt8(ascii: "e"): try readExporter(text)
        case UInt8(ascii: "u"): try readUploader(text)
        case UInt8(ascii: "h"): try readHeaders(rest)
        case UInt8(ascii: "c"): try readCredentials(rest)
        case UInt8(ascii: "w"): try readContext(text)
        case UInt8(ascii: "v"): try readVariables(text)
        default: break
        }
    }

    private static func readExporter(_ text: String) throws {
        let url: ExporterURL
        do throws(RecordingExportError) {
            url = try ExporterURL(text, relativeTo: "/work place/%41")
        } catch {
            return
        }
        // Later runs read what this one wrote down.
        let again: ExporterURL
        do throws(RecordingExportError) {
            again = try ExporterURL(url.text, relativeTo: "/elsewhere")
        } catch {
            throw Contradiction(description: "\(text.debugDescription) is written down as \(url.text): \(error)")
        }
        try Contradiction.unless(again == url, "\(text.debugDescription) reads back as another: \(url.text)")
        try Contradiction.unless(again.text == url.text, "\(url.text) is written down as \(again.text)")
        do throws(RecordingExportError) {
            try use(url)
        } catch {
            // With a recording's own names in it a key may be too long.
            try Contradiction.unless(error != contradiction, "\(url.text) is shown whole, or goes to no place")
        }
    }

    private static func use(_ url: ExporterURL) throws(RecordingExportError) {
        switch url {
        case .directory(let path, _), .command(let path):
            guard path.utf8.first == UInt8(ascii: "/") else { throw contradiction }
        case .http(let target):
            let shown = ExporterURL.shown(url.text).prefix { $0 != "#" }
            let isHidden = shown.firstIndex(of: "?").map { shown[$0...] == ExporterURL.hiddenQuery } ?? true
            guard isHidden, target.timeLimit.map({ $0 > .zero }) != false else { throw contradiction }
            _ = try target.url(for: Examples.recording, "wav", startedAt: Examples.startedAt)
        case .s3(let target):
            let placeholders = RecordingPlaceholders(
                of: Examples.recording,
                fileExtension: "wav",
                startedAt: Examples.startedAt
            )
            _ = try target.url(ofKey: try target.key(placeholders), region: target.region(in: [:]))
        }
    }

    private static func readUploader(_ text: String) throws {
        do throws(RecordingExportError) {
            guard case .liveKit(let roomID, _, let limit) = try UploaderURL(text) else { return }
            guard !roomID.isEmpty, limit.map({ $0 > .zero }) != false else { throw contradiction }
        } catch {
            try Contradiction.unless(error != contradiction, "\(text) is an uploader")
        }
    }

    private static func readHeaders(_ bytes: ArraySlice<UInt8>) throws {
        let path = try Scratch.write(bytes, to: "headers")
        do throws(RecordingExportError) {
            for header in try HTTPHeaderFile(path: path, environment: [:]).headers() {
                let isLine = (header.name + header.value).utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 }
                guard isLine, !header.name.isEmpty, header.isSecret else { throw contradiction }
            }
        } catch {
            try Contradiction.unless(error != contradiction, "a header that is none")
        }
    }

    private static let contradiction = RecordingExportError(.failed, "contradiction", onSpan: "")

    private static func readCredentials(_ bytes: ArraySlice<UInt8>) throws {
        let path = try Scratch.write(bytes, to: "credentials")
        for profile in ["default", "other"] {
            do throws(RecordingExportError) {
                let environment = ["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": profile]
                let credentials = try S3Credentials.find(in: environment)
                let text = credentials.accessKeyID + credentials.secretAccessKey + (credentials.sessionToken ?? "")
                guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { throw contradiction }
            } catch {
                try Contradiction.unless(error != contradiction, "credentials that are no header")
            }
        }
    }

    /// `traceparent`, `tracestate` and `baggage`, a line each.
    private static func readContext(_ text: String) throws {
        let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        if let span = SpanContext(traceparent: lines[0], tracestate: lines.count > 1 ? lines[1] : "") {
            let again = SpanContext(traceparent: span.traceparent, tracestate: span.traceState.description)
            try Contradiction.unless(again == span, "\(span) is passed on as \(span.traceparent)")
        }
        for line in lines {
            if let state = TraceState(line) {
                try Contradiction.unless(TraceState(state.description) == state, "\(line) is passed on as \(state)")
            }
            let baggage = Baggage(line)
            try Contradiction.unless(
                baggage.description.utf8.count <= Baggage.byteLimit && baggage.members.count <= Baggage.memberLimit,
                "more baggage than may be passed on: \(baggage)"
            )
            let again = Baggage(baggage.description)
            try Contradiction.unless(again == baggage, "\(line.debugDescription) is passed on as \(baggage)")
        }
    }

    /// `NAME=VALUE`, a line each.
    private static func readVariables(_ text: String) throws {
        var environment: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            environment[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        let configuration = OTLPConfiguration(
            environment: environment,
            spansFilePath: "/spans",
            version: "1",
            logger: Examples.logger
        )
        let batching = configuration.batching
        try Contradiction.unless(
            1...batching.queueCapacity ~= batching.largestBatchCount && batching.delay >= .zero
                && batching.exportTimeout.map { $0 > .zero } != false,
            "\(batching)"
        )
        for low in [0, 1, UInt64.max] {
            guard let id = TraceID(high: 1, low: low) else { continue }
            _ = configuration.sampler.isSampled(id, parent: configuration.parent.spanContext)
        }
        if case .collector(let options) = configuration.destination {
            let isValid = options.timeout > .zero && options.headers.allSatisfy { Token.isToken($0.name) }
            try Contradiction.unless(isValid, "\(options)")
        }
        var attributes: SpanAttributes = ["a": "text", "b": .stringArray(["x", "y"])]
        attributes = configuration.limits.limited(attributes, toCount: configuration.limits.attributeCount).kept
        try Contradiction.unless(attributes.count <= configuration.limits.attributeCount, "\(configuration.limits)")
        do throws(RecordingExportError) {
            _ = try LiveKitProject(environment: environment)
        } catch {
            _ = error.description
        }
    }
}
