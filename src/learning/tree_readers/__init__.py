"""The trees of a fitted estimator as plain numbers, a reader for each library."""
