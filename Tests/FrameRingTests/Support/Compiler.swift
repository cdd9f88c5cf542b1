import Foundation

/// The Swift compiler, asked whether a file would compile against the modules of this build; ownership is checked after
/// the types, so it goes as far as to its intermediate language.
enum Compiler {
    static func check(_ source: String) throws -> (status: Int32, messages: String) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tapeline-\(UUID().uuidString).swift")
        try Data(source.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        // The test's executable lies in the build folder, beside the modules.
        let build = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "swiftc", "-emit-sil", "-o", "/dev/null", "-swift-version", "6", "-diagnostic-style", "llvm",
            "-I", build.appendingPathComponent("Modules").path,
            "-Xcc", "-fmodule-map-file=\(build.path)/CLinux.build/module.modulemap", file.path,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let messages = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: messages, as: UTF8.self))
    }
}
