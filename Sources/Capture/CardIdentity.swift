/// Which sound card a device is on, by what stays the same when it is plugged in again (CAP-6).
public struct CardIdentity: Hashable, Sendable {
    public struct USB: Hashable, Sendable {
        /// Four hexadecimal digits.
        public var vendorID: String
        public var productID: String
        /// What the maker wrote into it; nil for none, and for one that another card has too.
        public var serial: String?
        /// Where it is plugged in, as the kernel names the place: bus and ports, `1-1.4`.
        public var port: String

        public init(vendorID: String, productID: String, serial: String?, port: String) {
            self.vendorID = vendorID
            self.productID = productID
            self.serial = serial
            self.port = port
        }
    }

    /// ALSA's short name: `PCH`, `Loopback`. Of equal USB devices, each gets the next one that is free.
    public var cardID: String
    /// Nil for a card that is not on USB.
    public var usb: USB?

    public init(cardID: String, usb: USB? = nil) {
        self.cardID = cardID
        self.usb = usb
    }
}

extension CardIdentity: CustomStringConvertible {
    public var description: String {
        guard let usb else { return "card \(cardID)" }
        let serial = usb.serial.map { ", serial \($0)" } ?? ""
        return "USB device \(usb.vendorID):\(usb.productID)\(serial) at port \(usb.port)"
    }
}

/// A sound card under the number that it has now.
public struct SoundCard: Hashable, Sendable {
    public var number: Int
    public var identity: CardIdentity

    public init(number: Int, identity: CardIdentity) {
        self.number = number
        self.identity = identity
    }
}
