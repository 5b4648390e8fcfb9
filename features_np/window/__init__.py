"""What a stream keeps of its window, frame by frame, and the statistics of its movement."""
