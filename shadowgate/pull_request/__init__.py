"""What a pull request shows of one or several runs: annotations, a summary and one comment."""
