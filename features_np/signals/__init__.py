"""Operations on signals in the time domain."""
