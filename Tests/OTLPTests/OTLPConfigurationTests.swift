import Foundation
import HTTP
import TestSupport
import Testing
import Tracing

@testable import OTLP

/// The table of variables, and what each value of them means (SPAN-5).
@Suite struct OTLPConfigurationTests {
    private let log = LogRecord()

    private func configuration(_ environment: [String: String]) -> OTLPConfiguration {
        OTLPConfiguration(
            environment: environment,
            spansFilePath: "/state/spans.jsonl",
            version: "1.2.3",
            logger: log.logger
        )
    }

    /// With an endpoint beside `environment`.
    private func options(_ environment: [String: String]) throws -> OTLPHTTPOptions {
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"]
        let destination = configuration(endpoint.merging(environment) { $1 }).destination
        guard case .collector(let options) = destination else { throw POSIXError(.EINVAL) }
        return options
    }

    @Test func `With nothing set spans go to the file, by OpenTelemetry's defaults`() {
        let configuration = configuration([:])
        #expect(configuration.destination == .file(path: "/state/spans.jsonl"))
        #expect(configuration.sampler == .parentBased(root: .alwaysOn))
        #expect(configuration.propagators == [.traceContext, .baggage])
        #expect(configuration.limits == SpanLimits())
        #expect(configuration.batching.delay == .seconds(5))
        #expect(configuration.batching.exportTimeout == .seconds(30))
        #expect(configuration.batching.queueCapacity == 2048)
        #expect(configuration.batching.largestBatchCount == 512)
        #expect(configuration.parent.spanContext == nil)
        #expect(log.lines.isEmpty)
    }

    @Test func `With an endpoint alone spans go there as protobuf, not compressed, within 10 s`() throws {
        let options = try options([:])
        #expect(options == OTLPHTTPOptions(url: try HTTPURL("http://localhost:4318/v1/traces")))
        #expect(options.encoding == .protobuf)
        #expect(!options.isCompressed)
        #expect(options.timeout == .seconds(10))
        #expect(options.headers.isEmpty)
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://collector/mycollector", "https://collector/mycollector/v1/traces"),
        ("https://collector/mycollector/", "https://collector/mycollector/v1/traces"),
    ])
    func `v1/traces is added to the endpoint of all signals`(endpoint: String, url: String) throws {
        #expect(try options(["OTEL_EXPORTER_OTLP_ENDPOINT": endpoint]).url.description == url)
    }

    @Test(arguments: [
        ("http://collector:4318", "http://collector:4318/"), ("https://collector/here", "https://collector/here"),
        ("https://collector/here/?tenant=7", "https://collector/here/?tenant=7"),
    ])
    func `The endpoint of traces is taken as it is, and first`(endpoint: String, url: String) throws {
        #expect(try options(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint]).url.description == url)
        #expect(
            configuration(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint]).destination.description
                == url.prefix { $0 != "?" }
        )
    }

    @Test(arguments: [
        ("localhost:4318", "it should begin with http:// or https://, as in http://localhost:4318"),
        ("grpc://localhost", "it should begin with http:// or https://, as in http://localhost:4318"),
        ("http://", "it should name a host, as in http://localhost:4318"),
        (
            "http://me:hunter2@host",
            "put user and password into OTEL_EXPORTER_OTLP_HEADERS, as Authorization=Basic%20..."
        ),
        ("http://a b", "percent-encode the character \" \" in it"),
    ])
    func `An endpoint that is none is warned of, not repeated, and passed over`(endpoint: String, fix: String) throws {
        #expect(
            configuration(["OTEL_EXPORTER_OTLP_ENDPOINT": endpoint]).destination == .file(path: "/state/spans.jsonl")
        )
        #expect(log.lines == ["warning: OTEL_EXPORTER_OTLP_ENDPOINT is ignored: \(fix)"])
        let url = try options(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint]).url
        #expect(url.description == "http://localhost:4318/v1/traces")
    }

    @Test(arguments: [
        ("PROTOCOL", "http/protobuf", OTLPEncoding.protobuf, nil), ("PROTOCOL", "HTTP/JSON", .json, nil),
        (
            "PROTOCOL", "grpc", .protobuf,
            "spans go out as http/protobuf, so name the collector's HTTP port (4318) in the endpoint"
        ),
        ("PROTOCOL", "smtp", .protobuf, "use http/protobuf or http/json"),
        ("TRACES_PROTOCOL", "http/json", .json, nil),
    ])
    func `The protocol is protobuf or JSON`(option: String, value: String, encoding: OTLPEncoding, fix: String?) throws
    {
        #expect(try options(["OTEL_EXPORTER_OTLP_\(option)": value]).encoding == encoding)
        let expected = fix.map { ["warning: OTEL_EXPORTER_OTLP_\(option)=\(value) is ignored: \($0)"] }
        #expect(log.lines == expected ?? [])
    }

    @Test(arguments: [("gzip", true, false), ("none", false, false), ("GZIP", true, false), ("zstd", false, true)])
    func `Compression is gzip or none`(value: String, isCompressed: Bool, isWarned: Bool) throws {
        #expect(try options(["OTEL_EXPORTER_OTLP_COMPRESSION": value]).isCompressed == isCompressed)
        let line = "warning: OTEL_EXPORTER_OTLP_COMPRESSION=zstd is ignored: use gzip or none"
        #expect(log.lines == (isWarned ? [line] : []))
    }

    @Test(arguments: [
        ("2500", Duration.milliseconds(2500)), ("0", .seconds(30 * 86400)),
        ("9223372036854775807", .milliseconds(Int32.max)), ("-1", .seconds(10)), ("2s", .seconds(10)),
    ])
    func `The timeout is in milliseconds, and 0 is none`(value: String, timeout: Duration) throws {
        #expect(try options(["OTEL_EXPORTER_OTLP_TIMEOUT": value]).timeout == timeout)
        let line = "warning: OTEL_EXPORTER_OTLP_TIMEOUT=\(value) is ignored: it should be a whole number, 0 or more"
        #expect(log.lines == (timeout == .seconds(10) ? [line] : []))
    }

    @Test func `Headers are a list, percent-decoded, and secret`() throws {
        let headers = try options([
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key = a%2Cb , Authorization=Basic%20dXNlcjpwYXNz==,x-empty="
        ]).headers
        #expect(headers.map(\.name) == ["api-key", "Authorization", "x-empty"])
        #expect(headers.map(\.value) == ["a,b", "Basic dXNlcjpwYXNz==", ""])
        #expect(headers.allSatisfy { $0.isSecret })
    }

    @Test(arguments: [
        "hunter2", "a=hunter2,b", "a b=hunter2", "a=hunter2%0A", "a=hunter2%0d%0aHost:%20b", "a=hunter2%",
    ])
    func `Headers that are none are warned of without their values`(list: String) throws {
        #expect(try options(["OTEL_EXPORTER_OTLP_HEADERS": list]).headers.isEmpty)
        #expect(
            log.lines == [
                "warning: OTEL_EXPORTER_OTLP_HEADERS is ignored: write it as key=value,key=value, percent-encoded"
            ]
        )
    }

    @Test func `What is set for traces counts before what is set for all`() throws {
        let values = [
            "PROTOCOL": "http/json", "COMPRESSION": "gzip", "TIMEOUT": "1", "HEADERS": "a=traces",
            "CERTIFICATE": "/ca", "CLIENT_KEY": "/key", "CLIENT_CERTIFICATE": "/cert",
        ]
        let others = [
            "PROTOCOL": "http/protobuf", "COMPRESSION": "none", "TIMEOUT": "2", "HEADERS": "a=all",
            "CERTIFICATE": "/other", "CLIENT_KEY": "/other", "CLIENT_CERTIFICATE": "/other",
        ]
        var environment: [String: String] = [:]
        for (option, value) in values { environment["OTEL_EXPORTER_OTLP_TRACES_\(option)"] = value }
        for (option, value) in others { environment["OTEL_EXPORTER_OTLP_\(option)"] = value }
        let options = try options(environment)
        #expect(options.encoding == .json)
        #expect(options.isCompressed)
        #expect(options.timeout == .milliseconds(1))
        #expect(options.headers.map(\.value) == ["traces"])
        #expect(options.tls == TLSFiles(authoritiesPath: "/ca", certificatePath: "/cert", keyPath: "/key"))
        #expect(log.lines.isEmpty)
    }

    @Test func `The batches' variables are read`() {
        let batching = configuration([
            "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BSP_EXPORT_TIMEOUT": "200", "OTEL_BSP_MAX_QUEUE_SIZE": "30",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10",
        ]).batching
        #expect(batching.delay == .milliseconds(100))
        #expect(batching.exportTimeout == .milliseconds(200))
        #expect(batching.queueCapacity == 30)
        #expect(batching.largestBatchCount == 10)
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: [
        (
            ["OTEL_BSP_MAX_QUEUE_SIZE": "0"],
            "OTEL_BSP_MAX_QUEUE_SIZE=0 is ignored: it should be a whole number, 1 or more"
        ),
        (
            ["OTEL_BSP_SCHEDULE_DELAY": "-1"],
            "OTEL_BSP_SCHEDULE_DELAY=-1 is ignored: it should be a whole number, 0 or more"
        ),
        (
            ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5000"],
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=5000 is ignored: it should be at most OTEL_BSP_MAX_QUEUE_SIZE"
        ),
    ])
    func `A batch's variable that is not valid leaves the default`(environment: [String: String], line: String) {
        #expect(configuration(environment).batching == SpanBatching())
        #expect(log.lines == ["warning: \(line)"])
    }

    @Test func `A queue that is smaller than a batch makes the batches smaller, without a word`() {
        #expect(configuration(["OTEL_BSP_MAX_QUEUE_SIZE": "100"]).batching.largestBatchCount == 100)
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: [
        ("otlp", true, nil), ("none", false, nil), ("OTLP", true, nil), ("", true, nil), ("otlp,none", true, nil),
        ("console", true, "console is not among otlp and none"),
        ("otlp,console", true, "console is not among otlp and none"),
        ("none,zipkin", false, "zipkin is not among otlp and none"),
    ])
    func `OTEL_TRACES_EXPORTER is otlp or none`(list: String, isExporting: Bool, fix: String?) {
        let destination = configuration(["OTEL_TRACES_EXPORTER": list]).destination
        #expect(destination == (isExporting ? .file(path: "/state/spans.jsonl") : .nowhere))
        #expect(log.lines == (fix.map { ["warning: OTEL_TRACES_EXPORTER=\(list) is ignored: \($0)"] } ?? []))
    }

    @Test(arguments: [("true", true), ("TRUE", true), ("false", false), ("", false), ("1", false), ("yes", false)])
    func `OTEL_SDK_DISABLED is true or not`(value: String, isDisabled: Bool) {
        let configuration = configuration([
            "OTEL_SDK_DISABLED": value, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
        ])
        #expect((configuration.destination == .nowhere) == isDisabled)
        #expect((configuration.sampler == .alwaysOff) == isDisabled)
        let line = "warning: OTEL_SDK_DISABLED=\(value) is ignored: it should be true or false"
        #expect(log.lines == (["1", "yes"].contains(value) ? [line] : []))
    }

    @Test func `What goes nowhere has ids all the same, and makes no file`() async throws {
        let folder = try TemporaryFolder()
        for environment in [["OTEL_SDK_DISABLED": "true"], ["OTEL_TRACES_EXPORTER": "none"]] {
            let tracer = try OTLPConfiguration(
                environment: environment,
                spansFilePath: folder.path + "/spans.jsonl",
                version: "1.2.3",
                logger: log.logger
            ).makeTracer()
            let span = tracer.startSpan("a", context: .topLevel)
            #expect(span.spanContext.traceparent.utf8.count == 55)
            span.end()
            #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        }
        #expect(folder.contents.isEmpty)
    }

    @Test func `Sampler, limits, resource and parent are the environment's`() {
        let configuration = configuration([
            "OTEL_TRACES_SAMPLER": "always_off", "OTEL_SPAN_EVENT_COUNT_LIMIT": "7", "OTEL_SERVICE_NAME": "box",
            "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "BAGGAGE": "a=b",
        ])
        #expect(configuration.sampler == .alwaysOff)
        #expect(configuration.limits.eventCount == 7)
        #expect(configuration.resource.attributes.get("service.name") == "box")
        #expect(configuration.parent.spanContext?.spanID.hex == "b7ad6b7169203331")
        #expect(configuration.parent.baggage?["a"] == "b")
    }
}
