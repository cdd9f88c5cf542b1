public import Audio
internal import Capture
internal import FrameRing

/// A sink that plays on an ALSA device, and reports from the device's own words what was heard when.
///
/// The device is opened with the first frames, for their format, and again where the format changes: it must offer it, as
/// nothing is converted. It has a thread of its own; `play` waits while more than half a second is not yet with the device,
/// which itself holds a second at most. After an underrun it goes on with what comes, after a suspend with what was not heard.
/// Where the device is lost, what was not heard is dropped, the calls that wait throw, or else the next one does, and what
/// is given after that opens it anew.
public final class ALSAPlayback: AudioSink {
    let orders: PlaybackOrders

    /// - Parameter deviceName: any ALSA PCM name.
    /// - Throws: where the system has no thread to give. Of the device it is `play` that tells.
    public init(deviceName: String) throws(RecorderError) {
        let orders = try RecorderError.needing { () throws(FrameRingError) in try PlaybackOrders() }
        self.orders = orders
        do throws(CaptureError) {
            let loop = PlaybackLoop(deviceName: deviceName, orders: orders)
            _ = try RealtimeThread(name: "tapeline-output", owning: loop) { $0.run() }
        } catch {
            throw .capture(error)
        }
    }

    /// What was not played is dropped.
    deinit { orders.close() }

    /// - Throws: `PlaybackError`; `CancellationError` where the task is cancelled while it waits: the frames stay given.
    public func play(_ frames: AudioFrames) async throws { try await answer(orders.play(frames)) }

    public func endSegment() async throws { try await answer(orders.endSegment()) }

    public func interrupt() async throws { try await answer(orders.interrupt()) }

    public func pause() async throws { try await answer(orders.setPaused(true)) }

    public func resume() async throws { try await answer(orders.setPaused(false)) }

    public func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? {
        orders.setReceiver(receiver)
    }

    private func answer(_ order: PlaybackOrders.Order) async throws {
        let answer = await withTaskCancellationHandler {
            await order.value()
        } onCancel: {
            order.complete(.cancelled)
        }
        switch answer {
        case .failed(let error): throw error
        case .cancelled: throw CancellationError()
        case .done, nil: return
        }
    }
}
