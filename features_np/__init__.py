"""librosa's MFCC, chroma and tempo on NumPy and SciPy's FFT alone, in batch and exactly streaming."""
