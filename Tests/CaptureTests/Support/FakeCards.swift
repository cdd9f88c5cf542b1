import Foundation
import TestSupport

@testable import Capture

/// A folder like the kernel's `/sys/class/sound`: links to cards that lie deep in a tree of buses.
struct FakeCards {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: classFolder, withIntermediateDirectories: true)
    }

    private var classFolder: String { folder.path + "/class/sound" }

    var cards: SoundCards { SoundCards(folder: classFolder) }

    /// Plugs a USB microphone into a port, `1-1.4`.
    func plug(
        _ number: Int,
        _ id: String,
        port: String,
        model: (vendorID: String, productID: String) = ("0d8c", "0014"),
        serial: String? = nil
    ) throws {
        let device = "devices/usb\(port.prefix { $0 != "-" })/\(port)"
        try add(number, id, on: "\(device)/\(port):1.0")
        try write(model.vendorID, to: "\(device)/idVendor")
        try write(model.productID, to: "\(device)/idProduct")
        if let serial { try write(serial, to: "\(device)/serial") }
    }

    /// A card that is not on USB.
    func add(_ number: Int, _ id: String, on bus: String = "devices/pci0000:00/0000:00:1b.0") throws {
        let card = "\(bus)/sound/card\(number)"
        try FileManager.default.createDirectory(atPath: "\(folder.path)/\(card)", withIntermediateDirectories: true)
        try write(id, to: "\(card)/id")
        try link("../../../\(bus.split(separator: "/").last ?? "")", at: "\(card)/device")
        try link("../../\(card)", at: "class/sound/card\(number)")
    }

    func unplug(_ number: Int) throws {
        let card = "\(classFolder)/card\(number)"
        let target = try FileManager.default.destinationOfSymbolicLink(atPath: card)
        try FileManager.default.removeItem(atPath: "\(classFolder)/\(target)")
        try FileManager.default.removeItem(atPath: card)
    }

    private func write(_ text: String, to path: String) throws {
        try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(path)"))
    }

    private func link(_ target: String, at path: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/\(path)",
            withDestinationPath: target
        )
    }
}
