import FoundationEssentials
import RecorderIO

/// The bearer token of an upload: a JSON Web Token signed with the API secret (RFC 7519, HS256).
struct LiveKitToken {
    let text: String
    /// When it may be used, in seconds since 1970, by the server's clock.
    let validity: ClosedRange<Int64>

    /// How far a server may let the clocks be apart.
    private static let leeway: Int64 = 60

    init(for project: LiveKitProject, at now: Int64) throws {
        validity = now...now + 6 * 3600
        let claims = Claims(issuer: project.apiKey, notBefore: validity.lowerBound, expiration: validity.upperBound)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let start = Self.base64URL(try encoder.encode(Header())) + "." + Self.base64URL(try encoder.encode(claims))
        let code = try HMACSHA256.code(for: Array(start.utf8), key: Array(project.apiSecret.utf8))
        text = start + "." + Self.base64URL(Data(code))
    }

    /// Whether a server whose clock says `date` must take it for premature or expired.
    func isOutOfTime(at date: Int64) -> Bool {
        date < validity.lowerBound - Self.leeway || date > validity.upperBound + Self.leeway
    }

    private struct Header: Encodable {
        var alg = "HS256"
        var typ = "JWT"
    }

    private struct Claims: Encodable {
        struct Grants: Encodable { var write = true }

        var issuer: String
        var subject = ""
        var notBefore: Int64
        var expiration: Int64
        var observability = Grants()

        enum CodingKeys: String, CodingKey {
            case issuer = "iss"
            case subject = "sub"
            case notBefore = "nbf"
            case expiration = "exp"
            case observability
        }
    }

    private static func base64URL(_ data: Data) -> String {
        let text = data.base64EncodedString().prefix { $0 != "=" }
        return String(text.replacing("+", with: "-").replacing("/", with: "_"))
    }
}
