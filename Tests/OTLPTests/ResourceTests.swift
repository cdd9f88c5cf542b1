import Foundation
import Testing
import Tracing

@testable import OTLP

@Suite struct ResourceTests {
    private func detected(_ environment: [String: String], log: LogRecord = LogRecord()) -> SpanAttributes {
        Resource.detected(environment: environment, version: "1.2.3", logger: log.logger).attributes
    }

    @Test func `Without an environment it says who, where and by what`() {
        let attributes = detected([:])
        #expect(attributes.get("service.name") == "tapeline")
        #expect(attributes.get("service.version") == "1.2.3")
        #expect(attributes.get("telemetry.sdk.name") == "tapeline")
        #expect(attributes.get("telemetry.sdk.language") == "swift")
        #expect(attributes.get("telemetry.sdk.version") == "1.2.3")
        #expect(attributes.get("host.name") == .string(ProcessInfo.processInfo.hostName))
        #expect(attributes.get("process.pid") == .int64(Int64(ProcessInfo.processInfo.processIdentifier)))
        #expect(attributes.get("os.type") == "linux")
        #expect(attributes.count == 8)
    }

    @Test func `Listed attributes are percent-decoded and override what was detected`() {
        let attributes = detected([
            "OTEL_RESOURCE_ATTRIBUTES": " site = d%C3%BCne%2C 3 ,host.name=box,service.name=listed,empty="
        ])
        #expect(attributes.get("site") == "düne, 3")
        #expect(attributes.get("host.name") == "box")
        #expect(attributes.get("service.name") == "listed")
        #expect(attributes.get("empty") == "")
    }

    @Test func `The name of the service has a variable of its own, which wins`() {
        let attributes = detected(["OTEL_SERVICE_NAME": "mine", "OTEL_RESOURCE_ATTRIBUTES": "service.name=listed"])
        #expect(attributes.get("service.name") == "mine")
    }

    @Test(arguments: ["site", "=1", "a=1,b", "a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff"])
    func `A list that does not parse is ignored whole, with a warning`(list: String) {
        let log = LogRecord()
        #expect(detected(["OTEL_RESOURCE_ATTRIBUTES": list], log: log) == detected([:]))
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.hasPrefix("warning: OTEL_RESOURCE_ATTRIBUTES=\(list) is ignored: write it as") == true)
    }
}
