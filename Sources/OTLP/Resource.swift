public import Logging
public import Tracing

/// What produced the spans: this program on this machine, as OpenTelemetry's resource attributes.
public struct Resource: Sendable {
    public let attributes: SpanAttributes

    public init(attributes: SpanAttributes) {
        self.attributes = attributes
    }

    /// This process as it finds itself: service, telemetry SDK, host, process and operating system, without local paths.
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
        ]
        attributes.merge(Machine().attributes)
        if let list = variables.string("OTEL_RESOURCE_ATTRIBUTES") {
            if let pairs = KeyValueList.pairs(of: list) {
                for (key, value) in pairs { attributes[key] = value }
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
}
