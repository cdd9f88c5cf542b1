import Foundation
import Testing

/// What lies where.
@Suite struct LayoutTests {
    private static let topLevel: Set<String> = [
        ".ci", ".gitignore", ".swift-format", "Benchmarks", "CHANGELOG.md", "Fixtures", "LICENSE", "Makefile",
        "Package.swift", "README.md", "Sources", "Tests",
    ]

    @Test func `The top level has what it should have, and nothing that a build made is tracked`() throws {
        let files = try Repository.trackedFiles()
        #expect(Set(files.map { String($0.prefix { $0 != "/" }) }).subtracting(Self.topLevel) == [])
        for file in files {
            let parts = file.split(separator: "/")
            #expect(!parts.contains { $0.hasPrefix(".build") }, "\(file) was made by a build")
            #expect(parts.last != "Package.resolved", "a library leaves the choice of versions to its user")
        }
    }

    @Test func `Every Swift target obeys the rules`() throws {
        let manifest = try Repository.text(of: "Package.swift")
        let rules = try #require(manifest.firstMatch(of: /let rules: \[SwiftSetting\] = \[([^\]]*)\]/)).1
        for rule in [
            ".swiftLanguageMode(.v6)", ".strictMemorySafety()", ".treatAllWarnings(as: .error)", "ExistentialAny",
            "InternalImportsByDefault", "MemberImportVisibility", "InferIsolatedConformances",
            "NonisolatedNonsendingByDefault",
        ] {
            #expect(rules.contains(rule), "the rules lack \(rule)")
        }

        var names: Set<String> = []
        for target in Self.targets(in: manifest) {
            names.insert(target.name)
            let files = try Repository.swiftFiles(in: target.folder)
            let obeys = target.text.contains("swiftSettings: rules")
            #expect(files.isEmpty || obeys, "\(target.name) lacks swiftSettings: rules")
        }
        let folders = Set(try Repository.swiftFiles(in: "Sources").map(\.target))
        #expect(folders.subtracting(names) == [], "folders that no target was read for")
    }

    @Test func `Each folder of tests is named after the target that it tests`() throws {
        let targets = try Repository.names(in: "Sources")
        let others = ["ArchitectureTests", "FuzzTests", "Lab", "Support"]
        for folder in try Repository.names(in: "Tests") where !others.contains(folder) {
            let isTargets = folder.hasSuffix("Tests") && targets.contains(String(folder.dropLast(5)))
            #expect(isTargets, "Tests/\(folder) tests no target")
        }
    }

    /// One entry of the manifest's `targets`, C libraries of the system left out.
    private struct Target {
        var name: String
        var folder: String
        var text: Substring
    }

    private static func targets(in manifest: String) -> [Target] {
        manifest.matches(of: /\.(target|executableTarget|testTarget)\(/).compactMap { match in
            let text = balanced(manifest[match.range.upperBound...])
            guard let name = text.firstMatch(of: /name: "(\w+)"/)?.1 else { return nil }
            let path = text.firstMatch(of: /\bpath: "([^"]+)"/)?.1
            let folder = path.map(String.init) ?? "\(match.1 == "testTarget" ? "Tests" : "Sources")/\(name)"
            return Target(name: String(name), folder: folder, text: text)
        }
    }

    /// The text up to the parenthesis that closes the one right before it.
    private static func balanced(_ text: Substring) -> Substring {
        var depth = 1
        return text.prefix { character in
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            return depth > 0
        }
    }
}
