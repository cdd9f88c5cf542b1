import Testing

@testable import OTLP

@Suite struct BaggageTests {
    private func pairs(_ header: String) -> [String] {
        Baggage(header).members.map { "\($0.key)=\($0.value)" + $0.properties.map { ";\($0)" }.joined() }
    }

    @Test func `Members, their properties and blanks are read as the standard's example has them`() {
        #expect(
            pairs("key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue") == [
                "key1=value1;property1;property2", "key2=value2", "key3=value3;propertyKey=propertyValue",
            ]
        )
    }

    @Test(arguments: [
        ("serverNode=DF%2028", ["serverNode=DF 28"]), ("a=d%C3%BCne%2c", ["a=düne,"]), ("a=b=c==", ["a=b=c=="]),
        ("a=", ["a="]), ("a=1,a=2", ["a=1", "a=2"]), ("a=%ff", ["a=\u{FFFD}"]), ("a=100%", ["a=100%"]),
        ("a%20b=1", ["a%20b=1"]),
    ])
    func `Values are percent-decoded, keys are not`(header: String, expected: [String]) {
        #expect(pairs(header) == expected)
    }

    @Test(arguments: [
        "", ",", "a", "=1", "a b=1", "a=\"1\"", "a=b c", "a=\\", "ü=1", "a=ü", "a=1;=", "a=1;b=c d", "a=1;;",
    ])
    func `A malformed member is left out alone`(member: String) {
        #expect(pairs("first=1,\(member),last=2") == ["first=1", "last=2"])
    }

    @Test func `What was read is written alike`() {
        let header = "key1=value1;property1;p=q,serverNode=DF%2028,uml=%C3%BC%25%2C%3B%22%5C"
        #expect(Baggage(header).description == header)
        #expect(Baggage(header)["uml"] == "ü%,;\"\\")
        #expect(Baggage(header)["nothing"] == nil)
    }

    @Test func `64 members go through, and no more`() {
        let members = (0..<65).map { "k\($0)=v" }
        #expect(pairs(members.joined(separator: ",")) == Array(members.prefix(64)))
        let all = (0..<65).compactMap { Baggage.Member(key: "k\($0)", value: "v") }
        #expect(Baggage(members: all).description == members.prefix(64).joined(separator: ","))
    }

    @Test func `8192 bytes go through, and no member that makes it more`() {
        let long = String(repeating: "v", count: 4092)
        let header = "a1=\(long),b2=\(long),c=1"
        #expect(header.utf8.count == 8195)
        #expect(Baggage("a1=\(long),b2=\(long)v").description.utf8.count == 8192)
        #expect(Baggage(header).members.map(\.key) == ["a1", "b2"])
        #expect(Baggage("a1=\(long),b2=\(long)vv").members.map(\.key) == ["a1"])
    }

    @Test(arguments: ["", "a b", "a=b", "ü", "a,b"])
    func `A key that is no token makes no member`(key: String) {
        #expect(Baggage.Member(key: key, value: "") == nil)
    }
}
