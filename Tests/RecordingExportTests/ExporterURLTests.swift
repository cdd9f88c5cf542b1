import RecordingExport
import Testing

@Suite struct ExporterURLTests {
    // EXP-8
    @Test(arguments: [
        ("dir:/srv/out", ExporterURL.directory(path: "/srv/out", returnsPath: false)),
        ("dir:/srv/out/?reference=path", .directory(path: "/srv/out", returnsPath: true)),
        ("dir:///srv/out", .directory(path: "/srv/out", returnsPath: false)),
        ("DIR:out", .directory(path: "/here/out", returnsPath: false)),
        ("dir:/my%20out%3F%25", .directory(path: "/my out?%", returnsPath: false)),
        ("dir:/", .directory(path: "/", returnsPath: false)),
        ("exec:/bin/up load", .command(path: "/bin/up load")),
        ("exec:./upload", .command(path: "/here/./upload")),
    ])
    func `A URL becomes an exporter`(text: String, expected: ExporterURL) throws {
        #expect(try ExporterURL(text, relativeTo: "/here") == expected)
    }

    // EXP-8
    @Test(arguments: [
        (
            "ftp:/x",
            "ftp: is no exporter: use dir:/path, https://host/path/, s3://bucket/prefix/ or exec:/path/to/program"
        ),
        ("/srv/out", "it has no scheme: write dir:/srv/out for a directory, or exec:/srv/out for a program"),
        ("dir:", "it has no path: add one, such as dir:/path"),
        ("dir:~/out", "~ is not expanded after a colon: use $HOME, or write the path out"),
        ("dir://host/out", "it names a host: use one slash, or three"),
        ("dir:/out?reference=url", "its only option is ?reference=path: use that, or none"),
        ("exec:/x?a=b", "exec: takes no options: remove what follows the ?, or write %3F for a ? in the path"),
        ("dir:/x%2", "it has a % that no two hexadecimal digits of UTF-8 follow: write %25 for a % in the path"),
    ])
    func `A URL that is none is refused with a sentence that names the fix`(text: String, expected: String) {
        let error = #expect(throws: RecordingExportError.self) { try ExporterURL(text, relativeTo: "/here") }
        #expect(error?.description == "cannot export to \(text): \(expected)")
        #expect(error?.kind == .configuration)
    }

    // EXP-8
    @Test func `An HTTP URL has its options after the #`() throws {
        let text = "https://host/{yyyy}/?a=b#method=post&header-file=my%20headers&max-bytes=1000&timeout=90"
        let expected = try HTTPTarget(
            "https://host/{yyyy}/?a=b",
            method: .post,
            headerFile: "/here/my headers",
            greatestByteCount: 1000,
            timeLimit: .seconds(90)
        )
        let url = try ExporterURL(text, relativeTo: "/here")
        #expect(url == .http(expected))
        #expect(url.makeExporter(statePath: "/state").timeLimit == .seconds(90))
        let plain = try ExporterURL("http://host", relativeTo: "/here")
        #expect(plain == .http(try HTTPTarget("http://host")))
        #expect(plain.makeExporter(statePath: "/state").timeLimit == .seconds(30))
    }

    // EXP-8, SPAN-6
    @Test(arguments: [
        (
            "https://user:secret@host/x?key=secret",
            "https://host/x: it has a user or a password in it: put \"Authorization: ...\" into a file and add "
                + "#header-file=FILE, or set TAPELINE_HTTP_AUTHORIZATION"
        ),
        ("http:/host/x", "http:/host/x: it is no http or https URL: write https://host/path/"),
        ("http:///x", "http:///x: it names no host: write https://host/path/"),
        ("http://host/a b", "http://host/a b: \" \" may not be in a URL: write %20 for it"),
        (
            "http://host/{id}",
            "http://host/{id}: {id} is no placeholder: use {recording_id}, {session_id}, {ext}, {host}, {yyyy}, {mm}, {dd}"
        ), ("http://host/#method=GET", "http://host/: method is PUT or POST: use one of them"),
        (
            "http://host/#token=secret",
            "http://host/: an option after the # is unknown: use method, header-file, max-bytes and timeout, "
                + "as NAME=VALUE joined by &"
        ),
        ("http://host/#header-file=", "http://host/: header-file names no file: add its path, with %25 for a % in it"),
        ("http://host/#max-bytes=1k", "http://host/: max-bytes is a number of bytes above 0: write it in digits"),
        (
            "http://host/#timeout=0",
            "http://host/: timeout is a number of seconds above 0, at most a day: write it in digits"
        ),
    ])
    func `An HTTP URL that is none is refused without its secrets`(text: String, expected: String) {
        let error = #expect(throws: RecordingExportError.self) { try ExporterURL(text, relativeTo: "/here") }
        #expect(error?.description == "cannot export to \(expected)")
        #expect(error?.kind == .configuration)
    }

    // DUR-1: another process reads it in another folder.
    @Test(arguments: [
        ("dir:out", "dir:/here/out"), ("dir:my%20out%3F?reference=path", "dir:/here/my%20out%3F?reference=path"),
        ("exec:./deliver", "exec:/here/./deliver"), ("dir:////two", "dir:////two"),
        ("https://host/{yyyy}/?a=%20b", "https://host/{yyyy}/?a=%20b"),
        (
            "http://host/a%23b#method=post&header-file=my%26headers&max-bytes=1000&timeout=1.5",
            "http://host/a%23b#method=POST&header-file=/here/my%26headers&max-bytes=1000&timeout=1.5"
        ), ("http://host/#timeout=1e-9", "http://host/#timeout=0.001"),
        ("http://host/#timeout=1.2344", "http://host/#timeout=1.234"),
        ("s3://bucket", "s3://bucket/{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}"),
        (
            "s3://bucket/a%20b/?endpoint=http://h:9000/x&region=r&presign=60&part-size=6000000&storage-class=A&timeout=90",
            "s3://bucket/a%20b/{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}?endpoint=http://h:9000/x&region=r&presign=60"
                + "&part-size=6000000&storage-class=A&timeout=90"
        ),
    ]) func `A URL is written out so that it reads the same in any folder`(given: String, expected: String) throws {
        let url = try ExporterURL(given, relativeTo: "/here")
        #expect(url.text == expected)
        #expect(try ExporterURL(url.text, relativeTo: "/elsewhere") == url)
        #expect(url.makeExporter(statePath: "/state").destination == expected)
    }

    // SPAN-6
    @Test func `The query of an HTTP URL is not shown`() {
        #expect(ExporterURL.shown("https://host/a?key=secret#timeout=3") == "https://host/a?…#timeout=3")
        #expect(ExporterURL.shown("https://host/a#timeout=3") == "https://host/a#timeout=3")
        #expect(ExporterURL.shown("s3://bucket/a?endpoint=http://h") == "s3://bucket/a?endpoint=http://h")
    }

    @Test func `It makes the exporter that it names`() throws {
        let directory = try ExporterURL("dir:/srv?reference=path", relativeTo: "/").makeExporter(statePath: "/state")
        #expect((directory as? DirectoryExporter)?.directoryPath == "/srv")
        #expect((directory as? DirectoryExporter)?.returnsPath == true)
        let command = try ExporterURL("exec:/bin/true", relativeTo: "/").makeExporter(statePath: "/state")
        #expect((command as? CommandExporter)?.programPath == "/bin/true")
        #expect(command.timeLimit == .seconds(30))
    }
}
