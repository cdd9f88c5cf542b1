import Foundation
import RecordingExport
import Testing

@Suite struct S3CredentialsTests {
    private let folder: Workspace

    init() throws { folder = try Workspace() }

    private func write(_ text: String, _ name: String) throws {
        let path = URL(fileURLWithPath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(
            at: path.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: path)
    }

    private func found(_ environment: [String: String]) throws -> S3Credentials {
        try S3Credentials.find(in: environment)
    }

    // EXP-8
    @Test func `Each place is looked at in turn`() throws {
        try write("[default]\naws_access_key_id = home\naws_secret_access_key = s\n", ".aws/credentials")
        var environment = ["HOME": folder.path, "CREDENTIALS_DIRECTORY": "\(folder.path)/service"]
        #expect(try found(environment) == S3Credentials(accessKeyID: "home", secretAccessKey: "s"))
        try write("[default]\r\naws_access_key_id=service\r\nAWS_SECRET_ACCESS_KEY=s\r\n", "service/aws-credentials")
        #expect(try found(environment).accessKeyID == "service")
        try write(
            """
            # a comment = with a sign
            [ default ]
            aws_access_key_id = shared
            aws_secret_access_key = a=b/+
            ; another
            [other]
            aws_access_key_id = other
            aws_secret_access_key = o
            aws_session_token = token==
            region = eu-west-1
            [third]
            aws_access_key_id = third
            """,
            "shared"
        )
        environment["AWS_SHARED_CREDENTIALS_FILE"] = "\(folder.path)/shared"
        #expect(try found(environment) == S3Credentials(accessKeyID: "shared", secretAccessKey: "a=b/+"))
        environment["AWS_PROFILE"] = "other"
        #expect(
            try found(environment)
                == S3Credentials(accessKeyID: "other", secretAccessKey: "o", sessionToken: "token==")
        )
        environment["AWS_ACCESS_KEY_ID"] = "own"
        environment["AWS_SECRET_ACCESS_KEY"] = "s"
        #expect(try found(environment) == S3Credentials(accessKeyID: "own", secretAccessKey: "s"))
        environment["AWS_SESSION_TOKEN"] = "t"
        #expect(try found(environment).sessionToken == "t")
    }

    // EXP-8, EXP-9
    @Test func `What is missing is named with what to do`() throws {
        try write("[default]\naws_access_key_id = a\n", "half")
        let half = "\(folder.path)/half"
        for (environment, sentence) in [
            (
                [:],
                "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to "
                    + "~/.aws/credentials, or to the systemd credential aws-credentials"
            ),
            (
                ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": ""],
                "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: set both, or none"
            ),
            (
                ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "secret\n"],
                "a key or token in the environment holds a space or a control character: remove it"
            ),
            (
                ["AWS_SHARED_CREDENTIALS_FILE": half],
                "[default] in \(half) lacks aws_access_key_id or aws_secret_access_key: add both lines to it, or name "
                    + "another section with AWS_PROFILE"
            ),
            (
                ["AWS_SHARED_CREDENTIALS_FILE": "/no/file"],
                "of the credentials file /no/file: it cannot be read (open: No such file or directory): check that this "
                    + "user may read it"
            ),
        ] {
            let error = #expect(throws: RecordingExportError.self) { try found(environment) }
            #expect(error?.description == "cannot sign requests to the S3 server: \(sentence)")
            #expect(error?.spanDescription == "the S3 exporter has no usable credentials")
            #expect(error?.kind == .configuration)
        }
    }
}
