import Testing

@testable import Session

/// What segments are called (REC-10).
@Suite struct SegmentNameTests {
    // 2026-11-27T05:57:30Z
    private static let time = 1_795_759_050.0

    @Test(arguments: [
        (SegmentName.standard, "20261127T055730Z"), ("%F %H.%M", "2026-11-27 05.57"), ("%y%j", "26331"),
        ("call-%v", "call-0012"), ("%s", "1795759050"), ("100 %%", "100 %"), ("take", "take"),
        ("%%Y%Y%S%%", "%Y202630%"),
    ])
    func `A template's codes are those of strftime, in UTC`(template: String, expected: String) throws {
        #expect(try SegmentName(template).text(startedAt: Self.time, number: 12) == expected)
    }

    // A seam is a whole frame, which may lie a little before the second that it is meant for.
    @Test func `A frame just before a full second belongs to it`() {
        #expect(SegmentName().text(startedAt: Self.time - 0.00002, number: 1) == "20261127T055730Z")
        #expect(SegmentName().text(startedAt: Self.time - 0.1, number: 1) == "20261127T055729Z")
    }

    @Test(arguments: ["", "a/b", "%q", "%", "%%%", ".hidden", "a\nb", String(repeating: "a", count: 101)])
    func `What is no name is refused with a sentence`(template: String) {
        let error = #expect(throws: SessionError.self) { try SegmentName(template) }
        #expect(error?.description.contains("segments cannot be called") == true)
    }
}
