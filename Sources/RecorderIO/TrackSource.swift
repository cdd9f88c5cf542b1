public import Audio
public import Capture

/// Where a track's frames come from.
public enum TrackSource: Hashable, Sendable {
    /// A device that records: a microphone, or a loopback or monitor of what is played.
    case device(CaptureOptions)
    /// The application, by `RecorderIO.recordInput` or `recordOutput`, in this format; of another rate or sample format,
    /// its frames are converted.
    case application(AudioFormat)

    var deviceName: String {
        switch self {
        case .device(let capture): capture.deviceName
        case .application: "application"
        }
    }
}
