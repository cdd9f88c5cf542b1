import Foundation
import TestSupport
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
    }

    @Test func `The machine is described by the semantic conventions' names, from its own files`() throws {
        let root = try TemporaryFolder()
        for folder in ["etc", "proc/sys/kernel"] {
            try FileManager.default.createDirectory(atPath: "\(root.path)/\(folder)", withIntermediateDirectories: true)
        }
        let release = """
            # a comment
            PRETTY_NAME="Box \\"OS\\" 12 (worm)"
            NAME='Box OS'
            VERSION_ID=12
            VARIANT_ID=
            """
        _ = try root.write(Data(release.utf8), to: "etc/os-release")
        _ = try root.write(Data("fdbf79e8af94cb7f9e8df36789187052\n".utf8), to: "etc/machine-id")
        _ = try root.write(Data("6.1.0-25-amd64\n".utf8), to: "proc/sys/kernel/osrelease")
        var expected: SpanAttributes = [
            "host.name": .string(ProcessInfo.processInfo.hostName),
            "host.id": "fdbf79e8af94cb7f9e8df36789187052",
            "os.type": "linux",
            "os.name": "Box OS",
            "os.version": "12",
            "os.description": "Box \"OS\" 12 (worm)",
            "os.build_id": "6.1.0-25-amd64",
            "process.pid": .int64(Int64(ProcessInfo.processInfo.processIdentifier)),
            "process.executable.name": .string(ProcessInfo.processInfo.processName),
            "process.runtime.name": "swift",
        ]
        #if arch(x86_64)
            expected["host.arch"] = "amd64"
        #elseif arch(arm64)
            expected["host.arch"] = "arm64"
        #endif
        #expect(Machine(root: root.path).attributes == expected)
    }

    @Test func `What the machine does not tell is left out`() throws {
        let root = try TemporaryFolder()
        let attributes = Machine(root: root.path).attributes
        for key in ["host.id", "os.name", "os.version", "os.description", "os.build_id"] {
            #expect(attributes.get(key) == nil)
        }
    }

    // SPAN-1
    @Test func `No local path is in it`() {
        detected([:]).forEach { key, value in
            if case .string(let text) = value { #expect(!text.hasPrefix("/") && !text.contains(" /"), "\(key)") }
        }
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
