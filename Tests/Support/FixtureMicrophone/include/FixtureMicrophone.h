/* The plugin's entry point is found by name through dlsym; nothing is called from Swift. */
