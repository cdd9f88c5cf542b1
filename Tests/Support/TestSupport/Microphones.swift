import Foundation
import Glibc

/// The package's own ALSA configuration, and devices of it, for tests that record in this process.
///
/// alsa-lib reads the variables when it is first called, so each test asks for a name here before it opens one.
public enum Microphones {
    private static let isConfigured: Bool = {
        let configuration = BuiltProducts.packageRoot + "/Tests/Support/FixtureMicrophone/asound.conf"
        unsafe setenv("ALSA_CONFIG_PATH", configuration, 1)
        unsafe setenv("FIXTURE_MICROPHONE", BuiltProducts.fixtureMicrophone, 1)
        return true
    }()

    /// A device of its own that plays a file of `Fixtures/`.
    public static func fixture(
        _ file: String,
        _ options: String = "SPEED=max",
        id: String? = nil
    ) -> String {
        _ = isConfigured
        let id = id ?? UUID().uuidString
        return "fixture:FILE=\(BuiltProducts.fixture(file)),\(options),ID=\(id.prefix(8))"
    }

    /// A playback device that writes down in `file` what was heard.
    public static func speaker(_ file: String, _ options: String = "") -> String {
        _ = isConfigured
        return "speaker:FILE=\(file)" + (options.isEmpty ? "" : ",\(options)")
    }

    public static var null: String {
        _ = isConfigured
        return "null"
    }
}
