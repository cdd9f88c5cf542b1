import HTTP
import Testing

@Suite struct HTTPResponseTests {
    // EXP-9
    @Test(
        arguments: [
            (["Retry-After": "120"], Duration.seconds(120)),
            (["Retry-After": "0"], .zero),
            (["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:30 GMT"], .seconds(7)),
            (["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"], .seconds(37)),
            (["Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"], .seconds(37)),
            (["Retry-After": "Sun Nov  6 08:49:37 1994"], .seconds(37)),
            (["Retry-After": "Sun, 06 Nov 1994 08:00:00 GMT"], .zero),
            (["Retry-After": "soon"], nil),
            ([:], nil),
        ] as [([String: String], Duration?)]
    )
    func `Retry-After is read as seconds or as a date`(headers: [String: String], expected: Duration?) throws {
        let response = HTTPResponse(
            status: 503,
            headers: headers.map { .init(name: $0.key, value: $0.value) },
            body: [],
            isBodyComplete: true,
            url: try HTTPURL("http://host/")
        )
        // 1994-11-06 08:49:00
        #expect(response.retryAfter(now: 784_111_740) == expected)
    }
}
