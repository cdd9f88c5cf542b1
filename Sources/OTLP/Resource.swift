import FoundationEssentials
import Glibc
public import Logging
public import Tracing

/// What produced the spans: this program on this machine, as OpenTelemetry's resource attributes.
public struct Resource: Sendable {
    public let attributes: SpanAttributes

    public init(attributes: SpanAttributes) {
        self.attributes = attributes
    }

    /// This process as its environment describes it: service, telemetry SDK, host, process and operating system.
    ///
    /// `OTEL_RESOURCE_ATTRIBUTES` overrides what is detected, and `OTEL_SERVICE_NAME` overrides both; without either the
    /// service is `tapeline`. A list that does not parse is warned of and ignored whole, as OpenTelemetry asks.
    /// - Parameters:
    ///   - version: of the program; becomes `service.version` and `telemetry.sdk.version`.
    public static func detected(environment: [String: String], version: String, logger: Logger) -> Resource {
        let variables = EnvironmentVariables(environment, logger: logger)
        var attributes: SpanAttributes = [
            "service.name": "tapeline",
            "service.version": .string(version),
            "host.name": .string(ProcessInfo.processInfo.hostName),
            "process.pid": .int64(Int64(getpid())),
            "os.type": "linux",
        ]
        if let list = variables.string("OTEL_RESOURCE_ATTRIBUTES") {
            if let listed = Self.attributes(listed: list) {
                attributes.merge(listed)
            } else {
                variables.ignore("OTEL_RESOURCE_ATTRIBUTES", "write it as key=value,key=value, percent-encoded")
            }
        }
        if let name = variables.string("OTEL_SERVICE_NAME") {
            attributes["service.name"] = name
        }
        // Who speaks the protocol is not for the environment to say.
        attributes.merge([
            "telemetry.sdk.name": "tapeline",
            "telemetry.sdk.language": "swift",
            "telemetry.sdk.version": .string(version),
        ])
        return Resource(attributes: attributes)
    }

    /// The pairs of `key=value,key=value`; nil if one is malformed. The later of two equal keys wins.
    private static func attributes(listed list: String) -> SpanAttributes? {
        var attributes: SpanAttributes = [:]
        for pair in list.split(separator: ",") {
            guard let equals = pair.firstIndex(of: "="),
                let key = percentDecoded(pair[..<equals]), !key.isEmpty,
                let value = percentDecoded(pair[pair.index(after: equals)...])
            else { return nil }
            attributes[key] = value
        }
        return attributes
    }

    /// `text` without surrounding blanks, its `%XX` decoded; nil if one is cut short or the bytes are not UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        let blank = UInt8(ascii: " ")
        var rest = Array(text.utf8)[...].drop { $0 == blank }
        while rest.last == blank { rest.removeLast() }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, rest.prefix(2).allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                    let digits = String(validating: rest.prefix(2), as: UTF8.self), let value = UInt8(digits, radix: 16)
                else { return nil }
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
