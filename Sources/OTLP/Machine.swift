import FoundationEssentials
import Tracing

/// This process, its host and its operating system, under the names of OpenTelemetry's semantic conventions.
///
/// Source: https://opentelemetry.io/docs/specs/semconv/resource/
struct Machine {
    /// Where the system's files are; tests have some of their own.
    var root = ""

    /// What is not known is not there.
    var attributes: SpanAttributes {
        var attributes: SpanAttributes = [
            "host.name": .string(ProcessInfo.processInfo.hostName),
            "os.type": "linux",
            "process.pid": .int64(Int64(ProcessInfo.processInfo.processIdentifier)),
            "process.executable.name": .string(ProcessInfo.processInfo.processName),
            "process.runtime.name": "swift",
        ]
        attributes["host.arch"] = architecture
        attributes["host.id"] = hostID
        let release = osRelease
        attributes["os.name"] = release["NAME"]
        attributes["os.version"] = release["VERSION_ID"]
        attributes["os.description"] = release["PRETTY_NAME"]
        attributes["os.build_id"] = release["BUILD_ID"] ?? line(of: "/proc/sys/kernel/osrelease")
        return attributes
    }

    private var architecture: String? {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #elseif arch(arm)
            "arm32"
        #elseif arch(i386)
            "x86"
        #else
            nil
        #endif
    }

    private var hostID: String? {
        let id = line(of: "/etc/machine-id") ?? line(of: "/var/lib/dbus/machine-id")
        // A system that has not been started yet has a word there.
        guard let id, id.utf8.count == 32, Hexadecimal.value(of: id.utf8.prefix(16)) != nil,
            Hexadecimal.value(of: id.utf8.suffix(16)) != nil
        else { return nil }
        return id
    }

    /// The assignments of os-release(5), which are a shell's.
    private var osRelease: [String: String] {
        let text = text(of: "/etc/os-release") ?? text(of: "/usr/lib/os-release") ?? ""
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            var value = line[line.index(after: equals)...]
            if let quote = value.first, quote == "\"" || quote == "'", value.count > 1, value.last == quote {
                value = value.dropFirst().dropLast()
            }
            // Few systems have any, and to compile a pattern takes longer than all the rest.
            if value.contains("\\") { value.replace(/\\(.)/) { $0.output.1 } }
            if !value.isEmpty { values[String(line[..<equals])] = String(value) }
        }
        return values
    }

    private func line(of path: String) -> String? {
        text(of: path).flatMap { $0.split(separator: "\n").first }.map(String.init)
    }

    private func text(of path: String) -> String? {
        do { return try String(contentsOfFile: root + path, encoding: .utf8) } catch { return nil }
    }
}
