"""What was before a row in its series: windows, the step between rows, and what they come to."""
