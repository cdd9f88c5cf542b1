import Capture
import Glibc
import Logging
import RecorderIO

@main
struct Tapeline {
    static func main() async throws {
        let a = CommandLine.arguments
        let o = RecorderOptions(capture: CaptureOptions(deviceName: a[1]), container: Container(rawValue: a[3])!, filePath: a[2], replacesFile: true, recordingID: "x", durationSeconds: a.count > 4 ? Double(a[4]) : nil)
        let r = try RecorderIO(o, logger: Logger(label: "x"))
        let out = await r.outcome()
        print(out as Any)
    }
}
