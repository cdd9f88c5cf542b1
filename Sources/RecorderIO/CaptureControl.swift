internal import Audio
internal import Capture
internal import FrameRing
internal import Synchronization

/// What the capture thread and the rest of the recorder tell each other beside the frames: atomics only, so that the
/// capture thread takes no lock (CAP-3).
final class CaptureControl: Sendable {
    /// Wakes the capture thread from any sleep.
    let wakeup: Wakeup
    private let stopRequest = Atomic<Bool>(false)
    private let stopNanoseconds = Atomic<Int64>(.max)
    private let freeRunning = Atomic<Bool>(false)
    private let realtime = Atomic<Int>(0)
    private let otherDevice = Atomic<Bool>(false)

    init() throws(FrameRingError) {
        wakeup = try Wakeup()
    }

    /// Asks the capture thread to read what waits, and to end.
    func stop() {
        _ = stopNanoseconds.compareExchange(expected: .max, desired: HostTime.now().nanoseconds, ordering: .relaxed)
        stopRequest.store(true, ordering: .releasing)
        wakeup.signal()
    }

    var isStopRequested: Bool { stopRequest.load(ordering: .acquiring) }

    /// When that was asked first.
    var stopTime: HostTime? {
        isStopRequested ? HostTime(nanoseconds: stopNanoseconds.load(ordering: .relaxed)) : nil
    }

    /// The recorder's word on whether the device has a clock.
    var isFreeRunning: Bool {
        get { freeRunning.load(ordering: .relaxed) }
        set { freeRunning.store(newValue, ordering: .relaxed) }
    }

    /// Whether the capture thread got what it asked for; nil until it has asked.
    var isRealtime: Bool? {
        switch realtime.load(ordering: .acquiring) {
        case 1: true
        case 2: false
        default: nil
        }
    }

    /// Whether another device has the name of the lost one.
    var isOtherDevicePresent: Bool {
        get { otherDevice.load(ordering: .relaxed) }
        set { otherDevice.store(newValue, ordering: .relaxed) }
    }

    func setRealtime(_ isRealtime: Bool) { realtime.store(isRealtime ? 1 : 2, ordering: .releasing) }
}
