internal import FoundationEssentials

/// The sound cards that are present, as sysfs tells. Where there is no sysfs, there is none.
public struct SoundCards: Sendable {
    private let folder: String

    /// - Parameter folder: where sysfs lists the cards.
    public init(folder: String = "/sys/class/sound") {
        self.folder = folder
    }

    /// All of them, by number. A serial that two cards share tells neither from the other, and is left out.
    public func present() -> [SoundCard] {
        var cards = names().compactMap(card)
        let serials = cards.compactMap { $0.identity.usb?.model }
        for index in cards.indices {
            guard let model = cards[index].identity.usb?.model else { continue }
            if serials.count(where: { $0 == model }) > 1 { cards[index].identity.usb?.serial = nil }
        }
        return cards.sorted { $0.number < $1.number }
    }

    /// The card that has a number now.
    public func card(numbered number: Int) -> SoundCard? { present().first { $0.number == number } }

    /// What a PCM is called now, whose card may have another number since it was opened by `name`.
    ///
    /// A name in which no part tells the card (`default`, `pulse`) stays as it is.
    ///
    /// - Throws: where the card is away, also if another one has its number or its name now (CAP-6).
    public func name(_ name: String, on card: SoundCard) throws(CaptureError) -> String {
        guard let part = CardPart(of: name, on: card) else { return name }
        let present = present()
        if let found = present.first(where: { $0.identity.usb?.hasSerial(of: card.identity.usb) == true })
            ?? present.first(where: { $0.identity.isSame(as: card.identity) })
        {
            return part.replaced(by: found.number)
        }
        let isTaken = present.contains { part.designates($0) }
        throw isTaken
            ? .otherDevice(name: name, lost: card.identity.description)
            : .noSuchDevice(name: name, reason: "No such device")
    }

    // MARK: What sysfs has of a card

    private func names() -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder) } catch { return [] }
    }

    private func card(_ name: String) -> SoundCard? {
        guard name.hasPrefix("card"), let number = Int(name.dropFirst(4)) else { return nil }
        guard let id = text("\(name)/id") else { return nil }
        return SoundCard(number: number, identity: CardIdentity(cardID: id, usb: usb(name)))
    }

    /// A card's `device` is an interface, `1-1.4:1.0`, and the folder that holds it is the USB device.
    private func usb(_ name: String) -> CardIdentity.USB? {
        guard let vendorID = text("\(name)/device/../idVendor"),
            let productID = text("\(name)/device/../idProduct"),
            let interface = target("\(name)/device")?.split(separator: "/").last,
            let port = interface.split(separator: ":").first
        else { return nil }
        return CardIdentity.USB(
            vendorID: vendorID,
            productID: productID,
            serial: text("\(name)/device/../serial"),
            port: String(port)
        )
    }

    /// A file's one line; nil where there is none, or an empty one.
    private func text(_ path: String) -> String? {
        do {
            let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
            return text.split(whereSeparator: \.isNewline).first.map(String.init)
        } catch {
            return nil
        }
    }

    private func target(_ path: String) -> String? {
        do { return try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(path)") } catch {
            return nil
        }
    }
}

extension CardIdentity {
    /// True if this is the same device as `lost`, and not only one like it.
    func isSame(as lost: CardIdentity) -> Bool {
        guard let usb, let lostUSB = lost.usb else { return usb == nil && lost.usb == nil && cardID == lost.cardID }
        return usb.hasSerial(of: lostUSB) || usb.isInPlace(of: lostUSB)
    }
}

extension CardIdentity.USB {
    /// What is the same for all devices of a make with one serial; nil without a serial.
    fileprivate var model: [String]? { serial.map { [vendorID, productID, $0] } }

    fileprivate func hasSerial(of lost: CardIdentity.USB?) -> Bool { model != nil && model == lost?.model }

    /// An equal device at the same port, as far as serials do not tell the two apart.
    fileprivate func isInPlace(of lost: CardIdentity.USB) -> Bool {
        vendorID == lost.vendorID && productID == lost.productID && port == lost.port
            && (serial == nil || lost.serial == nil)
    }
}
