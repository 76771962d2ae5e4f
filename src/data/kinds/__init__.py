"""How values are written, and what they are to a model: numbers, dates, words for true."""
