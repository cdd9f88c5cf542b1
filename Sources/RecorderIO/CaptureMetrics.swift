internal import Audio
internal import CoreMetrics

/// What a recording tells of its device to the program's metrics backend, if it has one (CAP-7).
///
/// - `tapeline_capture_condition` (`device`, `condition`): how many channels are concerned; 0 where it does not hold.
/// - `tapeline_gaps_total` and `tapeline_gap_frames_total` (`device`, `cause`).
struct CaptureMetrics {
    private let device: String
    private let factory: any MetricsFactory

    init(device: String, factory: any MetricsFactory = MetricsSystem.factory) {
        self.device = device
        self.factory = factory
    }

    func setCondition(_ condition: CaptureCondition, channelCount: Int) {
        let dimensions = [("device", device), ("condition", condition.rawValue)]
        Gauge(label: "tapeline_capture_condition", dimensions: dimensions, factory: factory).record(channelCount)
    }

    /// - Parameter isNew: false where a gap that was counted goes on.
    func count(gap cause: Gap.Cause, frameCount: Int64, isNew: Bool) {
        let dimensions = [("device", device), ("cause", cause.rawValue)]
        Counter(label: "tapeline_gap_frames_total", dimensions: dimensions, factory: factory).increment(by: frameCount)
        guard isNew else { return }
        Counter(label: "tapeline_gaps_total", dimensions: dimensions, factory: factory).increment()
    }
}
