import HTTP
import RecordingExport
import Testing

@Suite struct S3TargetTests {
    private func target(_ text: String) throws -> S3Target {
        guard case .s3(let target) = try ExporterURL(text, relativeTo: "/here") else { throw CancellationError() }
        return target
    }

    // EXP-8
    @Test(arguments: [
        ("s3://bucket", "{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}"),
        ("s3://bucket/", "{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}"),
        ("s3://bucket/in/", "in/{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}"),
        ("S3://bucket/in/{host}", "in/{host}/{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}"),
        ("s3://bucket/a%20b%25/%7Brecording_id%7D?region=eu-west-1", "a b%/{recording_id}"),
    ])
    func `A prefix gets the standard key behind it, and a key with the recording's id is one`(
        text: String,
        key: String
    ) throws {
        #expect(try target(text).keyTemplate == key)
        #expect(try target(text).bucket == "bucket")
    }

    // EXP-8
    @Test func `Options stand after the question mark`() throws {
        let text =
            "s3://b.c/x?endpoint=https%3A%2F%2Fhost:9000/s3&region=eu-west-1&presign=3600&part-size=5242880"
            + "&storage-class=STANDARD_IA&max-bytes=1000&timeout=90"
        var expected = try S3Target(
            bucket: "b.c",
            key: "x",
            endpoint: try HTTPURL("https://host:9000/s3"),
            region: "eu-west-1"
        )
        expected.presigning = .seconds(3600)
        expected.partByteCount = 5 << 20
        expected.storageClass = "STANDARD_IA"
        expected.greatestByteCount = 1000
        expected.timeLimit = .seconds(90)
        #expect(try target(text) == expected)
        let exporter = try ExporterURL(text, relativeTo: "/here").makeExporter(statePath: "/state")
        #expect(exporter.timeLimit == .seconds(90))
        #expect((exporter as? S3Exporter)?.statePath == "/state")
        #expect(
            try ExporterURL("s3://bucket", relativeTo: "/").makeExporter(statePath: "/").timeLimit == .seconds(3600)
        )
    }

    // EXP-8, SPAN-6
    @Test(arguments: [
        (
            "s3://key:secret@bucket/x",
            "s3://bucket/x: it has a user or a password in it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
        ),
        (
            "s3://bucket/x?endpoint=http://key:secret@host",
            "s3://bucket/x: its endpoint has a user or a password in it: set AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY instead"
        ), ("s3:bucket/x", "s3:///: it names no bucket: write s3://BUCKET/PREFIX/"),
        ("s3://x/y", "s3://x/y: it names no bucket: write s3://BUCKET/PREFIX/"),
        ("s3://bucket/x#y", "s3://bucket/x: it has a #: write %23 for a # in it"),
        (
            "s3://bucket/%2",
            "s3://bucket/%2: it has a % that no two hexadecimal digits of UTF-8 follow: write %25 for a % in it"
        ),
        (
            "s3://bucket/{id}",
            "s3://bucket/{id}: {id} is no placeholder: use {recording_id}, {session_id}, {ext}, {host}, {yyyy}, {mm}, {dd}"
        ),
        (
            "s3://bucket/a//b/",
            "s3://bucket/a//b/{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}: its key has an empty part, or . or .. for one: "
                + "leave that part out"
        ),
        (
            "s3://bucket/a/../{recording_id}",
            "s3://bucket/a/../{recording_id}: its key has an empty part, or . or .. for one: leave that part out"
        ),
        ("s3://bucket/?endpoint=host:9000", "s3://bucket/: its endpoint is no URL: write endpoint=https://HOST:PORT"),
        (
            "s3://bucket/?endpoint=http://h/?a=b",
            "s3://bucket/: its endpoint has a query: write endpoint=https://HOST:PORT"
        ),
        ("s3://bucket/?region=a.b", "s3://bucket/: its region is none: write one such as region=eu-west-1"),
        (
            "s3://bucket/?presign=604801",
            "s3://bucket/: presign is a number of seconds, at most 7 days: write 604800 or less"
        ),
        (
            "s3://bucket/?part-size=5000000",
            "s3://bucket/: part-size is a number of bytes from 5 MiB to 5 GiB: write 8388608 or so"
        ), ("s3://bucket/?storage-class=cold", "s3://bucket/: storage-class is none: write one such as STANDARD_IA"),
        ("s3://bucket/?max-bytes=1k", "s3://bucket/: max-bytes is a number of bytes above 0: write it in digits"),
        (
            "s3://bucket/?timeout=0",
            "s3://bucket/: timeout is a number of seconds above 0, at most a day: write it in digits"
        ),
        (
            "s3://bucket/?secret_key=secret",
            "s3://bucket/: an option after the ? is unknown: use endpoint, region, presign, part-size, storage-class, "
                + "max-bytes and timeout, as NAME=VALUE joined by &"
        ),
        (
            "s3://bucket/?timeout=1&timeout=2",
            "s3://bucket/: an option is there twice, or wrongly encoded: write each of them once"
        ),
    ])
    func `A URL that is none is refused without its secrets`(text: String, expected: String) {
        let error = #expect(throws: RecordingExportError.self) { try ExporterURL(text, relativeTo: "/here") }
        #expect(error?.description == "cannot export to \(expected)")
        #expect(error?.kind == .configuration)
    }
}
