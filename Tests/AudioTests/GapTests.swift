import Audio
import Foundation
import Testing

@Suite struct GapTests {
    // SES-10: one that concerns all channels reads as it always did.
    @Test func `A gap names its channels where they are not all`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let all = Gap(firstFrame: 10, frameCount: 480, cause: .xrun)
        let one = Gap(firstFrame: 10, frameCount: 480, cause: .unreported, channels: [2])
        #expect(
            String(data: try encoder.encode(all), encoding: .utf8)
                == #"{"cause":"xrun","first_frame":10,"frames":480}"#
        )
        #expect(
            String(data: try encoder.encode(one), encoding: .utf8)
                == #"{"cause":"unreported","channels":[2],"first_frame":10,"frames":480}"#
        )
        for gap in [all, one] {
            #expect(try JSONDecoder().decode(Gap.self, from: try encoder.encode(gap)) == gap)
        }
    }
}
