import Capture
import Testing

@Suite struct CaptureErrorTests {
    @Test func `Each error is one sentence that names the fix`() {
        #expect(
            CaptureError.noSuchDevice(name: "hw:9", reason: "No such device").description
                == "cannot open hw:9 (No such device): choose a device from 'tapeline devices' with --device"
        )
        #expect(
            CaptureError.busy(name: "hw:1").description
                == "hw:1 is in use by another program: stop that program, or choose another device with --device"
        )
        #expect(
            CaptureError.permission(name: "hw:1").description
                == "no permission to open hw:1: add this user to the group 'audio'"
        )
        #expect(
            CaptureError.system(call: "pthread_create", code: 11).description
                == "pthread_create failed with error 11: check the limits of this process"
        )
        #expect(
            CaptureError.device(name: "x", call: "snd_pcm_start", reason: "Broken pipe").description
                == "x failed in snd_pcm_start (Broken pipe): check the device and its ALSA configuration"
        )
    }

    // CAP-1: only a bare device converts nothing by itself.
    @Test func `Only a bare hardware device is advised to be converted`() {
        let bare = CaptureError.notOffered(
            name: "hw:2,0",
            asked: "44100 Hz",
            offered: "16000 and 48000",
            option: "--rate 48000"
        )
        #expect(
            bare.description
                == "hw:2,0 does not offer 44100 Hz (it offers 16000 and 48000): use --rate 48000, or plughw:2,0 to convert"
        )
        let other = CaptureError.notOffered(name: "pulse", asked: "a", offered: "b", option: "--c")
        #expect(other.description == "pulse does not offer a (it offers b): use --c")
    }

    @Test func `What may work later without a change is marked so`() {
        #expect(CaptureError.busy(name: "x").isRetryable)
        #expect(CaptureError.noSuchDevice(name: "x", reason: "").isRetryable)
        #expect(!CaptureError.permission(name: "x").isRetryable)
        #expect(!CaptureError.system(call: "x", code: 1).isRetryable)
    }
}
