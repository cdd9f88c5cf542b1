/* Only ever loaded with LD_PRELOAD; nothing is called from Swift. */
