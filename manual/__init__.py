"""What of docs/reference is written by the program itself, so that it says what is true."""
