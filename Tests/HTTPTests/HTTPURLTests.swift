import HTTP
import Testing

@Suite struct HTTPURLTests {
    @Test func `A URL has its parts`() throws {
        let url = try HTTPURL("HTTPS://Host:8443/a/b?c=d#e")
        #expect(url.scheme == "https")
        #expect(url.authority == "host:8443")
        #expect(url.path == "/a/b")
        #expect(url.query == "c=d")
        #expect(url.description == "https://host:8443/a/b?c=d")
        #expect(url.withoutQuery == "https://host:8443/a/b")
        #expect(try HTTPURL("http://host?q").description == "http://host/?q")
    }

    @Test(arguments: [
        ("ftp://host/", HTTPURL.Flaw.scheme), ("host/path", .scheme), ("http:///path", .host), ("http://:80/", .host),
        ("http://user:secret@host/", .credentials), ("http://host/a b", .character(" ")),
        ("http://host/ä", .character("ä")), ("http://host/a\r\nX: y", .character("\r\n")),
    ])
    func `What is none is refused`(text: String, flaw: HTTPURL.Flaw) {
        #expect(throws: flaw) { try HTTPURL(text) }
    }

    @Test(arguments: [
        ("http://other/x", "http://other/x"), ("//other/x", "https://other/x"), ("/x?y", "https://host/x?y"),
        ("x", "https://host/a/x"), ("../x", "https://host/x"), ("./", "https://host/a/"), ("?y", "https://host/a/b?y"),
        ("", "https://host/a/b?q"), ("#f", "https://host/a/b?q"),
    ])
    func `A reference counts from the URL that was asked for`(reference: String, expected: String) throws {
        #expect(try HTTPURL("https://host/a/b?q").resolving(reference).description == expected)
    }

    @Test func `The default port is the same origin`() throws {
        let url = try HTTPURL("https://host/a")
        #expect(url.isSameOrigin(as: try HTTPURL("https://host:443/b")))
        #expect(!url.isSameOrigin(as: try HTTPURL("http://host:443/b")))
        #expect(!url.isSameOrigin(as: try HTTPURL("https://host:444/b")))
    }
}
