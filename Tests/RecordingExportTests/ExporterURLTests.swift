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
        ("https://host/x", "https: is not supported in this version: use dir:/path or exec:/path/to/program"),
        ("s3://bucket/x", "s3: is not supported in this version: use dir:/path or exec:/path/to/program"),
        ("http://host/x", "http: is not supported in this version: use dir:/path or exec:/path/to/program"),
        ("ftp:/x", "ftp: is no exporter: use dir:/path or exec:/path/to/program"),
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

    @Test func `It makes the exporter that it names`() throws {
        let directory = try ExporterURL("dir:/srv?reference=path", relativeTo: "/").makeExporter()
        #expect((directory as? DirectoryExporter)?.directoryPath == "/srv")
        #expect((directory as? DirectoryExporter)?.returnsPath == true)
        let command = try ExporterURL("exec:/bin/true", relativeTo: "/").makeExporter()
        #expect((command as? CommandExporter)?.programPath == "/bin/true")
        #expect(command.timeLimit == .seconds(30))
    }
}
