import HTTP
import RecordingExport
import Testing

@Suite struct S3SignatureTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private let credentials = S3Credentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: Self.secret)
    /// 2013-05-24, the day of the examples in S3's documentation.
    private static let day = 1_369_353_600.0

    private func signed(
        _ method: String,
        _ url: String,
        _ headers: [HTTPRequest.Header] = [],
        payloadSHA256: String = S3Signature.emptySHA256,
        token: String? = nil
    ) throws -> HTTPRequest {
        var credentials = credentials
        credentials.sessionToken = token
        let request = HTTPRequest(method: method, url: try HTTPURL(url), headers: headers)
        return try S3Signature(credentials, region: "us-east-1", time: Self.day + 0.9)
            .signed(request, payloadSHA256: payloadSHA256)
    }

    private func value(_ name: String, in request: HTTPRequest) -> String? {
        request.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
    /// Chunk": GET Object, PUT Object, GET Bucket Lifecycle, Get Bucket (List Objects).
    // EXP-8
    @Test(arguments: [
        (
            "GET", "/test.txt", [HTTPRequest.Header("Range", "bytes=0-9")], S3Signature.emptySHA256,
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        (
            "PUT", "/test%24file.text",
            [.init("Date", "Fri, 24 May 2013 00:00:00 GMT"), .init("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        (
            "GET", "/?lifecycle", [], S3Signature.emptySHA256, "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        (
            "GET", "/?prefix=J&max-keys=2", [], S3Signature.emptySHA256, "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ])
    func `S3's own examples have the signatures that its documentation gives`(
        method: String,
        target: String,
        headers: [HTTPRequest.Header],
        payloadSHA256: String,
        names: String,
        signature: String
    ) throws {
        let url = "https://examplebucket.s3.amazonaws.com\(target)"
        let request = try signed(method, url, headers, payloadSHA256: payloadSHA256)
        #expect(
            value("Authorization", in: request)
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=\(names), Signature=\(signature)"
        )
        #expect(value("x-amz-date", in: request) == "20130524T000000Z")
        #expect(value("x-amz-content-sha256", in: request) == payloadSHA256)
        // To another host that a redirect leads to it does not go along.
        #expect(request.headers.first { $0.name == "Authorization" }?.isSecret == true)
    }

    /// By botocore 1.44: keys with special characters, values that need encoding, a session token.
    // EXP-8
    @Test(arguments: [
        (
            "HEAD", "http://127.0.0.1:9000/bucket/a%20b/%C3%A9%2B%28%29%2A%27%21%3D%26~_-./c%25%3A%40", nil,
            "b693d47c5a47323b9ae9958203d312ba20ff098fe37e1fb1a348a4c6faa502e7"
        ),
        (
            "PUT", "http://127.0.0.1:9000/bucket/k?partNumber=2&uploadId=a%2Fb%2Bc%3D%3D", nil,
            "a8eb7e87175438c3762a20176a9eeede5a13b149c36948e1f1d9066d38323a57"
        ),
        (
            "DELETE", "https://examplebucket.s3.amazonaws.com:443/k?uploadId=x", "TOKEN/with+signs==",
            "f15000cde8dc66b619e9ff25a56911bc0b5a0514359d052596b9c097b6b1a36d"
        ),
    ])
    func `Special characters and tokens are signed as another implementation signs them`(
        method: String,
        url: String,
        token: String?,
        signature: String
    ) throws {
        let request = try signed(method, url, token: token)
        #expect(value("Authorization", in: request)?.hasSuffix("Signature=\(signature)") == true)
        #expect(value("x-amz-security-token", in: request) == token)
    }

    /// Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", and the same by botocore with a token.
    // EXP-8, SPAN-6
    @Test(arguments: [
        (
            "test.txt", 86400, nil, "",
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        ),
        (
            "a%20b.wav", 600, "TOKEN/with+signs==", "&X-Amz-Security-Token=TOKEN%2Fwith%2Bsigns%3D%3D",
            "f7a00b0e8f18b2098a63056ce89e546f188e5c7b9aa09504495a7308250181ac"
        ),
    ])
    func `A presigned URL is the one that the documentation gives`(
        key: String,
        seconds: Int,
        token: String?,
        tokenQuery: String,
        signature: String
    ) throws {
        var credentials = credentials
        credentials.sessionToken = token
        let url = "https://examplebucket.s3.amazonaws.com/\(key)"
        let presigned = try S3Signature(credentials, region: "us-east-1", time: Self.day)
            .presigned(try HTTPURL(url), for: .seconds(seconds))
        #expect(
            presigned.description == "\(url)?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=\(seconds)&X-Amz-SignedHeaders=host\(tokenQuery)"
                + "&X-Amz-Signature=\(signature)"
        )
    }

    /// AWS's Signature Version 4 test suite: what of it holds for S3, which does not normalize paths.
    // EXP-8
    @Test(arguments: [
        ("get-vanilla", "GET", "/", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("post-vanilla", "POST", "/", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("get-utf8", "GET", "/%E1%88%B4", [], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        (
            "get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", [],
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"
        ),
        (
            "get-space-unnormalized", "GET", "/example%20space/", [],
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"
        ),
        (
            "get-slashes-unnormalized", "GET", "//example//", [],
            "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"
        ),
        (
            "get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", [],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        (
            "get-vanilla-query-order-encoded", "GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", [],
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"
        ),
        (
            "get-vanilla-utf8-query", "GET", "/?%E1%88%B4=bar", [],
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        ),
        (
            "get-header-value-trim", "GET", "/",
            [HTTPRequest.Header("My-Header1", " value1"), .init("My-Header2", " \"a   b   c\"")],
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        (
            "post-header-value-case", "POST", "/", [.init("My-Header1", "VALUE1")],
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        ),
    ])
    func `The general test suite's signatures are these`(
        name: String,
        method: String,
        target: String,
        headers: [HTTPRequest.Header],
        signature: String
    ) throws {
        let credentials = S3Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        )
        let request = HTTPRequest(
            method: method,
            url: try HTTPURL("https://example.amazonaws.com\(target)"),
            headers: headers + [.init("X-Amz-Date", "20150830T123600Z")]
        )
        let authorization = try S3Signature(credentials, region: "us-east-1", service: "service", time: 1_440_938_160)
            .authorization(of: request, payloadSHA256: S3Signature.emptySHA256)
        #expect(authorization.hasSuffix("Signature=\(signature)"), "\(name)")
        #expect(authorization.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "))
    }
}
