internal import FoundationEssentials
public import Logging
internal import RecorderIO

/// What processes that died have left open, oldest first: nobody else deals with it until it is let go of.
public final class AbandonedRecordings: Sendable {
    public let recordings: [OpenRecording]
    private let database: StateDatabase
    private let owners: [Owner]

    /// A dead process whose lock is held.
    private final class Owner: Sendable {
        let id: String
        let lock: LockFile

        init?(_ id: String, in folder: String) throws(RecorderError) {
            guard let lock = try LockFile(unlocked: "\(folder)/\(id)") else { return nil }
            self.id = id
            self.lock = lock
        }
    }

    /// - Parameter directories: below each of these, recordings that the journal does not know are looked for, too. They get
    ///   a new session.
    public init(in database: StateDatabase, below directories: [String], logger: Logger) throws(StoreError) {
        self.database = database
        var owners: [Owner] = []
        var recordings: [OpenRecording] = []
        do throws(RecorderError) {
            let left = try Self.names(in: database.ownersPath)
            for id in Set(left).union(try Self.owners(database)).sorted() {
                if let owner = try Owner(id, in: database.ownersPath) { owners.append(owner) }
            }
        } catch {
            throw StoreError(path: database.ownersPath, reason: error.description)
        }
        for owner in owners { recordings += try database.recordings(of: owner.id) }
        for directory in directories {
            for orphan in Self.orphans(below: directory, logger) where try database.adopt(orphan) {
                logger.warning(
                    "\(orphan.filePath ?? "").part is in no journal: it is recovered as a session of its own"
                )
                recordings.append(orphan)
            }
        }
        self.owners = owners
        self.recordings = recordings.sorted { $0.startedAt < $1.startedAt }
    }

    /// Lets other processes look after what is still open.
    public func letGo() {
        for owner in owners {
            do throws(StoreError) {
                if try database.isFree(of: owner.id) { owner.lock.remove() }
            } catch {
                // Its name stays for the next one to look at.
            }
        }
    }

    private static func owners(_ database: StateDatabase) throws(RecorderError) -> [String] {
        do throws(StoreError) { return try database.owners() } catch { throw .encoder(reason: error.reason) }
    }

    private static func names(in folder: String) throws(RecorderError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .file(path: folder, call: "readdir", code: 0)
        }
    }

    /// Unfinished files that no living process writes.
    private static func orphans(below directory: String, _ logger: Logger) -> [OpenRecording] {
        let folder = directory + "/recordings"
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        do throws(RecorderError) {
            var orphans: [OpenRecording] = []
            for name in try names(in: folder) {
                guard let place = RecordingPlace.parts(ofFolder: name) else { continue }
                orphans += try segments(in: "\(folder)/\(name)", place)
                for container in Container.allCases {
                    let path = "\(folder)/\(name)/recording.\(container.fileExtension)"
                    guard FileManager.default.fileExists(atPath: path + ".part"),
                        try PartFile.isLeftBehind(at: path + ".part")
                    else { continue }
                    orphans.append(
                        OpenRecording(
                            recordingID: place.recordingID,
                            sessionID: UUID().uuidString.lowercased(),
                            startedAt: place.startedAt,
                            filePath: path,
                            container: container,
                            version: ""
                        )
                    )
                }
            }
            return orphans
        } catch {
            logger.error("\(folder) could not be looked through for unfinished recordings: \(error)")
            return []
        }
    }

    /// A recording in segments, where one of these is unfinished and no living process writes it.
    private static func segments(
        in folder: String,
        _ place: (recordingID: String, startedAt: Double)
    ) throws(RecorderError) -> [OpenRecording] {
        guard FileManager.default.fileExists(atPath: folder + "/manifest.json") else { return [] }
        let sessionID = UUID().uuidString.lowercased()
        var orphans: [OpenRecording] = []
        for name in try names(in: folder).sorted() where name.hasSuffix(".part") {
            let file = name.dropLast(".part".count)
            let ending = file.split(separator: ".").last.map(String.init)
            guard let container = Container.allCases.first(where: { $0.fileExtension == ending }),
                try PartFile.isLeftBehind(at: "\(folder)/\(name)")
            else { continue }
            var open = OpenRecording(
                recordingID: UUID().uuidString.lowercased(),
                sessionID: sessionID,
                startedAt: place.startedAt,
                filePath: "\(folder)/\(file)",
                container: container,
                version: ""
            )
            if orphans.isEmpty {
                var whole = open
                whole.recordingID = place.recordingID
                whole.filePath = folder + "/manifest.json"
                whole.isManifest = true
                orphans.append(whole)
            }
            open.segment = SegmentPlace(of: place.recordingID, firstFrame: nil)
            orphans.append(open)
        }
        return orphans
    }
}
