// FrameRing
