public import HTTP
public import Logging

/// Where and how spans are sent by ``OTLPHTTPExporter``.
public struct OTLPHTTPOptions: Hashable, Sendable {
    /// All of it, such as `http://localhost:4318/v1/traces`.
    public var url: HTTPURL
    public var encoding = OTLPEncoding.protobuf
    /// By gzip.
    public var isCompressed = false
    /// Sent with each request; secrets, so they do not go along to another origin that a redirect leads to.
    public var headers: [HTTPRequest.Header] = []
    /// For one export, repeats and the waits between them included.
    public var timeout = Duration.seconds(10)
    public var tls = TLSFiles()

    public init(url: HTTPURL) {
        self.url = url
    }

    /// What the `OTEL_EXPORTER_OTLP_*` variables set; nil where they name no endpoint, or none that is valid.
    ///
    /// The variable with `TRACES_` in its name counts before the one without. What is not valid is warned of and ignored;
    /// values that may hold secrets are not logged.
    /// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    public init?(environment: [String: String], logger: Logger) {
        let variables = EnvironmentVariables(environment, logger: logger)
        guard let url = Self.url(variables) else { return nil }
        func names(_ option: String) -> [String] {
            ["OTEL_EXPORTER_OTLP_TRACES_\(option)", "OTEL_EXPORTER_OTLP_\(option)"]
        }
        func path(_ option: String) -> String? { variables.value(of: names(option)) { $1 } }
        self.init(url: url)
        encoding = variables.value(of: names("PROTOCOL")) { Self.encoding($0, $1, variables) } ?? encoding
        isCompressed = variables.choice(names("COMPRESSION"), among: ["gzip": true, "none": false]) ?? isCompressed
        headers = variables.value(of: names("HEADERS")) { Self.headers($0, $1, variables) } ?? headers
        timeout = variables.timeout(names("TIMEOUT")) ?? timeout
        tls = TLSFiles(
            authoritiesPath: path("CERTIFICATE"),
            certificatePath: path("CLIENT_CERTIFICATE"),
            keyPath: path("CLIENT_KEY")
        )
    }

    private static func url(_ variables: EnvironmentVariables) -> HTTPURL? {
        let own = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
        return variables.value(of: [own, "OTEL_EXPORTER_OTLP_ENDPOINT"]) { name, text in
            do throws(HTTPURL.Flaw) {
                let url = try HTTPURL(text)
                if name == own { return url }
                let base = "\(url.scheme)://\(url.authority)\(url.path)"
                return try HTTPURL("\(base)\(base.hasSuffix("/") ? "" : "/")v1/traces")
            } catch {
                // It may hold a password.
                variables.ignore(name, error.fix, isSecret: true)
                return nil
            }
        }
    }

    private static func encoding(_ name: String, _ text: String, _ variables: EnvironmentVariables) -> OTLPEncoding? {
        switch text.lowercased() {
        case "http/protobuf": return .protobuf
        case "http/json": return .json
        case "grpc":
            let fix = "spans go out as http/protobuf, so name the collector's HTTP port (4318) in the endpoint"
            variables.ignore(name, fix)
            return .protobuf
        default:
            variables.ignore(name, "use http/protobuf or http/json")
            return nil
        }
    }

    private static func headers(
        _ name: String,
        _ text: String,
        _ variables: EnvironmentVariables
    ) -> [HTTPRequest.Header]? {
        let pairs = KeyValueList.pairs(of: text) ?? []
        let isValid = pairs.allSatisfy { pair in
            Token.isToken(pair.key) && !pair.value.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        guard isValid, !pairs.isEmpty else {
            variables.ignore(name, "write it as key=value,key=value, percent-encoded", isSecret: true)
            return nil
        }
        return pairs.map { HTTPRequest.Header($0.key, $0.value, isSecret: true) }
    }
}

extension HTTPURL.Flaw {
    /// To follow what is ignored for it.
    fileprivate var fix: String {
        switch self {
        case .scheme: "it should begin with http:// or https://, as in http://localhost:4318"
        case .host: "it should name a host, as in http://localhost:4318"
        case .credentials: "put user and password into OTEL_EXPORTER_OTLP_HEADERS, as Authorization=Basic%20..."
        case .character(let character): "percent-encode the character \"\(character)\" in it"
        }
    }
}
