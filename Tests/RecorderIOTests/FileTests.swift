import Testing

@testable import RecorderIO

@Suite struct FileTests {
    // REC-7
    @Test func `A file has its final name only when it is whole`() throws {
        let workspace = try Workspace()
        let file = try PartFile(finalPath: "\(workspace.path)/a", replacing: false)
        #expect(workspace.names == ["a.part"])
        try file.write([1, 2, 3], at: 0)
        try file.write([9], at: 1)
        try file.syncData()
        #expect(workspace.names == ["a.part"])
        try file.finalize(replacing: false)
        #expect(workspace.names == ["a"])
        #expect(try workspace.bytes("a") == [1, 9, 3])
    }

    // REC-7
    @Test(arguments: ["a", "a.part"])
    func `A file of either name is refused and not touched`(name: String) throws {
        let workspace = try Workspace()
        try workspace.write("mine", name)
        let path = "\(workspace.path)/\(name)"
        #expect(throws: name == "a" ? RecorderError.exists(path: path) : .unfinishedExists(path: path)) {
            _ = try PartFile(finalPath: "\(workspace.path)/a", replacing: false).finalPath
        }
        #expect(workspace.names == [name])
        #expect(try workspace.bytes(name) == Array("mine".utf8))
    }

    // REC-7
    @Test func `A name that is taken meanwhile is not replaced, unless told to`() throws {
        let workspace = try Workspace()
        let file = try PartFile(finalPath: "\(workspace.path)/a", replacing: false)
        try workspace.write("mine", "a")
        #expect(throws: RecorderError.exists(path: "\(workspace.path)/a")) { try file.finalize(replacing: false) }
        #expect(try workspace.bytes("a") == Array("mine".utf8))
        #expect(workspace.names == ["a", "a.part"])
        try file.finalize(replacing: true)
        #expect(try workspace.bytes("a") == [])
        #expect(workspace.names == ["a"])
    }

    // REC-8
    @Test func `Missing folders are made`() throws {
        let workspace = try Workspace()
        try DurableFile.write("x", to: "\(workspace.path)/b/c/d/report.json", replacing: false)
        #expect(workspace.names == ["b", "b/c", "b/c/d", "b/c/d/report.json"])
        try Folder.make("\(workspace.path)/b/c")
        try Folder.make("\(workspace.path)/b/e/")
        #expect(workspace.names.contains("b/e"))
    }

    @Test func `A file in the way of a folder is named`() throws {
        let workspace = try Workspace()
        try workspace.write("mine", "b")
        let path = "\(workspace.path)/b"
        let error = #expect(throws: RecorderError.self) { try Folder.make(path) }
        #expect(
            error?.description
                == "mkdir of \(path) failed (Not a directory): make the folder, or choose another --directory"
        )
        #expect(throws: RecorderError.self) { try Folder.make("\(path)/c") }
        #expect(workspace.names == ["b"])
    }

    @Test func `A folder is all before the last slash`() {
        #expect(Folder.parent(of: "/a/b.wav") == "/a")
        #expect(Folder.parent(of: "/b.wav") == "/")
        #expect(Folder.parent(of: "b.wav") == ".")
    }

    // REC-7
    @Test func `A small file is written whole, and refused where one is`() throws {
        let workspace = try Workspace()
        let path = "\(workspace.path)/report.json"
        try DurableFile.write("one", to: path, replacing: false)
        #expect(throws: RecorderError.exists(path: path)) {
            try DurableFile.write("two", to: path, replacing: false)
        }
        #expect(try workspace.bytes("report.json") == Array("one".utf8))
        try DurableFile.write("three", to: path, replacing: true)
        #expect(try workspace.bytes("report.json") == Array("three".utf8))
        #expect(workspace.names == ["report.json"])
    }
}
