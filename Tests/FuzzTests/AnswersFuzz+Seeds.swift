import Messages
import SwiftProtobuf

extension AnswersFuzz {
    static var seeds: [[UInt8]] {
        get throws {
            let status = try Rpc_Status.with {
                $0.code = 8
                $0.message = "slow down"
                $0.details = [
                    try Google_Protobuf_Any.with {
                        $0.typeURL = "type.googleapis.com/google.rpc.RetryInfo"
                        $0.value = try Rpc_RetryInfo.with { $0.retryDelay.seconds = 3 }.serializedBytes()
                    }
                ]
            }
            let partial = Otlp_ExportTraceServiceResponse.with {
                $0.partialSuccess.rejectedSpans = 2
                $0.partialSuccess.errorMessage = "no room"
            }
            let json = "Content-Type: application/json\r\n\r\n"
            let protobuf = "Content-Type: application/x-protobuf\r\n\r\n"
            let xml = "Content-Type: application/xml\r\n\r\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            return texts.map { Array($0.utf8) }
                + [
                    Array("HTTP/1.1 503 x\r\n\(protobuf)".utf8) + (try status.serializedBytes() as [UInt8]),
                    Array("HTTP/1.1 503 x\r\n\(json)\(statusJSON)".utf8),
                    Array("HTTP/1.1 200 OK\r\n\(protobuf)".utf8) + (try partial.serializedBytes() as [UInt8]),
                    Array("HTTP/1.1 200 OK\r\n\(json)\(try partial.jsonString())".utf8),
                ] + documents.map { Array("HTTP/1.1 \($0)\r\n\(xml)\($1)".utf8) }
        }
    }

    private static let statusJSON = """
        {"code":8,"message":"slow down","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo",\
        "retryDelay":"3.5s"}]}
        """

    private static let texts = [
        """
        HTTP/1.1 100 Continue\r
        \r
        HTTP/1.1 201 Created\r
        Location: /archive/../b/./c.wav?token=1#x\r
        ETag: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"\r
        Repr-Digest: sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:\r
        Digest: SHA-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\r
        Content-Length: 2\r
        \r
        ok
        """,
        "HTTP/1.1 503 Busy\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\n"
            + "Retry-After: Mon, 21 Sep 2026 14:14:20 GMT\r\n\r\nlater\u{1B}[2J",
        "HTTP/1.1 429 Too Many\r\nRetry-After: 120.5\r\nContent-Type: text/plain\r\n\r\n",
        "HTTP/1.1 307 Moved\r\nLocation: //other.example/in\r\nx-amz-bucket-region: eu-west-1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\u{FEFF}<html>log in</html>",
        "HTTP/1.1 200 OK\r\nETag: \"5d41402abc4b2a76b9719d911017c592-2\"\r\nContent-Length: 288044\r\n"
            + "x-amz-checksum-sha256: ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\r\n"
            + "x-amz-meta-sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\r\n\r\n",
        "HTTP/1.1 401 No\r\n\r\n{\"msg\":\"data recording is disabled by owner\"}",
    ]

    private static let documents = [
        ("200 OK", "<InitiateMultipartUploadResult><UploadId>a&amp;b&#x2F;</UploadId></InitiateMultipartUploadResult>"),
        (
            "200 OK",
            "<L:List xmlns:L='x'><Upload><Key>in/a</Key><UploadId><![CDATA[1]]></UploadId></Upload><!-- x --></L:List>"
        ),
        ("403 Forbidden", "<Error><Code>SignatureDoesNotMatch</Code><Message>no &lt;&#10;&gt;</Message></Error>"),
        ("400 Bad", "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"),
        ("200 OK", "<Error><Code>InternalError</Code></Error>"),
    ]
}
