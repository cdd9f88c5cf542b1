import Foundation

/// Where the tests find what the build made, and the package's own files.
public enum BuiltProducts {
    /// The folder that holds the running test bundle, and with it every product of the same build.
    public static let folder: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (bundle as NSString).deletingLastPathComponent
    }()

    /// The program.
    public static var tapeline: String { folder + "/tapeline" }

    /// Starts and closes sessions in a process of its own.
    public static var sessionCycles: String { folder + "/SessionCycles" }

    /// The example of how the library is used.
    public static var recorder: String { folder + "/Recorder" }

    /// The ALSA plugin.
    public static var fixtureMicrophone: String { folder + "/libFixtureMicrophone.so" }

    /// The library that counts allocations, for LD_PRELOAD.
    public static var allocationCounter: String { folder + "/libAllocationCounter.so" }

    /// The library that makes the machine seem to sleep, for LD_PRELOAD.
    public static var sleepingClock: String { folder + "/libSleepingClock.so" }

    /// The library that makes a program's time pass faster, for LD_PRELOAD.
    public static var fastClock: String { folder + "/libFastClock.so" }

    /// The library that makes the disk stall, for LD_PRELOAD.
    public static var stallingDisk: String { folder + "/libStallingDisk.so" }

    /// The library that ends or fails a program at a chosen call, for LD_PRELOAD.
    public static var faultyDisk: String { folder + "/libFaultyDisk.so" }

    /// The package's root folder.
    public static let packageRoot: String = {
        var path = #filePath as NSString
        for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }()

    /// A Python that has the packages of `.ci/requirements.txt`, put there by `.ci/setup test`.
    public static var python: String { packageRoot + "/.venv/bin/python" }

    public static var hasPython: Bool { FileManager.default.fileExists(atPath: python) }

    /// A file of `Fixtures/`.
    public static func fixture(_ name: String) -> String { "\(packageRoot)/Fixtures/\(name)" }

    /// The ALSA configuration that knows the fixture microphone.
    public static var alsaConfiguration: String { packageRoot + "/Tests/Support/FixtureMicrophone/asound.conf" }
}
