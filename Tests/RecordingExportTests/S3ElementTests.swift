import RecordingExport
import Testing

@Suite struct S3ElementTests {
    private func root(_ text: String) -> S3Element? { S3Element(xml: Array(text.utf8)) }

    // EXP-8
    @Test func `What servers answer is read, whatever its namespaces, entities and white space`() throws {
        let error = try #require(
            root(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <!-- from a proxy -->
                <Error><Code>NoSuchBucket</Code><Message>no &lt;bucket&gt; &amp; &#x41;&#66;&apos;&quot;</Message>
                <Resource/><HostId></HostId></Error>

                """
            )
        )
        #expect(error.name == "Error")
        #expect(error["Code"] == "NoSuchBucket")
        #expect(error["Message"] == "no <bucket> & AB'\"")
        #expect(error["Resource"] == nil)
        #expect(error["HostId"] == nil)
        let upload = try #require(
            root(
                "\u{feff} \n<s3:InitiateMultipartUploadResult xmlns:s3='http://a/' x=\"a>b/\"><s3:Key>a</s3:Key >"
                    + "<UploadId>x<![CDATA[<&]]>y</UploadId></s3:InitiateMultipartUploadResult>"
            )
        )
        #expect(upload.name == "InitiateMultipartUploadResult")
        #expect(upload["Key"] == "a")
        #expect(upload["UploadId"] == "x<&y")
        let list = try #require(
            root("<L><Upload><Key>a</Key></Upload><Upload><Key>b</Key></Upload><Key>c</Key></L>")
        )
        #expect(list.children.filter { $0.name == "Upload" }.map { $0["Key"] } == ["a", "b"])
        #expect(list["Key"] == "c")
    }

    // EXP-6
    @Test(arguments: [
        "", " ", "text", "<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a/>text", "<a>&unknown;</a>",
        "<a>&#xD800;</a>", "<a>&amp</a>", "<a x=\"></a>", "<a <b/></a>", "<!DOCTYPE a><a/>", "<1/>",
        "<a><![CDATA[x</a>",
        "<a><!-- </a>", "<>x</>", "<a:b></b>", "{\"a\": 1}", String(repeating: "<a>", count: 1000),
        String(repeating: "<a>", count: 33) + String(repeating: "</a>", count: 33), "<html><br></html>",
    ])
    func `What is not well-formed is nothing`(text: String) {
        #expect(root(text) == nil)
    }

    // EXP-6
    @Test func `Whatever bytes come, reading them ends`() {
        let seed = Array(
            "<?xml version='1.0'?><R xmlns=\"u\"><!-- c --><U><K>a&lt;&#9;</K><I>1<![CDATA[x]]></I></U><E/></R>".utf8
        )
        let pieces = [
            "<", ">", "/", "&", ";", "\"", "'", "<!--", "-->", "<![CDATA[", "]]>", "</R>", "<?", "\u{0}", "é",
        ]
        var random = SystemRandomNumberGenerator()
        var readCount = 0
        for _ in 0..<5000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: place)
                default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0...8, using: &random)))
                }
            }
            if S3Element(xml: bytes) != nil { readCount += 1 }
        }
        // Some changes leave it well-formed, and most do not.
        #expect((1..<4000).contains(readCount))
    }
}
