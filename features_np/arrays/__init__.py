"""Operations on arrays of any content."""
