import Foundation
import Glibc

/// The package's own ALSA configuration, and devices of it.
///
/// alsa-lib reads the variables when it is first called, so each test asks for a name here before it opens one.
enum Microphones {
    private static let isConfigured: Bool = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
            .standardized.path
        let build = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        unsafe setenv("ALSA_CONFIG_PATH", "\(package)/Tests/Support/FixtureMicrophone/asound.conf", 1)
        unsafe setenv("FIXTURE_MICROPHONE", "\(build)/libFixtureMicrophone.so", 1)
        return true
    }()

    static func fixture(_ file: String, _ options: String = "SPEED=max", id: String = UUID().uuidString) -> String {
        _ = isConfigured
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
            .standardized.path
        return "fixture:FILE=\(package)/Fixtures/\(file),\(options),ID=\(id.prefix(8))"
    }

    static var null: String {
        _ = isConfigured
        return "null"
    }

    static func file(_ path: String) -> String {
        _ = isConfigured
        return "filemic:FILE=\(path)"
    }
}
