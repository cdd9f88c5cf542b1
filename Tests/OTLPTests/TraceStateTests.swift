import Testing

@testable import OTLP

@Suite struct TraceStateTests {
    @Test(arguments: [
        ("", ""),
        ("a=1", "a=1"),
        ("a=1,b=2", "a=1,b=2"),
        (" a=1 ,\t,, b=2\t", "a=1,b=2"),
        ("a=1 2", "a=1 2"),
        ("fw529a3039@dt=FfD9+/x", "fw529a3039@dt=FfD9+/x"),
        ("0tenant@v=1", "0tenant@v=1"),
        ("a-_*/9=!~", "a-_*/9=!~"),
    ])
    func `Valid members are kept in order, blanks and empty ones are not`(header: String, kept: String) throws {
        #expect(try #require(TraceState(header)).description == kept)
    }

    @Test(arguments: [
        "a", "a=", "=1", "A=1", "0a=1", "a=1=2", "a=1,a=2", "a@=1", "@a=1", "a@0=1", "a@b@c=1", "a =1", "a=é",
        "a=\u{7F}", "tenant@fifteenletters_=1",
    ])
    func `One malformed member discards the header`(header: String) {
        #expect(TraceState(header) == nil)
    }

    @Test func `Lengths and the count of members have their limits`() {
        func header(keyLength: Int = 1, valueLength: Int = 1) -> String {
            String(repeating: "a", count: keyLength) + "=" + String(repeating: "b", count: valueLength)
        }
        #expect(TraceState(header(keyLength: 256, valueLength: 256)) != nil)
        #expect(TraceState(header(keyLength: 257)) == nil)
        #expect(TraceState(header(valueLength: 257)) == nil)
        #expect(TraceState((0..<32).map { "k\($0)=1" }.joined(separator: ","))?.members.count == 32)
        #expect(TraceState((0..<33).map { "k\($0)=1" }.joined(separator: ",")) == nil)
    }
}
