// RecordingExport
