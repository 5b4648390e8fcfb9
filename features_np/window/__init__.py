"""What a stream keeps of its window, frame by frame."""
