import Audio
import FrameRing
import Testing

@testable import RecorderIO

@Suite struct CaptureBlockTests {
    // CAP-4
    @Test(
        arguments: [CaptureBlock.Kind.frames, .lost, .ended, .stopped],
        [Gap.Cause?.none, .xrun, .suspend, .ringFull, .deviceLost]
    )
    func `A block crosses the ring unchanged`(kind: CaptureBlock.Kind, cause: Gap.Cause?) throws {
        let block = CaptureBlock(
            kind: kind,
            frameCount: 0x0123_4567_89AB,
            deliveredFrameCount: .max - 1,
            hostTime: HostTime(nanoseconds: -5),
            discontinuity: cause
        )
        let ring = try FrameRing(frameCapacity: 4, bytesPerFrame: CaptureBlock.byteCount)
        var producer = ring.producer
        var consumer = ring.consumer
        _ = producer.write(atMost: 1) { bytes in
            block.store(into: &bytes)
            return 1
        }
        var read: CaptureBlock?
        _ = consumer.read(atMost: 1) { bytes in
            read = CaptureBlock(bytes)
            return 1
        }
        #expect(read == block)
    }
}
